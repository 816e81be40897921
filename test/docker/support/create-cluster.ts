/** A program that makes a cluster and says how far it is, for tests that kill it. */
import process from 'node:process';
import { createCluster } from '../../../src/engines/kind/cluster/create.ts';
import { kindFolder } from '../../../src/engines/kind/data-folder.ts';
import { connectDocker } from '../../../src/engines/kind/docker/connect.ts';
import type { Topology } from '../../../src/model/topology.ts';

const { env } = process;
const docker = await connectDocker({ env, platform: 'linux', home: '/nonexistent' });
if (!docker.ok) throw new Error(docker.error.message);
const made = await createCluster(
  {
    name: env['TEST_CLUSTER'] ?? '',
    lab: 'small',
    topology: JSON.parse(env['TEST_TOPOLOGY'] ?? '') as Topology,
  },
  {
    docker: docker.value,
    folder: kindFolder(env['TEST_DATA'] ?? ''),
    installation: env['TEST_INSTALLATION'] ?? '',
    env,
    platform: 'linux',
    home: '/nonexistent',
    kind: env['TEST_KIND'] ?? '',
  },
  {
    signal: new AbortController().signal,
    onProgress: ({ phase }) => process.stdout.write(`${phase}\n`),
  },
);
process.stdout.write(`${JSON.stringify(made.ok || made.error)}\n`);
