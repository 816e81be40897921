import { describe, expect, test } from 'vitest';
import { FakeDocker } from '../../../../test/support/fake-docker.ts';
import { cidr6 } from '../../../model/ipv6.ts';
import { smallEnvironment } from '../../small-lab.contract.ts';
import type { EngineInfo } from '../docker/docker.ts';
import { engineFindings } from './engine-findings.ts';
import { kernelNeeds, lackOf } from './lab-needs.ts';
import { probeFindings, unprobed } from './probe-findings.ts';
import { parseProbe, probe } from './probe.ts';

const { signal } = new AbortController();

const INFO: EngineInfo = {
  cgroupVersion: '2',
  cpus: 4,
  memory: 16e9,
  operatingSystem: 'Debian GNU/Linux 13 (trixie)',
  kernelVersion: '6.12.0',
  architecture: 'x86_64',
  storageDriver: 'overlay2',
  containerdImageStore: false,
  backingFilesystem: 'extfs',
  rootDir: '/var/lib/docker',
  rootless: false,
  userns: false,
  securityModules: ['AppArmor'],
  memoryLimit: true,
  pidsLimit: true,
  cpuShares: true,
  warnings: [],
};

describe('what an engine says of itself', () => {
  const findings = (change: Partial<EngineInfo>): ReturnType<typeof engineFindings> =>
    engineFindings({ ...INFO, ...change }, 'x64');

  test('is good on an ordinary machine', () => {
    expect(findings({}).map(({ id, state, says }) => [id, state, says])).toEqual([
      ['arch', 'good', 'The engine runs on x86_64.'],
      ['kernel', 'good', 'Linux 6.12.0.'],
      ['memory', 'good', 'The engine has 16.0 GB.'],
      ['cpu', 'good', 'The engine has 4 processors.'],
      ['cgroups', 'good', 'cgroup v2.'],
      ['security', 'good', 'AppArmor limits containers; nodes ask not to be limited.'],
      ['storage', 'good', 'overlay2 on extfs.'],
      ['proxy', 'good', 'Images are pulled without a proxy.'],
    ]);
  });

  test.each([
    ['arch', { architecture: 'riscv64' }, /no node images for riscv64/, /UNDERLAY_NODE_IMAGE/],
    ['arch', { architecture: 'aarch64' }, /arm64 and Underlay on amd64.*emulated/, /own processor/],
    ['kernel', { kernelVersion: '3.10.0-1160.el7.x86_64' }, /3\.10.*too old/, /Linux 4\.6 or newer/],
    ['memory', { memory: 5e9 }, /5\.0 GB.*little to spare/, /6 GB/],
    ['memory', { memory: 2e9 }, /2\.0 GB.*needs 4 GB/, /colima start --memory 6/],
    ['memory', { memory: 2e9, operatingSystem: 'Docker Desktop' }, /2\.0 GB/, /Settings, Resources/],
    ['cpu', { cpus: 1 }, /one processor/, /colima start --cpu 2/],
    ['cgroups', { cgroupVersion: '1' as const }, /cgroup v1/, /unified_cgroup_hierarchy=1/],
    ['cgroups', { rootless: true, pidsLimit: false }, /without root/, /Delegate=yes/],
    ['storage', { rootDir: '/var/snap/docker/common/var-lib-docker' }, /snap/, /TMPDIR/],
    ['storage', { storageDriver: 'zfs' }, /zfs/, /ext4 or xfs/],
    ['proxy', { httpProxy: 'http://me:secret@proxy:3128' }, /through http:\/\/proxy:3128/, /offline bundle/],
  ] as const)('%s %j is limited, with its fix', (id, change, says, remedy) => {
    const found = findings(change).find((finding) => finding.id === id);
    expect(found).toMatchObject({ state: 'limited' });
    expect(found?.says).toMatch(says);
    expect(found?.remedy).toMatch(remedy);
  });

  test('that it does not say is not known', () => {
    const { cgroupVersion: _unsaid, ...silent } = INFO;
    const unknown = engineFindings({ ...silent, kernelVersion: '' }, 'x64').filter(
      ({ state }) => state === 'unknown',
    );
    expect(unknown.map(({ id }) => id)).toEqual(['kernel', 'cgroups']);
  });

  test('of SELinux tells where its denials are', () => {
    const found = findings({ securityModules: ['SELinux'] }).find(({ id }) => id === 'security');
    expect(found).toMatchObject({ state: 'good', says: expect.stringContaining('ausearch') });
  });
});

/** What the probe's script prints on this kind of kernel: no IP in IP and no WireGuard. */
const SAID = `vxlan=yes
ipip=no
wireguard=no
ipset=yes
matches=yes
ipv6=no
available=1500000
instances=128
watches=8192
free=2500000000
clock=1700000060000
init=docker-init
`;

describe('what a container finds', () => {
  test('is read from what it prints', () => {
    expect(parseProbe(SAID)).toEqual({
      features: { vxlan: true, ipip: false, wireguard: false, ipset: true, ipv6: false },
      matches: true,
      inotifyInstances: 128,
      inotifyWatches: 8192,
      free: 2.5e9,
      available: 1_536_000_000,
      clock: 1_700_000_060_000,
      init: 'docker-init',
    });
  });

  test('is told with the fix', () => {
    const found = probeFindings(parseProbe(SAID), 1_700_000_000_000);
    expect(found.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'inotify limited',
      'engine-disk limited',
      'memory-left limited',
      'clock limited',
      'init limited',
      'matches good',
      'vxlan good',
      'ipip limited',
      'wireguard limited',
      'ipset good',
      'ipv6 limited',
    ]);
    expect(found[0]?.remedy).toBe(
      "On the engine's machine: sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288",
    );
    expect(found[1]?.says).toContain('A cluster does not fit');
    expect(found[2]?.says).toBe(
      "1.5 GB of the engine's memory are free for programs. A lab's cluster takes about 3 GB.",
    );
    expect(found[3]?.says).toContain('60 seconds ahead');
  });

  test('is all good on a machine that has everything', () => {
    const report = parseProbe(
      SAID.replaceAll('=no', '=yes')
        .replace('128', '512')
        .replace('8192', '524288')
        .replace('2500000000', '90000000000')
        .replace('available=1500000', 'available=8000000')
        .replace('docker-init', 'sleep'),
    );
    const found = probeFindings(report, 1_700_000_061_000);
    expect(found.filter(({ state }) => state !== 'good')).toEqual([]);
    expect(unprobed('why').map(({ id }) => id)).toEqual(
      found.map(({ id }) => id).filter((id) => id !== 'init'),
    );
  });

  test('is asked of a container without privileges that is gone afterwards', async () => {
    const docker = new FakeDocker({ images: ['tools'], exec: () => SAID });
    const report = await probe(docker, { image: 'tools', name: 'underlay-1-probe', signal });
    expect(report).toMatchObject({ ok: true, value: { features: { vxlan: true } } });
    expect(await docker.containers.inspect('underlay-1-probe', signal)).toEqual({
      ok: true,
      value: undefined,
    });
  });
});

describe('what a lab needs of a kernel', () => {
  const lab = smallEnvironment();
  const pool = (ipipMode: string): typeof lab.start => [
    {
      file: 'pool.yaml',
      text: `kind: IPPool\nspec: { cidr: 10.0.0.0/8, ipipMode: ${ipipMode}, vxlanMode: Never }\n`,
    },
  ];

  test('follows from its pools', () => {
    expect(kernelNeeds(lab)).toEqual(['ipset', 'vxlan']);
    expect(kernelNeeds({ ...lab, start: pool('CrossSubnet') })).toEqual(['ipset', 'vxlan', 'ipip']);
    // The manifest's own pool is IP in IP.
    expect(kernelNeeds({ ...lab, start: [] })).toContain('ipip');
    expect(
      kernelNeeds({ ...lab, start: [], calico: { install: 'operator', pools: 'operator' } }),
    ).not.toContain('ipip');
    const topology = { ...lab.topology, podCidr6: cidr6('fd00:10:244::/56') };
    expect(kernelNeeds({ ...lab, topology })).toEqual(['ipset', 'vxlan', 'ipv6']);
  });

  test('and is refused with the way round where it is missing', () => {
    const { features } = parseProbe(SAID);
    expect(lackOf(lab, features)).toBeUndefined();
    expect(lackOf({ ...lab, start: pool('Always') }, features)).toEqual({
      code: 'kernel-feature-missing',
      message: 'This lab needs IP in IP, which the kernel of your Docker Engine does not have.',
      remedy: 'Run it on the simulator, or on an engine with another kernel.',
    });
  });
});
