/** A program that makes an offline bundle and says how far it is, for tests that kill it. */
import process from 'node:process';
import { createBundle } from '../../../src/engines/kind/bundle/create.ts';
import type { KindRelease } from '../../../src/engines/kind/cluster/kind-binary.ts';
import { kindFolder } from '../../../src/engines/kind/data-folder.ts';
import { connectDocker } from '../../../src/engines/kind/docker/connect.ts';

const { env } = process;
const docker = await connectDocker({ env, platform: 'linux', home: '/nonexistent' });
if (!docker.ok) throw new Error(docker.error.message);
const made = await createBundle(
  { file: env['TEST_FILE'] ?? '', installs: ['manifest'] },
  {
    docker: docker.value,
    folder: kindFolder(env['TEST_DATA'] ?? ''),
    env,
    platform: 'linux',
    arch: 'x64',
    toolImageFolder: env['TEST_TOOL_IMAGE_FOLDER'] ?? '',
    release: JSON.parse(env['TEST_RELEASE'] ?? '') as KindRelease,
    from: env['TEST_FROM'] ?? '',
  },
  {
    signal: new AbortController().signal,
    onProgress: ({ phase, detail = '' }) => process.stdout.write(`${phase}: ${detail}\n`),
  },
);
process.stdout.write(`${JSON.stringify(made.ok || made.error)}\n`);
