/**
 * A rule as it is typed after `iptables -A CHAIN`: the built-in matches, the match extensions and the targets that the
 * simulator evaluates. Options and complaints: iptables-extensions(8), compared with iptables 1.8.9 (nf_tables); what is real
 * but not evaluated is refused in plain words.
 */
import { err, ok } from '../../../base/result.ts';
import {
  addressBits,
  familyOf,
  ipCidrOf,
  parseIp,
  type IpCidr,
  type IpFamily,
} from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import { PROTOCOL_NAMES } from '../../net/netfilter-print.ts';
import {
  SET_DIRECTIONS,
  type CtState,
  type Match,
  type PortRange,
  type Rule,
} from '../../net/netfilter-rules.ts';
import type { Parsed } from '../network/complaint.ts';
import { MATCHES } from './honoured.ts';
import { parseIcmp } from './icmp-names.ts';
import {
  isNumber,
  needs,
  negation,
  portOf,
  UNEVALUATED,
  unknownOption,
  UNSET,
  type Draft,
  type Option,
} from './rule-draft.ts';
import { RECENT_OPTIONS } from './recent.ts';
import { readTarget, targetOption } from './rule-target.ts';
import { misuse } from './tool.ts';

/** Reads all words. */
export function parseRule(words: readonly string[], family: IpFamily): Parsed<Rule<Ip>> {
  const draft: Draft = {
    family,
    matches: [],
    protocol: undefined,
    negate: false,
    modules: new Set(),
    comments: [],
    commentAfter: false,
    target: undefined,
  };
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '!') {
      draft.negate = true;
      continue;
    }
    if (!word.startsWith('-')) return err(plain(`Bad argument \`${word}'`));
    const option = OPTIONS.get(word) ?? targetOption(draft, word);
    if (!option) return err(misuse(unknownOption(word)));
    const count = option.takes ?? 1;
    const [value = '', second = ''] = words.slice(at + 1, at + 1 + count);
    if (at + count >= words.length) return err(misuse(`option "${word}" requires an argument`));
    at += count;
    const problem = option.read(draft, value, second);
    if (problem !== undefined) return err(misuse(problem));
    draft.negate = false;
  }
  return finished(draft);
}

function finished(draft: Draft): Parsed<Rule<Ip>> {
  const { target = { kind: 'none' } as const, matches, comments, commentAfter } = draft;
  if (target.kind === 'snat' || target.kind === 'dnat') {
    if (target.to === UNSET)
      return err(
        misuse(`option "--to-${target.kind === 'snat' ? 'source' : 'destination'}" must be specified`),
      );
  }
  const [comment, ...remarks] = comments;
  return ok({
    matches,
    target,
    ...(comment !== undefined && { comment }),
    ...(remarks.length > 0 && { remarks }),
    ...(commentAfter && { commentLast: true }),
  });
}

const plain = (text: string): { readonly status: number; readonly message: string } => ({
  status: 2,
  message: `${text}\nTry \`iptables -h' or 'iptables --help' for more information.`,
});

const OPTIONS: ReadonlyMap<string, Option> = new Map<string, Option>([
  ...alike(['-p', '--protocol', '--proto'], { read: readProtocol }),
  ...alike(['-s', '--source', '--src'], { read: readAddress('source') }),
  ...alike(['-d', '--destination', '--dst'], { read: readAddress('destination') }),
  ...alike(['-i', '--in-interface'], { read: readDevice('in-interface') }),
  ...alike(['-o', '--out-interface'], { read: readDevice('out-interface') }),
  ...alike(['-m', '--match'], { read: readModule }),
  ...alike(['-j', '--jump'], { read: readTarget(false) }),
  ...alike(['-g', '--goto'], { read: readTarget(true) }),
  ...alike(['--dport', '--destination-port'], { read: readPort('destination-port') }),
  ...alike(['--sport', '--source-port'], { read: readPort('source-port') }),
  ...alike(['--dports', '--destination-ports'], { read: needs('multiport', readPorts('destination')) }),
  ...alike(['--sports', '--source-ports'], { read: needs('multiport', readPorts('source')) }),
  ['--ports', { read: needs('multiport', readPorts('either')) }],
  ['--icmp-type', { read: readIcmpType(4) }],
  ['--icmpv6-type', { read: readIcmpType(6) }],
  ['--comment', { read: (draft, value) => void draft.comments.push(value) }],
  ['--match-set', { takes: 2, read: needs('set', readSet) }],
  ['--src-type', { read: needs('addrtype', readAddressType('src')) }],
  ['--dst-type', { read: needs('addrtype', readAddressType('dst')) }],
  ['--limit-iface-out', { takes: 0, read: needs('addrtype', limitOut) }],
  ['--mark', { read: needs('mark', readMark) }],
  ['--ctstate', { read: needs('conntrack', readState) }],
  [
    '--mode',
    {
      read: needs('statistic', (_, value) =>
        value === 'random' ? undefined : `statistic mode "${value}" ${UNEVALUATED}`,
      ),
    },
  ],
  ['--probability', { read: needs('statistic', readProbability) }],
  [
    '--nfacct-name',
    { read: needs('nfacct', (draft, name) => void draft.matches.push({ kind: 'nfacct', name })) },
  ],
  ...RECENT_OPTIONS,
  ['--validmark', { takes: 0, read: needs('rpfilter', () => undefined) }],
  [
    '--invert',
    {
      takes: 0,
      read: needs('rpfilter', (draft) => void draft.matches.push({ kind: 'rpfilter', not: true })),
    },
  ],
]);

function alike(names: readonly string[], option: Option): readonly (readonly [string, Option])[] {
  return names.map((name) => [name, option] as const);
}

function readProtocol(draft: Draft, value: string): string | undefined {
  const wanted = value.toLowerCase() === 'icmpv6' ? 'ipv6-icmp' : value.toLowerCase();
  const named = [...PROTOCOL_NAMES].find(([, name]) => name === wanted)?.[0];
  const number = value === 'all' ? 0 : (named ?? (/^\d{1,3}$/.test(value) ? Number(value) : undefined));
  if (number === undefined || number > 255) return `unknown protocol "${value}" specified`;
  if (number === 0) return undefined;
  draft.protocol = number;
  draft.matches.push({ kind: 'protocol', protocol: number, ...negation(draft) });
  return undefined;
}

function readAddress(kind: 'source' | 'destination'): Option['read'] {
  return (draft, value) => {
    const prefix = prefixOf(value, draft.family);
    if (!prefix) return `host/network \`${value}' not found`;
    if (prefix.length > 0) draft.matches.push({ kind, cidr: prefix, ...negation(draft) });
    return undefined;
  };
}

/** Host bits are cleared, as iptables does. */
function prefixOf(text: string, family: IpFamily): IpCidr | undefined {
  const [address = '', length] = text.split('/');
  const base = parseIp(address);
  if (base === undefined || familyOf(base) !== family) return undefined;
  const bits = addressBits(base);
  const wanted = length ?? String(bits);
  if (!/^\d{1,3}$/.test(wanted) || Number(wanted) > bits) return undefined;
  return ipCidrOf(base, Number(wanted));
}

function readDevice(kind: 'in-interface' | 'out-interface'): Option['read'] {
  return (draft, name) => {
    if (name.length > 15) return `interface name \`${name}' must be shorter than IFNAMSIZ (15)`;
    draft.matches.push({ kind, name, ...negation(draft) });
    return undefined;
  };
}

function readModule(draft: Draft, name: string): string | undefined {
  if (!(MATCHES as readonly string[]).includes(name)) {
    return `Couldn't load match \`${name}':No such file or directory (the simulator evaluates ${MATCHES.join(', ')})`;
  }
  draft.modules.add(name);
  if (name === 'comment' && draft.matches.some(({ kind }) => EXTENSIONS.has(kind))) draft.commentAfter = true;
  return undefined;
}

const EXTENSIONS: ReadonlySet<Match['kind']> = new Set([
  'destination-port',
  'source-port',
  'ports',
  'icmp-type',
  'ipset',
  'addrtype',
  'mark',
  'ctstate',
  'rpfilter',
  'probability',
  'nfacct',
  'recent',
]);

const TRANSPORTS: ReadonlyMap<number, string> = new Map([
  [6, 'tcp'],
  [17, 'udp'],
  [33, 'dccp'],
  [132, 'sctp'],
  [136, 'udplite'],
]);

function readPort(kind: 'destination-port' | 'source-port'): Option['read'] {
  return (draft, value) => {
    const transport = TRANSPORTS.get(draft.protocol ?? 0);
    if (transport === undefined) return unknownOption(kind === 'destination-port' ? '--dport' : '--sport');
    const range = rangeOf(value, transport);
    if (range === undefined) return `invalid port/service \`${value}' specified`;
    const { first, last } = range;
    if (first > last) return 'invalid portrange (min > max)';
    draft.matches.push({ kind, port: first, ...(last !== first && { last }), ...negation(draft) });
    return undefined;
  };
}

/** `80`, `http`, `80:90`, `:90` or `80:`. */
function rangeOf(text: string, transport: string): PortRange | undefined {
  const [low = '', high] = text.split(':');
  const first = low === '' && high !== undefined ? 0 : portOf(low, transport);
  const last = high === undefined ? first : high === '' ? 65535 : portOf(high, transport);
  return first === undefined || last === undefined || text.split(':').length > 2
    ? undefined
    : { first, last };
}

function readPorts(side: 'source' | 'destination' | 'either'): Option['read'] {
  return (draft, value) => {
    const transport = TRANSPORTS.get(draft.protocol ?? 0);
    if (transport === undefined) {
      return "multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'";
    }
    const ranges: PortRange[] = [];
    for (const word of value.split(',')) {
      const range = rangeOf(word, transport);
      if (range === undefined) return `invalid port/service \`${word}' specified`;
      if (range.first > range.last) return 'invalid portrange specified';
      ranges.push(range);
    }
    const slots = ranges.reduce((sum, { first, last }) => sum + (first === last ? 1 : 2), 0);
    if (slots > MOST_PORTS) return 'too many ports specified';
    draft.matches.push({ kind: 'ports', side, ranges, ...negation(draft) });
    return undefined;
  };
}

/** XT_MULTI_PORTS; a range takes two. */
const MOST_PORTS = 15;

function readIcmpType(family: IpFamily): Option['read'] {
  return (draft, value) => {
    if (draft.family !== family || draft.protocol !== ICMP[family])
      return unknownOption(family === 4 ? '--icmp-type' : '--icmpv6-type');
    const wanted = parseIcmp(value, family);
    if (!wanted) return `Unknown ICMP${family === 4 ? '' : 'v6'} type \`${value}'`;
    draft.matches.push({ kind: 'icmp-type', ...wanted, ...negation(draft) });
    return undefined;
  };
}

const ICMP = { 4: 1, 6: 58 } as const;

function readSet(draft: Draft, set: string, direction: string): string | undefined {
  const known = SET_DIRECTIONS.find((each) => each === direction);
  if (known === undefined) return "You must spefify (the comma separated list of) 'src' or 'dst'.";
  draft.matches.push({ kind: 'ipset', set, direction: known, ...negation(draft) });
  return undefined;
}

function readAddressType(side: 'src' | 'dst'): Option['read'] {
  return (draft, value) => {
    if (value !== 'LOCAL') return `address type "${value}" ${UNEVALUATED}: LOCAL is`;
    draft.matches.push({ kind: 'addrtype', side, type: 'LOCAL', ...negation(draft) });
    return undefined;
  };
}

function limitOut(draft: Draft): string | undefined {
  const at = draft.matches.findLastIndex(({ kind }) => kind === 'addrtype');
  const match = draft.matches[at];
  if (match?.kind !== 'addrtype') return '"--limit-iface-out" stands after --src-type or --dst-type';
  draft.matches[at] = { ...match, limitIfaceOut: true };
  return undefined;
}

function readMark(draft: Draft, text: string): string | undefined {
  const [value = '', mask = '0xffffffff'] = text.split('/');
  if (!isNumber(value) || !isNumber(mask)) return `bad mark value "${text}"`;
  draft.matches.push({ kind: 'mark', value: Number(value), mask: Number(mask), ...negation(draft) });
  return undefined;
}

const STATES: readonly CtState[] = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED', 'SNAT', 'DNAT'];

function readState(draft: Draft, text: string): string | undefined {
  const states = text.split(',').map((word) => STATES.find((state) => state === word.toUpperCase()));
  const known = states.filter((state) => state !== undefined);
  if (known.length < states.length) return `Bad ctstate "${text}"`;
  draft.matches.push({ kind: 'ctstate', states: known, ...negation(draft) });
  return undefined;
}

function readProbability(draft: Draft, text: string): string | undefined {
  const probability = Number(text);
  if (text === '' || !(probability >= 0 && probability <= 1))
    return `bad value for option "--probability" near "${text}"`;
  draft.matches.push({ kind: 'probability', probability });
  return undefined;
}
