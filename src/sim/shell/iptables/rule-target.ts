/** `-j` and `-g`, and the options of the targets that the simulator carries out (iptables-extensions(8)). */
import { parseIpv4, type Cidr } from '../../../model/ip.ts';
import { LOG_WARNING } from '../../net/netfilter-print.ts';
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

const SIMPLE: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['ACCEPT', { kind: 'accept' }],
  ['DROP', { kind: 'drop' }],
  ['REJECT', { kind: 'reject' }],
  ['RETURN', { kind: 'return' }],
  ['NOTRACK', { kind: 'notrack' }],
  ['LOG', { kind: 'log', prefix: '', level: LOG_WARNING }],
  ['MASQUERADE', { kind: 'masquerade' }],
  ['SNAT', { kind: 'snat', to: UNSET as Cidr['base'] }],
  ['DNAT', { kind: 'dnat', to: UNSET as Cidr['base'] }],
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
  target: Extract<Target, { kind: 'snat' | 'masquerade' }>,
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

const readRejection = (_: Draft, value: string): string | undefined =>
  value === 'icmp-port-unreachable' ? undefined : `"--reject-with ${value}" ${UNEVALUATED}`;

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

function readTranslation(draft: Draft, text: string): string | undefined {
  const [host = '', port] = text.split(':');
  const to = parseIpv4(host);
  if (to === undefined) return `Bad IP address "${host}"`;
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
