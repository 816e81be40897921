/**
 * The image that tests make containers of: a small Debian of this machine's own release, with what a node has. It is put
 * together from Debian packages once, and kept as an archive in the system's temporary folder under what it is made of.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from './programs.ts';

export const BASE_IMAGE = 'underlay-test/base:1';

const PACKAGES = [
  'bash',
  'ca-certificates',
  'iproute2',
  'ipset',
  'iptables',
  'iputils-ping',
  'procps',
  'tcpdump',
  'util-linux',
];

/** Makes the archive where it is not there yet, which takes a minute or two, and loads it into the engine. */
export async function loadBaseImage(host: string, docker: string): Promise<void> {
  const archive = await baseArchive();
  await must([docker, '--host', host, 'import', '--change', 'CMD ["bash"]', archive, BASE_IMAGE]);
}

async function baseArchive(): Promise<string> {
  const release = releaseName();
  const made = createHash('sha256')
    .update(JSON.stringify([release, PACKAGES]))
    .digest('hex')
    .slice(0, 12);
  const archive = join(tmpdir(), `underlay-base-${release}-${made}.tar`);
  if (existsSync(archive)) return archive;
  const folder = await mkdtemp(join(tmpdir(), 'underlay-base-'));
  try {
    const root = join(folder, 'root');
    const include = `--include=${PACKAGES.join(',')}`;
    await must(['debootstrap', '--variant=minbase', include, release, root, mirror()]);
    for (const waste of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/locale'])
      await rm(join(root, waste), { recursive: true, force: true });
    await must(['tar', '--create', '--file', join(folder, 'base.tar'), '--directory', root, '.']);
    // Whole or not there: another run may look for it meanwhile.
    await rename(join(folder, 'base.tar'), archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return archive;
}

function releaseName(): string {
  return /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
}

/** Where this machine itself has its packages from. */
function mirror(): string {
  const parts = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(parts) ? readdirSync(parts) : []).map((name) => join(parts, name)),
  ];
  const text = files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('\n');
  const named = [...text.matchAll(/^(?:deb\s+(?:\[[^\]]*\]\s*)?|URIs:\s*)(https?:\/\/\S+)/gm)].map(
    (match) => match[1] ?? '',
  );
  return named.find((uri) => /\/debian\/?$/.test(uri)) ?? 'http://deb.debian.org/debian';
}
