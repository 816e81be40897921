/** What keeps a place from being as planned, each provoked by what its container answers. */
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { FakeDocker, type FakeRun } from '../../../../test/support/fake-docker.ts';
import { parseTopology } from '../../../lab/topology.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { kindFolder } from '../data-folder.ts';
import { networkName, nodeContainers } from '../names.ts';
import { carrierOf } from './containers.ts';
import { layPlace } from './place.ts';
import { planOf } from './plan.ts';

// A node that never starts is waited for a minute, which a test need not.
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }));

const { signal } = new AbortController();

const file = 'labs/topologies/two-racks.yaml';
const parsed = parseTopology(file, readFileSync(file, 'utf8'));
if (!parsed.ok) throw new Error('no topology');
const topology = parsed.value;

const ROUTER = planOf(topology, 'router', 'router');
const CARRIER = {
  ...{ address: '172.31.0.8', subnet: '172.31.0.0/24', gateway: '172.31.0.1' },
  ...{ mtu: 1550, internetMtu: 1500 },
};

/** Docker's device as Docker made it, in the kernel's words. */
const seen = (init: string, mtu: number): string => `
== init
${init}

== links
[{"ifindex":26,"ifname":"eth0","flags":["UP"],"mtu":${mtu},"link_type":"ether","address":"02:42:ac:1f:00:08","linkinfo":{"info_kind":"veth"},"addr_info":[{"family":"inet","local":"172.31.0.8","prefixlen":24,"scope":"global"}]}]
`;

async function laid(answer: (run: FakeRun) => ReturnType<typeof exec>): Promise<unknown> {
  const docker = new FakeDocker({ images: ['image'], exec: answer });
  docker.containers.add({ name: 'router' });
  return layPlace({ docker, container: 'router', plan: ROUTER, carrier: CARRIER }, signal);
}
const exec = (
  stdout: string,
  stderr = '',
  exitCode = 0,
): { exitCode: number; stdout: string; stderr: string } => ({
  ...{ exitCode, stdout, stderr },
});

test.each([
  [
    'a network that is too narrow',
    (): ReturnType<typeof exec> => exec(seen('sleep', 1500)),
    'fabric-network-too-narrow',
    /carries packets of 1500 bytes, and this lab needs 1550/,
  ],
  [
    'commands that change nothing',
    ({ line }: FakeRun): ReturnType<typeof exec> =>
      line.endsWith('mend')
        ? exec('', 'RTNETLINK answers: Operation not permitted\n')
        : exec(seen('sleep', 1550)),
    'fabric-not-as-planned',
    /router\/router.*: RTNETLINK answers: Operation not permitted\.$/,
  ],
  [
    'a look that fails',
    (): ReturnType<typeof exec> => exec('', 'ip: not found\n', 127),
    'fabric-unreadable',
    /router\/router.*: ip: not found\.$/,
  ],
  [
    'words that nobody understands',
    (): ReturnType<typeof exec> => exec('== links\n[{"ifindex":"two"}]\n'),
    'fabric-unreadable',
    /router\/router could not be looked at/,
  ],
  [
    'a node that stays in its entrypoint',
    (): ReturnType<typeof exec> => exec(seen('entrypoint', 1550)),
    'fabric-node-not-started',
    /did not come to start its init system/,
  ],
] as const)('%s', async (_, answer, code, message) => {
  expect(await laid(answer)).toMatchObject({ error: { code, message: expect.stringMatching(message) } });
});

test('a container or a network that is not there', async () => {
  const docker = new FakeDocker({ images: ['image'] });
  const name = 'underlay-abc123-lab-0001';
  const cluster: Cluster = {
    ...{ name, lab: 'lab', topology, docker, nodes: nodeContainers(name, topology) },
    folder: kindFolder('/nowhere').cluster(name),
  };
  expect(await carrierOf(cluster, ROUTER, signal)).toMatchObject({
    error: { code: 'fabric-missing', message: `The Docker network ${name} is not there, or not running.` },
  });
  await docker.networks.create({ name: networkName(name), labels: {}, subnet: '172.31.0.0/24' }, signal);
  expect(await carrierOf(cluster, ROUTER, signal)).toMatchObject({
    error: {
      code: 'fabric-missing',
      message: `The container ${name}-router-router is not there, or not running.`,
    },
  });
});
