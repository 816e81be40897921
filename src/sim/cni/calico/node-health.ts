/**
 * How healthy calico-node says it is when the kubelet probes it: whether Felix answers, and whether BIRD, and bird6 where a probe
 * asks for it, runs and its sessions are up. No manifest asks for bird6: that is somebody's own change of the DaemonSet. At first all of them must be, later one is enough, so that a node that goes down does not make the others unready.
 * Source: node/pkg/health/{health,bird/bird}.go, node/filesystem/etc/rc.local, Calico v3.32.1. The process number in the log
 * line is ours. Left out: a Felix that answers and says that a part of it is stuck (`readiness probe reporting 503`).
 */
import type { JsonObject } from '../../../base/json.ts';
import type { Millis } from '../../core/time.ts';
import type { ClusterState } from '../../kube/controller.ts';
import { runningFor, type Probed, type ProbedProgram } from '../../kube/controllers/prober.ts';
import { at, listAt, textAt } from '../../kube/fields.ts';
import { isBroken, nodeMachine } from '../../kube/machines.ts';
import type { KubeObject } from '../../kube/object.ts';
import { ClusterTransaction } from '../../kube/transaction.ts';
import type { RoutingState } from '../../routing/routing-state.ts';
import { peerKey, speakerKey } from '../../routing/routing-state.ts';
import { isFelixStarting } from './felix-daemon.ts';
import { NODE_ENVIRONMENTS, nodeEnvironment } from './node-environment.ts';
import { logLine } from './node-log.ts';

/** What the control socket of a daemon says of the sessions. */
interface BirdSessions {
  /** Absent where nothing listens on the socket. */
  readonly peers?: readonly { readonly name: string; readonly established: boolean }[];
  /** A graceful restart is not over. */
  readonly recovering: boolean;
}

type Daemon = 'bird' | 'bird6';

/** As the BIRDs of one node tell them now. */
export const birdSessions = (
  routing: RoutingState,
  node: string,
): Readonly<Record<Daemon, BirdSessions>> => ({
  bird: sessionsOf(routing, node, 'bird'),
  bird6: sessionsOf(routing, node, 'bird6'),
});

const NONE: BirdSessions = { recovering: false };

function sessionsOf(routing: RoutingState, node: string, daemon: Daemon): BirdSessions {
  const netns = `node/${node}`;
  const bird = routing.speakers.get(netns);
  const speaker = daemon === 'bird' ? bird : routing.speakers.get(speakerKey({ netns, daemon: 'bird6' }));
  // Where there is no IPv6 a bird6 runs beside BIRD all the same, and has nobody to speak to.
  if (!speaker) return bird?.running === true ? { ...NONE, peers: [] } : NONE;
  if (!speaker.running) return NONE;
  const peers = speaker.config.neighbours.flatMap(({ name }) => {
    const peer = routing.peers.get(peerKey(speakerKey(speaker), name));
    return peer ? [{ name, established: peer.connection?.bgp === 'Established' }] : [];
  });
  return { peers, recovering: speaker.inherited !== undefined };
}

export const CALICO_NODE_PROBES: ProbedProgram = {
  name: 'calico-node',
  check: (tx, probed) => {
    const { ok, said } = outcome(tx, probed);
    return ok ? undefined : said;
  },
};

/** What somebody is told who runs one of calico-node's own checks (`calico-node -felix-ready`), in its container. */
export interface HealthOutcome {
  readonly ok: boolean;
  /** Lines for the standard output. */
  readonly said: string;
}

export interface HealthQuestion {
  readonly pod: KubeObject;
  /** With the program's name. */
  readonly argv: readonly string[];
}

export function calicoNodeHealth(
  cluster: ClusterState,
  routing: RoutingState,
  { pod, argv }: HealthQuestion,
): HealthOutcome {
  const tx = new ClusterTransaction(cluster, []);
  const node = textAt(pod.spec, 'nodeName');
  const answer = birdSessions(routing, node) as unknown as JsonObject;
  return outcome(tx, { node, argv, age: runningFor(tx, pod, CALICO_NODE_PROBES.name), answer });
}

function outcome(tx: ClusterTransaction, probed: Probed): HealthOutcome {
  const said: string[] = [];
  const problem = problemOf(tx, probed, (line) => said.push(line));
  if (problem !== undefined) said.push(`${NOT_READY}: ${problem}`);
  return { ok: problem === undefined, said: said.map((line) => `${line}\n`).join('') };
}

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

/** Readiness and liveness of a daemon: how its own faults are told. */
const READY = { bird: 'BIRD is not ready', bird6: 'BIRD6 is not ready' } as const;
const LIVE = { bird: 'bird/confd is not live', bird6: 'bird6/confd is not live' } as const;

type FlaggedCheck = readonly [flag: string, check: Check];

const daemonChecks = (daemon: Daemon): readonly FlaggedCheck[] => [
  [`${daemon}-ready`, (tx, probed) => told(READY[daemon], birdFault(tx, probed, daemon))],
  [`${daemon}-live`, (tx, probed) => told(LIVE[daemon], processFault(tx, probed, daemon))],
];

const sessionsCheck = (daemon: Daemon): FlaggedCheck => [
  `${daemon}-ready`,
  (tx, probed, say) => told(READY[daemon], sessionsFault(tx, probed, { daemon, say })),
];

/** Of several faults the quickest answer is told: BIRD's socket, then Felix's, then what BIRD says of its sessions. */
const CHECKS: readonly FlaggedCheck[] = [
  ...daemonChecks('bird'),
  ...daemonChecks('bird6'),
  ['felix-ready', felixCheck('felix is not ready', 'readiness')],
  ['felix-live', felixCheck('Felix is not live', 'liveness')],
  sessionsCheck('bird'),
  sessionsCheck('bird6'),
];

function told(what: string, fault: string | undefined): string | undefined {
  return fault === undefined ? undefined : `${what}: ${fault}`;
}

function problemOf(tx: ClusterTransaction, probed: Probed, say: Say): string | undefined {
  const asked = new Set(probed.argv.slice(1).map((word) => word.replace(/^--?/, '')));
  const problems = CHECKS.filter(([flag]) => asked.has(flag)).map(([, check]) => check(tx, probed, say));
  return problems.find((problem) => problem !== undefined);
}

const peersIn = ({ answer }: Probed, daemon: Daemon): readonly JsonObject[] | undefined =>
  at(answer, daemon, 'peers') === undefined ? undefined : listAt(answer, daemon, 'peers');

function birdFault(tx: ClusterTransaction, probed: Probed, daemon: Daemon): string | undefined {
  if (isBroken(nodeMachine(tx, probed.node), 'nodename-file'))
    return 'failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory';
  if (peersIn(probed, daemon)) return undefined;
  // A daemon that has run leaves its socket behind; where none ever runs the other place is tried last.
  const fault = runsBird(tx, probed)
    ? `/var/run/calico/${daemon}.ctl: ${REFUSED}`
    : `/var/run/bird/${daemon}.ctl: connect: no such file or directory`;
  const family = daemon === 'bird' ? 4 : 6;
  return `error querying BIRD: unable to connect to BIRDv${family} socket: dial unix ${fault}`;
}

/** The other backends enable no BIRD. */
const runsBird = (tx: ClusterTransaction, { node }: Probed): boolean =>
  nodeEnvironment(tx.get(NODE_ENVIRONMENTS, undefined, node)).backend === 'bird';

/** runsv starts it anew every second, and every time it ends at once. */
function processFault(tx: ClusterTransaction, probed: Probed, daemon: Daemon): string | undefined {
  if (peersIn(probed, daemon)) return undefined;
  if (!runsBird(tx, probed)) return 'exit status 1';
  const output = `down: /etc/service/enabled/${daemon}: 1s, normally up, want up`;
  return `service ${daemon} is not running. Output << ${output} >>`;
}

/** `-threshold-time`: how long after its start calico-node wants every session. */
const THRESHOLD: Millis = 30_000;

const PEER_NAME = /^(?:Global|Node|Mesh)_(.+)$/;

interface Asked {
  readonly daemon: Daemon;
  readonly say: Say;
}

function sessionsFault(tx: ClusterTransaction, probed: Probed, { daemon, say }: Asked): string | undefined {
  if (birdFault(tx, probed, daemon) !== undefined) return undefined;
  const peers = sessionsIn(probed, daemon);
  const missing = peers.filter(({ established }) => !established).map(({ address }) => address);
  const up = peers.length - missing.length;
  say(established(tx, probed, up));
  if (peers.length === 0) return undefined;
  const isYoung = probed.age < THRESHOLD;
  if (missing.length > 0 && (isYoung || up === 0)) return `BGP not established with ${missing.join(',')}`;
  const isRecovering = at(probed.answer, daemon, 'recovering') === true;
  return isYoung && isRecovering ? 'graceful restart in progress' : undefined;
}

/** The neighbours' addresses are read from the names that confd gave the sessions. */
const sessionsIn = (
  probed: Probed,
  daemon: Daemon,
): readonly { readonly address: string; readonly established: boolean }[] =>
  (peersIn(probed, daemon) ?? []).flatMap(({ name, established }) => {
    const address = PEER_NAME.exec(String(name))?.[1]?.replaceAll('_', daemon === 'bird' ? '.' : ':');
    return address === undefined ? [] : [{ address, established: established === true }];
  });

const established = (tx: ClusterTransaction, { age }: Probed, count: number): string =>
  logLine(tx.state, {
    at: tx.now,
    pid: 200 + Math.floor(age / 250),
    source: 'node/health.go 207',
    message: `Number of node(s) with BGP peering established = ${count}`,
  });
