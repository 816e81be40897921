/**
 * How healthy calico-node says it is when the kubelet probes it: whether Felix answers, and whether BIRD runs and its sessions
 * are up. At first all of them must be, later one is enough, so that a node that goes down does not make the others unready.
 * Source: node/pkg/health/{health,bird/bird}.go, node/filesystem/etc/rc.local, Calico v3.32.1. The process number in the log
 * line is ours. Left out: a Felix that answers and says that a part of it is stuck (`readiness probe reporting 503`).
 */
import type { JsonObject } from '../../../base/json.ts';
import type { Millis } from '../../core/time.ts';
import type { Probed, ProbedProgram } from '../../kube/controllers/prober.ts';
import { at, listAt } from '../../kube/fields.ts';
import { isBroken, nodeMachine } from '../../kube/machines.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import type { RoutingState } from '../../routing/routing-state.ts';
import { peerKey } from '../../routing/routing-state.ts';
import { isFelixStarting } from './felix-daemon.ts';
import { NODE_ENVIRONMENTS, nodeEnvironment } from './node-environment.ts';
import { logLine } from './node-log.ts';

/** What BIRD's control socket says of the sessions. */
export interface BirdSessions {
  /** Absent where nothing listens on the socket. */
  readonly peers?: readonly { readonly name: string; readonly established: boolean }[];
  /** A graceful restart is not over. */
  readonly recovering: boolean;
}

/** As the BIRD of one node tells them now. */
export function birdSessions(routing: RoutingState, node: string): BirdSessions {
  const speaker = routing.speakers.get(`node/${node}`);
  if (!speaker?.running) return { recovering: false };
  const peers = speaker.config.neighbours.flatMap(({ name }) => {
    const peer = routing.peers.get(peerKey(speaker.netns, name));
    return peer ? [{ name, established: peer.connection?.bgp === 'Established' }] : [];
  });
  return { peers, recovering: speaker.inherited !== undefined };
}

export const CALICO_NODE_PROBES: ProbedProgram = {
  name: 'calico-node',
  check: (tx, probed) => {
    const said: string[] = [];
    const problem = problemOf(tx, probed, (line) => said.push(line));
    return problem === undefined ? undefined : [...said, `${NOT_READY}: ${problem}`, ''].join('\n');
  },
};

const NOT_READY = 'calico/node is not ready';

type Say = (line: string) => void;
type Check = (tx: ClusterTransaction, probed: Probed, say: Say) => string | undefined;

const REFUSED = 'connect: connection refused';

const felixAnswers = (tx: ClusterTransaction, { node }: Probed): boolean =>
  !isBroken(nodeMachine(tx, node), 'felix') && !isFelixStarting(tx, node);

const felixCheck =
  (told: string, path: 'readiness' | 'liveness'): Check =>
  (tx, probed) =>
    felixAnswers(tx, probed)
      ? undefined
      : `${told}: Get "http://localhost:9099/${path}": dial tcp 127.0.0.1:9099: ${REFUSED}`;

/** When both are at fault the quicker answer is told: BIRD's socket, then Felix's, then what BIRD says of its sessions. */
const CHECKS: readonly (readonly [flag: string, check: Check])[] = [
  ['bird-ready', (tx, probed) => told('BIRD is not ready', birdFault(tx, probed))],
  ['bird-live', (tx, probed) => told('bird/confd is not live', processFault(tx, probed))],
  ['felix-ready', felixCheck('felix is not ready', 'readiness')],
  ['felix-live', felixCheck('Felix is not live', 'liveness')],
  ['bird-ready', (tx, probed, say) => told('BIRD is not ready', sessionsFault(tx, probed, say))],
];

function told(what: string, fault: string | undefined): string | undefined {
  return fault === undefined ? undefined : `${what}: ${fault}`;
}

function problemOf(tx: ClusterTransaction, probed: Probed, say: Say): string | undefined {
  const asked = new Set(probed.argv.slice(1).map((word) => word.replace(/^--?/, '')));
  const problems = CHECKS.filter(([flag]) => asked.has(flag)).map(([, check]) => check(tx, probed, say));
  return problems.find((problem) => problem !== undefined);
}

const peersIn = ({ answer }: Probed): readonly JsonObject[] | undefined =>
  at(answer, 'peers') === undefined ? undefined : listAt(answer, 'peers');

function birdFault(tx: ClusterTransaction, probed: Probed): string | undefined {
  if (isBroken(nodeMachine(tx, probed.node), 'nodename-file'))
    return 'Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory';
  if (peersIn(probed)) return undefined;
  // A BIRD that has run leaves its socket behind; where none ever runs the other place is tried last.
  const fault = runsBird(tx, probed)
    ? `/var/run/calico/bird.ctl: ${REFUSED}`
    : '/var/run/bird/bird.ctl: connect: no such file or directory';
  return `error querying BIRD: unable to connect to BIRDv4 socket: dial unix ${fault}`;
}

/** The other backends enable no BIRD. */
const runsBird = (tx: ClusterTransaction, { node }: Probed): boolean =>
  nodeEnvironment(tx.get(NODE_ENVIRONMENTS, undefined, node)).backend === 'bird';

/** runsv starts it anew every second, and every time it ends at once. */
function processFault(tx: ClusterTransaction, probed: Probed): string | undefined {
  if (peersIn(probed)) return undefined;
  if (!runsBird(tx, probed)) return 'exit status 1';
  const output = 'down: /etc/service/enabled/bird: 1s, normally up, want up';
  return `Service bird is not running. Output << ${output} >>`;
}

/** `-threshold-time`: how long after its start calico-node wants every session. */
const THRESHOLD: Millis = 30_000;

const PEER_NAME = /^(?:Global|Node|Mesh)_(.+)$/;

function sessionsFault(tx: ClusterTransaction, probed: Probed, say: Say): string | undefined {
  if (birdFault(tx, probed) !== undefined) return undefined;
  const peers = (peersIn(probed) ?? []).flatMap(({ name, established }) => {
    const address = PEER_NAME.exec(String(name))?.[1]?.replaceAll('_', '.');
    return address === undefined ? [] : [{ address, established: established === true }];
  });
  const missing = peers.filter(({ established }) => !established).map(({ address }) => address);
  const up = peers.length - missing.length;
  say(established(tx, probed, up));
  if (peers.length === 0) return undefined;
  const isYoung = probed.age < THRESHOLD;
  if (missing.length > 0 && (isYoung || up === 0)) return `BGP not established with ${missing.join(',')}`;
  return isYoung && at(probed.answer, 'recovering') === true ? 'graceful restart in progress' : undefined;
}

const established = (tx: ClusterTransaction, { age }: Probed, count: number): string =>
  logLine(tx.state, {
    at: tx.now,
    pid: 200 + Math.floor(age / 250),
    source: 'node/health.go 207',
    message: `Number of node(s) with BGP peering established = ${count}`,
  });
