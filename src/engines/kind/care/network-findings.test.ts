import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeDocker, refusal } from '../../../../test/support/fake-docker.ts';
import { kindFolder } from '../data-folder.ts';
import { MTU_OPTION } from '../docker/docker.ts';
import { downloadFinding, firewallFinding, mtuFinding, subnetFinding } from './network-findings.ts';
import type { ProgramSearch } from './program-findings.ts';
import { uplink, waysOut } from './uplink.ts';

const { signal } = new AbortController();

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underlay-networks-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const search = (env: NodeJS.ProcessEnv = {}, platform: NodeJS.Platform = 'linux'): ProgramSearch => ({
  ...{ folder: kindFolder(folder), env: { PATH: folder, ...env }, platform, home: folder, arch: 'x64' },
});

describe('subnets', () => {
  test('are told when none is left', async () => {
    const docker = new FakeDocker();
    for (const [index, subnet] of ['172.16.0.0/12', '10.0.0.0/8', '192.168.0.0/16'].entries())
      await docker.networks.create({ name: `wide-${index}`, labels: {}, subnet }, signal);
    expect(await subnetFinding(docker, signal)).toMatchObject({
      state: 'limited',
      remedy: expect.stringContaining('docker network prune'),
    });
  });

  test('cannot be told while the engine does not say its networks', async () => {
    const docker = new FakeDocker();
    docker.failOn('networks.list', refusal({ system: 'ECONNRESET', says: 'socket hang up' }));
    expect(await subnetFinding(docker, signal)).toMatchObject({ id: 'subnets', state: 'limited' });
  });
});

describe('the size of packets', () => {
  const withMtu = async (mtu: number): Promise<FakeDocker> => {
    const docker = new FakeDocker();
    await docker.networks.remove('bridge', signal);
    await docker.networks.create(
      { name: 'bridge', labels: {}, options: { [MTU_OPTION]: String(mtu) } },
      signal,
    );
    return docker;
  };
  const vpn = (): Promise<{ device: string; mtu: number }> => Promise.resolve({ device: 'tun0', mtu: 1380 });

  test('follows what Docker was told', async () => {
    const found = await mtuFinding(await withMtu(1380), signal, vpn);
    expect(found).toMatchObject({ state: 'good', says: expect.stringContaining('1380 bytes at most') });
  });

  test('that is wider than the way out is told, with the fix', async () => {
    expect(await mtuFinding(new FakeDocker(), signal, vpn)).toEqual({
      id: 'mtu',
      title: 'Size of packets',
      state: 'limited',
      says: "This machine reaches the Internet by tun0, which carries 1380 bytes, and Docker's networks carry 1500: what containers fetch may hang.",
      remedy: 'Put `"mtu": 1380` into /etc/docker/daemon.json and restart Docker. Racks are not concerned.',
    });
  });

  test('is that of an ordinary network where nobody says otherwise', async () => {
    const nobody = (): Promise<undefined> => Promise.resolve(undefined);
    const found = await mtuFinding(new FakeDocker(), signal, nobody);
    expect(found).toMatchObject({ state: 'good', says: expect.stringContaining('1500 bytes at most') });
  });
});

/** As the kernel prints it, with a VPN's two halves before the default route. */
const ROUTES = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
tun0\t00000000\t0100080A\t0003\t0\t0\t0\t00000080\t0\t0\t0
wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
tun0\t00000080\t0100080A\t0003\t0\t0\t0\t00000080\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
`;

describe('the way out', () => {
  test('is by every device that leads everywhere', () => {
    expect(waysOut(ROUTES)).toEqual(['tun0', 'wlan0']);
    expect(waysOut('')).toEqual([]);
  });

  test.runIf(process.platform === 'linux')('is as narrow as the narrowest', async () => {
    const files: Readonly<Record<string, string>> = {
      '/proc/net/route': ROUTES,
      '/sys/class/net/tun0/mtu': '1400\n',
      '/sys/class/net/wlan0/mtu': '1500\n',
    };
    const read = (file: string): Promise<string> =>
      file in files ? Promise.resolve(files[file] ?? '') : Promise.reject(new Error('ENOENT'));
    expect(await uplink(read)).toEqual({ device: 'tun0', mtu: 1400 });
    expect(await uplink(() => Promise.reject(new Error('ENOENT')))).toBeUndefined();
  });
});

test('downloads tell their proxy without its password, and one that is none', async () => {
  expect((await downloadFinding(search())).says).toBe('Underlay downloads without a proxy.');
  const proxied = await downloadFinding(search({ HTTPS_PROXY: 'http://me:hidden@proxy.example:3128' }));
  expect(proxied).toMatchObject({
    state: 'good',
    says: 'Underlay downloads through http://proxy.example:3128 (HTTPS_PROXY).',
  });
  expect(await downloadFinding(search({ HTTPS_PROXY: 'http://[' }))).toMatchObject({
    state: 'limited',
    remedy: expect.stringContaining('unset HTTPS_PROXY'),
  });
});

describe('firewalld', () => {
  /** A firewall-cmd that says so. */
  function firewalld(state: string, zones: string): void {
    const file = join(folder, 'firewall-cmd');
    writeFileSync(file, `#!/bin/sh\ncase "$1" in --state) ${state} ;; --get-zones) ${zones} ;; esac\n`);
    chmodSync(file, 0o755);
  }

  test.each([
    ['echo running', 'echo block dmz docker home', 'good'],
    ['echo running', 'echo block dmz home', 'limited'],
    ['echo running', 'exit 253', 'unknown'],
    ['echo "not running" >&2; exit 252', 'exit 252', undefined],
  ])('that does "%s" and "%s" is %s', async (state, zones, found) => {
    firewalld(state, zones);
    expect((await firewallFinding(search()))?.state).toBe(found);
  });

  test('is looked for where it can be', async () => {
    expect(await firewallFinding(search())).toBeUndefined();
    firewalld('echo running', 'echo home');
    expect(await firewallFinding(search({}, 'darwin'))).toBeUndefined();
  });
});
