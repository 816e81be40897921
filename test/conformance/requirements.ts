/** What this machine can do, and why not: a suite that cannot run says by name what is missing. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { must, run } from '../../src/cli/kernel/namespaces.ts';

const PROGRAMS = ['ip', 'bridge', 'iptables-restore', 'ipset', 'tcpdump', 'ping'];

export interface Kernel {
  /** Why nothing can be compared here; undefined when it can. */
  readonly lacking: string | undefined;
  readonly bird: boolean;
  /** Device types that the kernel knows. */
  readonly ipip: boolean;
}

export async function kernel(): Promise<Kernel> {
  const lacking = await whatIsLacking();
  if (lacking !== undefined) return { lacking, bird: false, ipip: false };
  return { lacking, bird: isInstalled('bird'), ipip: await knows('ipip') };
}

async function whatIsLacking(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `network namespaces are Linux's, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const missing = PROGRAMS.filter((name) => !isInstalled(name));
  if (missing.length > 0) return `not installed: ${missing.join(', ')}`;
  if (!existsSync('/proc/self/ns/net')) return 'the kernel has no network namespaces';
  return (await knows('vxlan'))
    ? undefined
    : 'the kernel has no vxlan devices, or does not let us make namespaces';
}

function isInstalled(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(join(folder, program)));
}

async function knows(type: string): Promise<boolean> {
  const name = `underlay-${process.pid}-probe`;
  const made = await run(['ip', 'netns', 'add', name]);
  if (made.code !== 0) return false;
  try {
    const options = type === 'vxlan' ? ['id', '1', 'dstport', '4789'] : ['local', '127.0.0.1'];
    const { code } = await run(['ip', '-n', name, 'link', 'add', 'probe', 'type', type, ...options]);
    return code === 0;
  } finally {
    await must(['ip', 'netns', 'del', name]);
  }
}

/** Where everything could be installed, doing without is a failure. */
export const required = process.env['UNDERLAY_REQUIRE'] === '1';
export const full = process.env['UNDERLAY_FULL'] === '1';
