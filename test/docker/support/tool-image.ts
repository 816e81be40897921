/**
 * The tool image as tests have it: really built by the engine from `resources/tool-image`, on the tests' own Debian, and kept
 * as an archive in the system's temporary folder, since its packages take minutes to fetch.
 */
import { createReadStream, existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { PATHS } from '../../../src/cli/paths.ts';
import { toolImage, toolImageOf } from '../../../src/engines/kind/fabric/tool-image.ts';
import { must, type EngineInTest } from './engine.ts';
import { BASE_IMAGE } from './base-image.ts';

const signal = new AbortController().signal;

export async function toolImageInTest({
  docker: connected,
  cli,
}: Pick<EngineInTest, 'docker' | 'cli'>): Promise<string> {
  const docker = await connected();
  const folder = PATHS.toolImage;
  const archive = join(
    tmpdir(),
    `underlay-${(await toolImageOf(folder)).replaceAll(/[^a-z0-9-]/g, '-')}.tar`,
  );
  if (existsSync(archive)) must(await docker.images.load(createReadStream(archive), { signal }));
  const env = { UNDERLAY_TOOL_BASE: BASE_IMAGE };
  const image = must(await toolImage(docker, { signal, folder, env, network: 'host' }));
  if (!existsSync(archive)) {
    const unfinished = `${archive}.${process.pid}`;
    await cli('save', '--output', unfinished, image);
    await rename(unfinished, archive);
  }
  return image;
}
