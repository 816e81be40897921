/**
 * A rule as it is typed after `iptables -A CHAIN`: the built-in matches, the match extensions and the targets that the
 * simulator evaluates. Options and complaints: iptables-extensions(8), compared with iptables 1.8.9 (nf_tables); what is real
 * but not evaluated is refused in plain words.
 */
import { err, ok } from '../../../base/result.ts';
import { parseIpv4, type Cidr } from '../../../model/ip.ts';
import { PROTOCOL_NAMES } from '../../net/netfilter-print.ts';
import type { CtState, Match, Rule, Target } from '../../net/netfilter-rules.ts';
import type { Parsed } from '../network/complaint.ts';
import { servicePort } from '../network/services.ts';
import { MATCHES, TARGETS } from './honoured.ts';
import { misuse } from './tool.ts';

/** What has been read of a rule so far. */
interface Draft {
  readonly matches: Match[];
  protocol: number | undefined;
  negate: boolean;
  modules: Set<string>;
  comments: string[];
  commentAfter: boolean;
  target: Target | undefined;
}

interface Option {
  /** How many words follow; 1 unless said. */
  readonly takes?: 0 | 2;
  /** What is wrong with them. */
  readonly read: (draft: Draft, value: string, second: string) => string | undefined;
}

/** Reads all words; a rule without target counts packets only, which is not simulated. */
export function parseRule(words: readonly string[]): Parsed<Rule> {
  const draft: Draft = {
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

function finished(draft: Draft): Parsed<Rule> {
  const { target, matches, comments, commentAfter } = draft;
  if (!target) return err(misuse('a rule without -j only counts packets, which the simulator does not do'));
  if (target.kind === 'snat' || target.kind === 'dnat') {
    if (target.to === UNSET)
      return err(
        misuse(`option "--to-${target.kind === 'snat' ? 'source' : 'destination'}" must be specified`),
      );
  }
  const [comment, remark] = comments;
  return ok({
    matches,
    target,
    ...(comment !== undefined && { comment }),
    ...(remark !== undefined && { remark }),
    ...(commentAfter && { commentLast: true }),
  });
}

const UNSET = 0;
const plain = (text: string): { readonly status: number; readonly message: string } => ({
  status: 2,
  message: `${text}\nTry \`iptables -h' or 'iptables --help' for more information.`,
});

const unknownOption = (word: string): string => `unknown option "${word}"`;

const UNEVALUATED = 'is a real one that the simulator does not evaluate';

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
  ...alike(['--dports', '--destination-ports'], { read: readMultiport }),
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

/** An option of an extension that -m has not named is unknown. */
function needs(module: string, read: Option['read']): Option['read'] {
  return (draft, value, second) =>
    draft.modules.has(module) ? read(draft, value, second) : `an option of "-m ${module}" stands before it`;
}

const negation = (draft: Draft): { readonly not?: true } => (draft.negate ? { not: true } : {});

function readProtocol(draft: Draft, value: string): string | undefined {
  const named = [...PROTOCOL_NAMES].find(([, name]) => name === value.toLowerCase())?.[0];
  const number = value === 'all' ? 0 : (named ?? (/^\d{1,3}$/.test(value) ? Number(value) : undefined));
  if (number === undefined || number > 255) return `unknown protocol "${value}" specified`;
  if (number === 0) return undefined;
  draft.protocol = number;
  draft.matches.push({ kind: 'protocol', protocol: number, ...negation(draft) });
  return undefined;
}

function readAddress(kind: 'source' | 'destination'): Option['read'] {
  return (draft, value) => {
    const prefix = prefixOf(value);
    if (!prefix) return `host/network \`${value}' not found`;
    if (prefix.length > 0) draft.matches.push({ kind, cidr: prefix, ...negation(draft) });
    return undefined;
  };
}

/** Host bits are cleared, as iptables does. */
function prefixOf(text: string): Cidr | undefined {
  const [address = '', length = '32'] = text.split('/');
  const base = parseIpv4(address);
  if (base === undefined || !/^\d{1,2}$/.test(length) || Number(length) > 32) return undefined;
  const mask = length === '0' ? 0 : -1 << (32 - Number(length));
  return { base: ((base & mask) >>> 0) as Cidr['base'], length: Number(length) };
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
  'ipset',
  'addrtype',
  'mark',
  'ctstate',
  'rpfilter',
  'probability',
]);

const TRANSPORTS: ReadonlyMap<number, string> = new Map([
  [6, 'tcp'],
  [17, 'udp'],
  [132, 'sctp'],
]);

function readPort(kind: 'destination-port' | 'source-port'): Option['read'] {
  return (draft, value) => {
    const transport = TRANSPORTS.get(draft.protocol ?? 0);
    if (transport === undefined) return unknownOption(kind === 'destination-port' ? '--dport' : '--sport');
    const port = portOf(value, transport);
    if (port === undefined) {
      return value.includes(':') || draft.negate
        ? `a port range, or "!" before a port, ${UNEVALUATED}`
        : `invalid port/service \`${value}' specified`;
    }
    draft.matches.push({ kind, port });
    return undefined;
  };
}

function portOf(text: string, transport: string): number | undefined {
  if (!/^\d+$/.test(text)) return servicePort(text, transport);
  return Number(text) <= 65535 ? Number(text) : undefined;
}

function readMultiport(draft: Draft, value: string): string | undefined {
  const transport = TRANSPORTS.get(draft.protocol ?? 0);
  if (transport === undefined) {
    return "multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'";
  }
  const port = portOf(value, transport);
  if (port === undefined) return `a list of ports ${UNEVALUATED}: give one`;
  draft.matches.push({ kind: 'destination-port', port, multiport: true });
  return undefined;
}

function readSet(draft: Draft, set: string, direction: string): string | undefined {
  if (direction !== 'src' && direction !== 'dst')
    return `--match-set takes src or dst after the name of the set, not "${direction}"`;
  draft.matches.push({ kind: 'ipset', set, direction, ...negation(draft) });
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

const isNumber = (text: string): boolean => /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text);

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

const SIMPLE: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['ACCEPT', { kind: 'accept' }],
  ['DROP', { kind: 'drop' }],
  ['REJECT', { kind: 'reject' }],
  ['RETURN', { kind: 'return' }],
  ['NOTRACK', { kind: 'notrack' }],
  ['MASQUERADE', { kind: 'masquerade' }],
  ['SNAT', { kind: 'snat', to: UNSET as Cidr['base'] }],
  ['DNAT', { kind: 'dnat', to: UNSET as Cidr['base'] }],
  ['MARK', { kind: 'mark', value: 0, mask: 0xffffffff }],
]);

const REAL_TARGETS = new Set([
  'LOG',
  'CT',
  'TPROXY',
  'REDIRECT',
  'TCPMSS',
  'CONNMARK',
  'QUEUE',
  'NFQUEUE',
  'SET',
]);

function readTarget(isGoto: boolean): Option['read'] {
  return (draft, name) => {
    if (name.length > 28) return `Invalid target name (28 chars max)`;
    if (REAL_TARGETS.has(name)) return `target "${name}" ${UNEVALUATED}: ${TARGETS.join(', ')} are`;
    const target = isGoto ? undefined : SIMPLE.get(name);
    draft.target = target ?? { kind: 'jump', chain: name, ...(isGoto && { goto: true }) };
    return undefined;
  };
}

/** Options of the target that has been named. */
function targetOption({ target }: Draft, word: string): Option | undefined {
  switch (target?.kind) {
    case 'snat':
    case 'masquerade':
      if (word === '--random-fully')
        return { takes: 0, read: (draft) => void (draft.target = { ...target, randomFully: true }) };
      return word === '--to-source' && target.kind === 'snat' ? { read: readTranslation } : undefined;
    case 'dnat':
      return word === '--to-destination' ? { read: readTranslation } : undefined;
    case 'reject':
      return word === '--reject-with' ? { read: readRejection } : undefined;
    case 'mark':
      return /^--set-x?mark$/.test(word) ? { read: readSetMark(word === '--set-mark') } : undefined;
    default:
      return undefined;
  }
}

const readRejection = (_: Draft, value: string): string | undefined =>
  value === 'icmp-port-unreachable' ? undefined : `"--reject-with ${value}" ${UNEVALUATED}`;

function readTranslation(draft: Draft, text: string): string | undefined {
  const [host = '', port] = text.split(':');
  const to = parseIpv4(host);
  if (to === undefined) return `Bad IP address "${host}"`;
  if (draft.target?.kind === 'snat') {
    if (port !== undefined) return `a port range of SNAT ${UNEVALUATED}`;
    draft.target = { ...draft.target, to };
    return undefined;
  }
  if (port !== undefined && portOf(port, '') === undefined) return `Port \`${port}' not valid`;
  draft.target = { kind: 'dnat', to, ...(port !== undefined && { port: Number(port) }) };
  return undefined;
}

/** --set-mark ORs what the mask leaves; --set-xmark XORs (libxt_MARK.c). */
function readSetMark(isOr: boolean): Option['read'] {
  return (draft, text) => {
    const [value = '', mask = '0xffffffff'] = text.split('/');
    if (!isNumber(value) || !isNumber(mask)) return `bad mark value "${text}"`;
    const bits = Number(value);
    draft.target = { kind: 'mark', value: bits, mask: isOr ? (bits | Number(mask)) >>> 0 : Number(mask) };
    return undefined;
  };
}
