/**
 * The sockets of a stack: those that listen, those of VXLAN devices, and the TCP connections of its BGP speaker. Connections
 * of curl and the like are over before anybody can look, and leave no socket behind (their TIME_WAIT is not kept).
 */
import { formatIp, isIpv6 } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import { fnv32a } from '../../kube/name.ts';
import type { Listener } from '../../net/netns.ts';
import type { CommandIo } from '../command.ts';
import { hereOf } from '../network/here.ts';

export interface SocketRow {
  readonly protocol: 'tcp' | 'udp';
  readonly state: SocketState;
  readonly receiveQueue: number;
  readonly sendQueue: number;
  readonly local: Endpoint;
  readonly peer: Endpoint;
  /** The process, when it is known. */
  readonly process?: Process;
}

export interface Process {
  readonly name: string;
  readonly pid: number;
  readonly fd: number;
}

export type SocketState = 'LISTEN' | 'UNCONN' | 'ESTAB' | 'SYN-SENT' | 'SYN-RECV' | 'FIN-WAIT-1';

export interface Endpoint {
  readonly address: string;
  /** Undefined: any (`*`). */
  readonly port: number | undefined;
}

/** net.core.somaxconn, which Go's programs ask for; BIRD asks for 8. */
const BACKLOG = 4096;
const BIRD_BACKLOG = 8;

const PROCESSES: Readonly<Partial<Record<Listener['serves']['kind'], string>>> = {
  bgp: 'bird',
  forward: 'kubectl',
};

/** Roughly as a machine starts them. */
const FIRST_PIDS: readonly (readonly [string, number])[] = [
  ['kubelet', 244],
  ['kube-proxy', 343],
  ['kube-apiserver', 454],
  ['kube-controller', 485],
  ['etcd', 565],
  ['kube-scheduler', 567],
  ['calico-node', 768],
  ['bird', 863],
];

/** Numbers of processes and of their files are stand-ins, the same whenever somebody looks. */
function processOf(
  machine: string,
  name: string | undefined,
  socket: { readonly port: number; readonly address?: Ip | undefined },
): Pick<SocketRow, 'process'> {
  if (name === undefined) return {};
  const first = FIRST_PIDS.find(([each]) => each === name)?.[1] ?? 4000;
  const pid = first + (fnv32a(machine) % 60);
  return { process: { name, pid, fd: 5 + (fnv32a(`${socket.port} ${socket.address ?? ''}`) % 16) } };
}

const ANY: Endpoint = { address: '0.0.0.0', port: undefined };
const ANY6: Endpoint = { address: '[::]', port: undefined };
/** A socket of both families: what a Go program opens when it names no address. */
const DUAL: Endpoint = { address: '*', port: undefined };

export function socketsOf(io: CommandIo): readonly SocketRow[] {
  const here = hereOf(io);
  if (!here) return [];
  const { listeners, devices } = here.netns;
  const listening = listeners.map(({ protocol, port, address, serves, process }): SocketRow => {
    const own = serves.kind === 'http' || serves.kind === 'dns' ? DUAL : ANY;
    const local = address === undefined ? own : { address: shown(address) };
    const queue = serves.kind === 'bgp' ? BIRD_BACKLOG : BACKLOG;
    return {
      protocol,
      state: protocol === 'tcp' ? 'LISTEN' : 'UNCONN',
      receiveQueue: 0,
      sendQueue: protocol === 'tcp' ? queue : 0,
      local: { ...local, port },
      peer: address === undefined ? own : anyOf(address),
      ...processOf(here.id, process ?? PROCESSES[serves.kind], { port, address }),
    };
  });
  const tunnels = devices.flatMap(({ kind, up }): readonly SocketRow[] =>
    kind.type === 'vxlan' && up
      ? [
          {
            protocol: 'udp',
            state: 'UNCONN',
            receiveQueue: 0,
            sendQueue: 0,
            local: { ...anyOf(kind.vxlan.local), port: kind.vxlan.port },
            peer: anyOf(kind.vxlan.local),
          },
        ]
      : [],
  );
  return [...listening, ...tunnels, ...connections(io)];
}

/** Addresses of IPv6 stand in brackets before their port. */
const shown = (address: Ip): string => (isIpv6(address) ? `[${formatIp(address)}]` : formatIp(address));

const anyOf = (address: Ip | undefined): Endpoint => (address !== undefined && isIpv6(address) ? ANY6 : ANY);

/** A socket of IPv6, be it of both families. */
export const isInet6 = ({ local }: SocketRow): boolean =>
  local.address === '*' || local.address.startsWith('[');

const STATES = {
  SYN_SENT: 'SYN-SENT',
  SYN_RECEIVED: 'SYN-RECV',
  ESTABLISHED: 'ESTAB',
  FIN_WAIT: 'FIN-WAIT-1',
} as const;

function connections(io: CommandIo): readonly SocketRow[] {
  const speaker = io.place.kind === 'node' ? io.routing.speaker(io.place.name) : undefined;
  return (speaker?.sockets ?? []).map((socket) => ({
    protocol: 'tcp',
    state: STATES[socket.state],
    receiveQueue: 0,
    sendQueue: socket.unacknowledged,
    local: { address: shown(socket.address), port: socket.port },
    peer: { address: shown(socket.peer.address), port: socket.peer.port },
    ...processOf(io.place.kind === 'node' ? `node/${io.place.name}` : '', 'bird', socket),
  }));
}
