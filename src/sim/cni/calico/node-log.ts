/**
 * What calico-node writes to its output when it starts: its startup routine, and the services that run in it.
 * Source: node/pkg/lifecycle/{startup,utils}, node/pkg/nodeservices, node/filesystem/etc/rc.local, libcalico-go/lib/logutils,
 * Calico v3.32.1. Milliseconds and process numbers are ours. Left out: Felix's, confd's and BIRD's own lines, of which there
 * are hundreds, and what is written after the start.
 */
import type { Topology } from '../../../model/topology.ts';
import { formatCidr } from '../../../model/ip.ts';
import { parseTimestamp, type Epoch, type Millis } from '../../core/time.ts';
import { textAt } from '../../kube/fields.ts';
import type { ProgramLog } from '../../kube/pod-log.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { environmentOf } from './node-environment.ts';
import { annotation, CALICO_VERSION, IP_POOLS, NODES, NODE_ANNOTATION } from './kinds.ts';

interface Line {
  readonly at: Millis;
  readonly pid: number;
  /** Component, file and line: `startup/startup.go 553`. */
  readonly source: string;
  readonly message: string;
}

/** A line as Calico's programs format it. */
export function logLine({ epoch }: { readonly epoch: Epoch }, { at, pid, source, message }: Line): string {
  const time = new Date(Math.floor(epoch + at)).toISOString().slice(0, 23).replace('T', ' ');
  return `${time} [INFO][${pid}] ${source}: ${message}`;
}

/** The log of the program `node`, as its image is called. */
export const calicoNodeLog =
  ({ podCidr }: Pick<Topology, 'podCidr'>): ProgramLog =>
  ({ tx, pod, started }) => {
    const node = textAt(pod.spec, 'nodeName');
    const told = WITHOUT_BIRD[environmentOf(tx, node, pod).backend];
    const say = speaker(started);
    return [
      ...startup(tx, node, formatCidr(podCidr)).map(say(9, 'startup')),
      ...(told === undefined ? [] : [told]),
      'Calico node started successfully',
      ...SERVICES.map(say(54, 'node-services')),
    ];
  };

type Said = readonly [source: string, message: string];

/** One line after the other, a few milliseconds apart. */
function speaker(started: string): (pid: number, component: string) => (said: Said) => string {
  const epoch = parseTimestamp(started);
  let at = 0;
  return (pid, component) =>
    ([source, message]) => {
      at += 7;
      return logLine({ epoch }, { at, pid, source: `${component}/${source}`, message });
    };
}

function startup(tx: ClusterTransaction, name: string, podCidr: string): readonly Said[] {
  const node = tx.get(NODES, undefined, name);
  const address = (node && annotation(node, NODE_ANNOTATION.address)) ?? '';
  const hasDefaultPool = tx.get(IP_POOLS, undefined, 'default-ipv4-ippool') !== undefined;
  return [
    ['startup.go 553', 'Early log level set to info'],
    ['utils.go 125', `Using NODENAME environment for node name ${name}`],
    ['utils.go 137', `Determined node name: ${name}`],
    ['startup.go 111', `Starting node ${name} with version ${CALICO_VERSION}`],
    ['startup.go 558', 'Checking datastore connection'],
    ['startup.go 581', 'Datastore connection verified'],
    ['startup.go 121', 'Datastore is ready'],
    ['autodetection_methods.go 103', `Using autodetected IPv4 address on interface eth0: ${address}`],
    ['startup.go 879', 'No AS number configured on node resource, using global value'],
    ...(hasDefaultPool
      ? ([
          ['startup.go 942', `found v4=${podCidr} in the kubeadm config map`],
          ['startup.go 946', 'found v6= in the kubeadm config map'],
          ['startup.go 847', 'FELIX_IPV6SUPPORT is false through environment variable'],
        ] as const)
      : ([['startup.go 914', 'Skipping IP pool configuration']] as const)),
    ['startup.go 241', `Using node name: ${name}`],
  ];
}

const SERVICES: readonly Said[] = [
  ['nodeservices.go 52', 'Starting complete-startup service'],
  ['nodeservices.go 57', 'Starting tunnel IP allocator service'],
  ['nodeservices.go 62', 'Starting node status reporter service'],
  ['nodeservices.go 75', 'Starting CNI token monitor service'],
];

const WITHOUT_BIRD: Readonly<Record<string, string>> = {
  none: 'CALICO_NETWORKING_BACKEND is none - no BGP daemon running',
  vxlan: 'CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon',
};
