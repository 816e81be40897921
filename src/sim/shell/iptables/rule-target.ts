/** `-j` and `-g`, and the options of the targets that the simulator carries out (iptables-extensions(8)). */
import { familyOf, parseIp, type IpFamily } from '../../../model/ip-family.ts';
import type { Ip, Ipv4 } from '../../../model/ip.ts';
import { LOG_WARNING, REJECTED_WITH } from '../../net/netfilter-print.ts';
import type { PortRange, Target } from '../../net/netfilter-rules.ts';
import { TARGETS } from './honoured.ts';
import {
  isNumber,
  portOf,
  UNEVALUATED,
  unknownOption,
  UNSET,
  type Draft,
  type Option,
} from './rule-draft.ts';

const SIMPLE: ReadonlyMap<string, Target<Ip>> = new Map<string, Target<Ip>>([
  ['ACCEPT', { kind: 'accept' }],
  ['DROP', { kind: 'drop' }],
  ['REJECT', { kind: 'reject' }],
  ['RETURN', { kind: 'return' }],
  ['NOTRACK', { kind: 'notrack' }],
  ['LOG', { kind: 'log', prefix: '', level: LOG_WARNING }],
  ['MASQUERADE', { kind: 'masquerade' }],
  ['SNAT', { kind: 'snat', to: UNSET as Ipv4 }],
  ['DNAT', { kind: 'dnat', to: UNSET as Ipv4 }],
  ['MARK', { kind: 'mark', value: 0, mask: 0xffffffff }],
]);

const REAL_TARGETS = new Set(['CT', 'TPROXY', 'REDIRECT', 'TCPMSS', 'CONNMARK', 'QUEUE', 'NFQUEUE', 'SET']);

export function readTarget(isGoto: boolean): Option['read'] {
  return (draft, name) => {
    if (name.length > 28) return `Invalid target name (28 chars max)`;
    if (REAL_TARGETS.has(name)) return `target "${name}" ${UNEVALUATED}: ${TARGETS.join(', ')} are`;
    const target = isGoto ? undefined : SIMPLE.get(name);
    draft.target = target ?? { kind: 'jump', chain: name, ...(isGoto && { goto: true }) };
    return undefined;
  };
}

/** Options of the target that has been named. */
export function targetOption({ target }: Draft, word: string): Option | undefined {
  switch (target?.kind) {
    case 'snat':
    case 'masquerade':
      return sourceOption(target, word);
    case 'dnat':
      return word === '--to-destination' ? { read: readTranslation } : undefined;
    case 'log':
      return word === '--log-prefix' || word === '--log-level' ? { read: readLog(word) } : undefined;
    case 'reject':
      return word === '--reject-with' ? { read: readRejection } : undefined;
    case 'mark':
      return /^--set-x?mark$/.test(word) ? { read: readSetMark(word === '--set-mark') } : undefined;
    default:
      return undefined;
  }
}

function sourceOption(
  target: Extract<Target<Ip>, { kind: 'snat' | 'masquerade' }>,
  word: string,
): Option | undefined {
  if (word === '--random-fully')
    return { takes: 0, read: (draft) => void (draft.target = { ...target, randomFully: true }) };
  if (target.kind === 'masquerade') return word === '--to-ports' ? { read: readMasqueradePorts } : undefined;
  return word === '--to-source' ? { read: readTranslation } : undefined;
}

function readLog(option: '--log-prefix' | '--log-level'): Option['read'] {
  return (draft, value) => {
    if (draft.target?.kind !== 'log') return unknownOption(option);
    if (option === '--log-prefix') {
      if (value.length > LONGEST_LOG_PREFIX) return `LOG: option "--log-prefix" is limited to 29 characters`;
      draft.target = { ...draft.target, prefix: value };
      return undefined;
    }
    const named = LOG_LEVELS.findIndex((level) => level === value.toLowerCase());
    const level = /^[0-7]$/.test(value) ? Number(value) : named;
    if (level < 0) return `log-level "${value}" unknown`;
    draft.target = { ...draft.target, level };
    return undefined;
  };
}

const LONGEST_LOG_PREFIX = 29;
const LOG_LEVELS = ['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug'];

function readRejection({ family }: Draft, value: string): string | undefined {
  if (value.startsWith('icmp6-') !== (family === 6)) return `unknown reject type "${value}"`;
  return value === REJECTED_WITH[family] ? undefined : `"--reject-with ${value}" ${UNEVALUATED}`;
}

/** `99` or `99-100`, for the protocols that have ports; otherwise what is wrong. */
function spanOf({ protocol }: Draft, text: string): PortRange | string {
  if (protocol === undefined || !WITH_PORTS.has(protocol))
    return 'Need TCP, UDP, SCTP or DCCP with port specification';
  const [first, last = first] = text.split('-').map((word) => portOf(word, ''));
  if (first === undefined || last === undefined || text.split('-').length > 2)
    return `Port \`${text}' not valid`;
  return first > last ? `Port range \`${text}' funky` : { first, last };
}

const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132]);

function readMasqueradePorts(draft: Draft, text: string): string | undefined {
  const ports = spanOf(draft, text);
  if (typeof ports === 'string') return ports;
  if (draft.target?.kind === 'masquerade') draft.target = { ...draft.target, ports };
  return undefined;
}

/** `10.0.0.1:80`, `[fd00::1]:80`; IPv6 needs the brackets only before a port. */
const END = /^(?<bare>[^:]*)(?::(?<port>.*))?$/;
const END6 = /^(?:\[(?<literal>[^\]]*)\](?::(?<port>.*))?|(?<bare>.*))$/;

function endOf(text: string, family: IpFamily): { readonly host: string; readonly port?: string } {
  const { literal, bare = '', port } = (family === 6 ? END6 : END).exec(text)?.groups ?? {};
  return { host: literal ?? bare, ...(port === undefined ? {} : { port }) };
}

function readTranslation(draft: Draft, text: string): string | undefined {
  const { host, port } = endOf(text, draft.family);
  const to = parseIp(host);
  if (to === undefined || familyOf(to) !== draft.family) return `Bad IP address "${host}"`;
  if (draft.target?.kind === 'snat') {
    const ports = port === undefined ? undefined : spanOf(draft, port);
    if (typeof ports === 'string') return ports;
    draft.target = { ...draft.target, to, ...(ports && { ports }) };
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
