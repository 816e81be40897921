/**
 * `ss` of iproute2 6.1: the sockets of this stack, in its columns. Flags and layout compared with the real tool; filters are
 * `state NAME` and `sport`/`dport` with `=`. -p names the program where it is known, with
 * numbers that stand in for those of its process.
 */
import type { Command, CommandIo } from '../command.ts';
import {
  flagWords,
  helpText,
  isGiven,
  notSimulated,
  parseFlags,
  type FlagTable,
  type Flags,
} from '../network/flags.ts';
import { serviceName } from '../network/services.ts';
import {
  isInet6,
  socketsOf,
  type Endpoint,
  type Process,
  type SocketRow,
  type SocketState,
} from './sockets.ts';
import { layOut, type Column } from './table.ts';

/** Flags of the real tool; the refused ones ask for what no socket of the simulator has. */
export const SS: FlagTable = {
  tool: 'ss',
  usage: 'ss [ OPTIONS ] [ state STATE ] [ EXPRESSION ]',
  provenance: 'ss(8), iproute2 6.1; columns and texts compared with the real tool',
  flags: [
    { short: 'h', long: 'help', about: 'this message' },
    { short: 'V', long: 'version', about: 'output version information' },
    { short: 'n', long: 'numeric', about: "don't resolve service names" },
    { short: 'r', long: 'resolve', about: 'resolve host names', support: 'ignored' },
    { short: 'a', long: 'all', about: 'display all sockets' },
    { short: 'l', long: 'listening', about: 'display listening sockets' },
    { short: 'p', long: 'processes', about: 'show process using socket' },
    { short: 's', long: 'summary', about: 'show socket usage summary' },
    { short: '4', long: 'ipv4', about: 'display only IP version 4 sockets' },
    { short: '6', long: 'ipv6', about: 'display only IP version 6 sockets' },
    { short: 't', long: 'tcp', about: 'display only TCP sockets' },
    { short: 'u', long: 'udp', about: 'display only UDP sockets' },
    { short: 'x', long: 'unix', about: 'display only Unix domain sockets (a lab has none)' },
    { short: 'w', long: 'raw', about: 'display only RAW sockets (a lab has none)' },
    { short: 'H', long: 'no-header', about: 'suppress header line' },
    { short: 'O', long: 'oneline', about: "socket's data printed on a single line", support: 'ignored' },
    { short: 'o', long: 'options', about: 'show timer information', support: 'refused' },
    { short: 'e', long: 'extended', about: 'show detailed socket information', support: 'refused' },
    { short: 'm', long: 'memory', about: 'show socket memory usage', support: 'refused' },
    { short: 'i', long: 'info', about: 'show internal TCP information', support: 'refused' },
    { short: 'K', long: 'kill', about: 'forcibly close sockets', support: 'refused' },
    { short: 'E', long: 'events', about: 'display sockets as they are destroyed', support: 'refused' },
  ],
};

export const ss: Command = {
  name: 'ss',
  summary: 'sockets that listen or are connected',
  places: ['node', 'router', 'host', 'pod'],
  run,
  complete: () => [...flagWords(SS), 'state'],
};

async function run(io: CommandIo): Promise<number> {
  const flags = parseFlags(io.args, SS);
  if (!flags.ok) {
    const { kind, flag } = flags.error;
    const text =
      kind === 'refused'
        ? notSimulated(SS, flag)
        : `ss: ${flag.startsWith('--') ? `unrecognized option '${flag}'` : `invalid option -- '${flag.slice(1)}'`}\n${helpText(SS)}`;
    await io.stderr.write(`${text}\n`);
    return 255;
  }
  const given = flags.value;
  if (isGiven(given, 'h')) return print(io, `${helpText(SS)}\n`);
  if (isGiven(given, 'V')) return print(io, 'ss utility, iproute2-6.1.0\n');
  if (isGiven(given, 's')) return print(io, summaryText(socketsOf(io)));
  const filter = readFilter(given.operands);
  if (typeof filter === 'string') {
    await io.stderr.write(`${filter}\n`);
    return 1;
  }
  return print(io, tableText(io, given, filter));
}

async function print(io: CommandIo, text: string): Promise<number> {
  await io.stdout.write(text);
  return 0;
}

interface Filter {
  readonly states: readonly SocketState[] | undefined;
  readonly test: (row: SocketRow) => boolean;
}

const CONNECTED: readonly SocketState[] = ['ESTAB', 'SYN-SENT', 'SYN-RECV', 'FIN-WAIT-1'];
const STATE_NAMES: Readonly<Record<string, readonly SocketState[]>> = {
  all: ['LISTEN', 'UNCONN', ...CONNECTED],
  connected: CONNECTED,
  synchronized: ['ESTAB', 'SYN-RECV', 'FIN-WAIT-1'],
  established: ['ESTAB'],
  'syn-sent': ['SYN-SENT'],
  'syn-recv': ['SYN-RECV'],
  'fin-wait-1': ['FIN-WAIT-1'],
  listening: ['LISTEN'],
  listen: ['LISTEN'],
  closed: ['UNCONN'],
  unconnected: ['UNCONN'],
  'fin-wait-2': [],
  'time-wait': [],
  'close-wait': [],
  'last-ack': [],
  closing: [],
};

/** `state established`, `sport = :179`, `dport = :bgp`; anything else is refused in plain words. */
function readFilter(words: readonly string[]): Filter | string {
  let states: readonly SocketState[] | undefined;
  const tests: ((row: SocketRow) => boolean)[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === 'state') {
      const name = words[(at += 1)] ?? '';
      states = statesNamed(name);
      if (!states) return `ss: wrong state name: ${name}`;
    } else if (word === 'sport' || word === 'dport') {
      if (/^(=|eq)$/.test(words[at + 1] ?? '')) at += 1;
      tests.push(portTest(word, (words[(at += 1)] ?? '').replace(/^:/, '')));
    } else if (!['(', ')', 'and', '&&'].includes(word)) {
      return `ss: "${word}": of filters only \`state NAME\`, \`sport = :PORT\` and \`dport = :PORT\` are simulated`;
    }
  }
  return { states, test: (row) => tests.every((test) => test(row)) };
}

const statesNamed = (name: string): readonly SocketState[] | undefined =>
  Object.hasOwn(STATE_NAMES, name) ? STATE_NAMES[name] : undefined;

const portTest =
  (side: 'sport' | 'dport', wanted: string) =>
  ({ local, peer, protocol }: SocketRow): boolean => {
    const { port } = side === 'sport' ? local : peer;
    return String(port) === wanted || serviceName(port ?? 0, protocol) === wanted;
  };

function tableText(io: CommandIo, flags: Flags, filter: Filter): string {
  const protocols = (['tcp', 'udp'] as const).filter((protocol) => isGiven(flags, protocol[0] ?? ''));
  const wanted = ['x', 'w'].some((flag) => isGiven(flags, flag))
    ? protocols
    : protocols.length > 0
      ? protocols
      : (['tcp', 'udp'] as const);
  const states = filter.states ?? shownStates(flags);
  const rows = socketsOf(io)
    .filter(({ protocol }) => wanted.some((each) => each === protocol))
    .filter(({ state }) => states.includes(state))
    .filter(filter.test)
    .filter(ofFamily(flags))
    .toSorted(
      (a, b) =>
        FAMILY_ORDER.indexOf(a.protocol) - FAMILY_ORDER.indexOf(b.protocol) ||
        Number(isInet6(a)) - Number(isInet6(b)),
    );
  const several = protocols.length !== 1;
  const oneState = states.length === 1;
  const columns = COLUMNS.filter(
    ({ title }) => (several || title !== 'Netid') && (!oneState || title !== 'State'),
  );
  const cells = rows.map((row) => {
    const words = cellsOf(row, isGiven(flags, 'n'), isGiven(flags, 'p'));
    return words.filter((_, at) => columns.includes(COLUMNS[at] ?? NO_COLUMN));
  });
  const screen = io.tty?.columns;
  const lines = layOut(columns, cells, { head: !isGiven(flags, 'H'), screen });
  return lines.map((line) => `${line}\n`).join('');
}

/** -4 and -6; a socket of both is one of IPv6. */
function ofFamily(flags: Flags): (row: SocketRow) => boolean {
  const [four, six] = [isGiven(flags, '4'), isGiven(flags, '6')];
  if (four === six) return () => true;
  return six ? isInet6 : (row) => !isInet6(row);
}

/** Without -a or -l, what is connected; datagram sockets are that too once they have a peer. */
function shownStates(flags: Flags): readonly SocketState[] {
  if (isGiven(flags, 'a')) return ['LISTEN', 'UNCONN', ...CONNECTED];
  return isGiven(flags, 'l') ? ['LISTEN', 'UNCONN'] : CONNECTED;
}

const FAMILY_ORDER = ['udp', 'tcp'];
const NO_COLUMN: Column = { title: '', gap: '' };
const COLUMNS: readonly Column[] = [
  { title: 'Netid', gap: '' },
  { title: 'State', gap: ' ' },
  { title: 'Recv-Q', gap: ' ' },
  { title: 'Send-Q', gap: ' ' },
  { title: 'Local Address:', gap: ' ', right: true },
  { title: 'Port', gap: '' },
  { title: 'Peer Address:', gap: ' ', right: true },
  { title: 'Port', gap: '' },
  { title: 'Process', gap: '' },
];

function cellsOf(row: SocketRow, numeric: boolean, processes: boolean): readonly string[] {
  const port = (end: Endpoint): string => {
    if (end.port === undefined) return '*';
    return (numeric ? undefined : serviceName(end.port, row.protocol)) ?? String(end.port);
  };
  return [
    row.protocol,
    row.state,
    String(row.receiveQueue),
    String(row.sendQueue),
    `${row.local.address}:`,
    port(row.local),
    `${row.peer.address}:`,
    port(row.peer),
    processes && row.process ? ` users:((${processText(row.process)}))` : '',
  ];
}

const processText = ({ name, pid, fd }: Process): string => `"${name}",pid=${pid},fd=${fd}`;

function summaryText(rows: readonly SocketRow[]): string {
  const tcp = rows.filter(({ protocol }) => protocol === 'tcp');
  const udp = rows.length - tcp.length;
  const both = rows.filter(isInet6);
  const sixth = (protocol: SocketRow['protocol']): number =>
    both.filter((row) => row.protocol === protocol).length;
  const established = tcp.filter(({ state }) => state === 'ESTAB').length;
  const line = (name: string, total: number, ipv6: number): string =>
    `${name}\t  ${String(total).padEnd(9)} ${String(total - ipv6).padEnd(9)} ${String(ipv6).padEnd(9)}`;
  return [
    `Total: ${rows.length}`,
    `TCP:   ${tcp.length} (estab ${established}, closed 0, orphaned 0, timewait 0)`,
    '',
    'Transport Total     IP        IPv6',
    line('RAW', 0, 0),
    line('UDP', udp, sixth('udp')),
    line('TCP', tcp.length, sixth('tcp')),
    line('INET', rows.length, both.length),
    line('FRAG', 0, 0),
    '',
    '',
  ].join('\n');
}
