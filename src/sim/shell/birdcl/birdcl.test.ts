/**
 * The client and the daemon's answers, line by line as the real ones give them. The speaker is the one of the transcripts:
 * one neighbour that answers, one that does not.
 */
import { describe, expect, test } from 'vitest';
import { utf8, utf8Text } from '../../../base/bytes.ts';
import type { BgpOpen } from '../../../model/bgp.ts';
import { cidr, ipv4 } from '../../../model/ip.ts';
import type { Place } from '../../../model/place.ts';
import { LOOPBACK } from '../../net/loopback.ts';
import type { Device, Netns } from '../../net/netns.ts';
import type { ChannelView, ProtocolView, RouteView, SpeakerView } from '../../routing/speaker-view.ts';
import type { CommandIo, Input } from '../command.ts';
import { birdcl } from './birdcl.ts';
import golden from './birdcl.golden.json' with { type: 'json' };

const EPOCH = Date.UTC(2026, 10, 21, 4, 15, 16);
const SECOND = 1_000;
const NONE = { received: 0, rejected: 0, filtered: 0, ignored: 0, accepted: 0 };

function channel(facts: Partial<Omit<ChannelView, 'changes'>>, counts: readonly number[] = []): ChannelView {
  const [importUpdates = 0, offered = 0, rejected = 0, filtered = 0, exported = 0] = counts;
  return {
    family: 4,
    preference: 100,
    inputFilter: 'ACCEPT',
    outputFilter: 'REJECT',
    imported: 0,
    exported: 0,
    preferred: 0,
    ...facts,
    changes: {
      importUpdates: { ...NONE, received: importUpdates, accepted: importUpdates },
      importWithdraws: { ...NONE, filtered: undefined },
      exportUpdates: { received: offered, rejected, filtered, ignored: undefined, accepted: exported },
      exportWithdraws: { ...NONE, rejected: undefined, filtered: undefined, ignored: undefined },
    },
  };
}

const basics = { state: 'up', since: 0 } as const;
const one = { imported: 1, preferred: 1 };

/** BIRD 1.6 shows nothing of it. */
const OPEN: BgpOpen = {
  kind: 'open',
  asNumber: 64512,
  holdTime: 240,
  routerId: ipv4('10.0.0.12'),
  capabilities: [],
};

const PROTOCOLS: readonly ProtocolView[] = [
  {
    ...basics,
    name: 'kernel1',
    kind: 'Kernel',
    channels: [
      channel(
        { ...one, preference: 10, exported: 3, outputFilter: 'calico_kernel_programming' },
        [1, 5, 2, 0, 3],
      ),
    ],
  },
  { ...basics, name: 'device1', kind: 'Device' },
  { ...basics, name: 'direct1', kind: 'Direct', channels: [channel({ ...one, preference: 240 }, [1])] },
  { ...basics, name: 'static1', kind: 'Static', channels: [channel({ ...one, preference: 200 }, [1])] },
  {
    name: 'Mesh_10_0_0_11',
    kind: 'BGP',
    state: 'up',
    since: 2 * SECOND,
    bgp: 'Established',
    peer: ipv4('10.0.0.11'),
    peerAs: 64512,
    localAs: 64512,
    passive: false,
    lastError: undefined,
    session: {
      peerRouterId: ipv4('10.0.0.11'),
      opens: { own: OPEN, peer: OPEN },
      peerCapabilities: [
        'refresh',
        'enhanced-refresh',
        'restart-able',
        'llgr-aware',
        'AS4',
        'add-path-rx',
        'add-path-tx',
      ],
      session: ['internal', 'multihop', 'AS4', 'add-path-rx', 'add-path-tx'],
      sourceAddress: ipv4('10.0.0.12'),
      hold: { remaining: 182 * SECOND, total: 240 * SECOND },
      keepalive: { remaining: 62_500, total: 80 * SECOND },
    },
    channel: channel({ ...one, exported: 1, outputFilter: '(unnamed)' }, [1, 4, 1, 2, 1]),
    told: [{ prefix: cidr('10.244.2.0/26'), protocol: 'static1' }],
  },
  {
    name: 'Mesh_10_0_0_99',
    kind: 'BGP',
    state: 'start',
    since: 0,
    bgp: 'Connect',
    peer: ipv4('10.0.0.99'),
    peerAs: 64512,
    localAs: 64512,
    passive: false,
    lastError: 'Socket: No route to host',
    channel: channel({ outputFilter: 'ACCEPT' }),
    told: [],
  },
];

const route = (prefix: string, rest: Omit<RouteView, 'prefix' | 'since' | 'primary'>): RouteView => ({
  prefix: cidr(prefix),
  since: 0,
  primary: true,
  ...rest,
});

/** In the order of the transcripts. */
const ROUTES: readonly RouteView[] = [
  route('0.0.0.0/0', {
    target: { kind: 'via', gateway: ipv4('10.0.0.1'), device: 'eth0' },
    protocol: 'kernel1',
    preference: 10,
    type: 'inherit unicast univ',
    kernel: { source: 3, metric: 0 },
  }),
  route('10.0.0.0/24', {
    target: { kind: 'device', device: 'eth0' },
    protocol: 'direct1',
    preference: 240,
    type: 'device unicast univ',
  }),
  route('10.244.2.0/26', {
    target: { kind: 'blackhole' },
    protocol: 'static1',
    preference: 200,
    type: 'static unicast univ',
  }),
  {
    ...route('10.244.1.0/26', {
      target: { kind: 'via', gateway: ipv4('10.0.0.11'), device: 'eth0' },
      protocol: 'Mesh_10_0_0_11',
      preference: 100,
      type: 'BGP unicast univ',
      bgp: {
        origin: 'IGP',
        asPath: [],
        nextHop: ipv4('10.0.0.11'),
        localPref: 100,
        igpMetric: 0,
        code: 'i',
      },
    }),
    since: 2 * SECOND,
  },
];

const VIEW: SpeakerView = {
  netns: 'node/node2',
  hostname: 'node2',
  software: 'bird-1.6',
  version: 'v0.3.3+birdv1.6.8',
  families: [4],
  routerId: ipv4('10.0.0.12'),
  asNumber: 64512,
  startedAt: 0,
  reconfiguredAt: 0,
  now: 6 * SECOND,
  protocols: PROTOCOLS,
  routes: ROUTES,
  sockets: [],
};

const ETH0: Device = {
  index: 2,
  name: 'eth0',
  kind: { type: 'ether' },
  mac: '02:00:0a:00:00:0c' as Device['mac'],
  mtu: 1500,
  up: true,
  addresses: [{ address: ipv4('10.0.0.12'), length: 24, scope: 'global' }],
  proxyArp: false,
  link: { kind: 'segment', segment: 'rack-a' },
};

const NETNS = {
  id: 'node/node2',
  devices: [LOOPBACK, ETH0],
  routes: [],
} as unknown as Netns;

const POD: Place = { kind: 'pod', namespace: 'kube-system', name: 'calico-node-x' };

const stdinOf = (text: string, isTerminal: boolean): Input => {
  let left: Uint8Array | undefined = utf8(text);
  const read = (): Promise<Uint8Array | undefined> => {
    const now = left;
    left = undefined;
    return Promise.resolve(now);
  };
  return { isTerminal, read, text: () => Promise.resolve(text) };
};

interface Typed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function typed(
  args: readonly string[],
  { view = VIEW, running = true, stdin = '', terminal = false } = {},
): Promise<Typed> {
  const printed = { stdout: '', stderr: '' };
  const to = (name: 'stdout' | 'stderr') => ({
    write: (data: string | Uint8Array) => {
      printed[name] += typeof data === 'string' ? data : utf8Text(data);
      return Promise.resolve();
    },
  });
  const io = {
    args,
    place: POD,
    stdin: stdinOf(stdin, terminal),
    stdout: to('stdout'),
    stderr: to('stderr'),
    signal: new AbortController().signal,
    network: { netnsOf: () => 'node/node2', netns: () => NETNS, memory: () => ({}) },
    routing: { at: (netns: string) => (running && netns === 'node/node2' ? view : undefined) },
    clock: { epoch: EPOCH },
  } as unknown as CommandIo;
  return { code: await birdcl.run(io), ...printed };
}

describe('what the real one prints', () => {
  test.each(Object.entries(golden.cases))('%s', async (line, output) => {
    expect(await typed(line.split(' '))).toEqual({ code: 0, stdout: `${output.join('\n')}\n`, stderr: '' });
  });
});

describe('routes', () => {
  const shown = async (line: string): Promise<readonly string[]> =>
    (await typed(line.split(' '))).stdout.split('\n').slice(1, -1);

  test.each([
    ['show route where net ~ [10.244.0.0/16+] && source = RTS_BGP', ['10.244.1.0/26']],
    ['show route where net ~ 10.244.0.0/16', ['10.244.2.0/26', '10.244.1.0/26']],
    ['show route where ! (preference > 100) primary', ['0.0.0.0/0', '10.244.1.0/26']],
    ['show route where ifname = "eth0" && from = 10.0.0.11', ['10.244.1.0/26']],
    ['show route preexport Mesh_10_0_0_11', ['0.0.0.0/0', '10.0.0.0/24', '10.244.2.0/26']],
    ['show route where proto ~ "Mesh*"', ['10.244.1.0/26']],
  ])('%s', async (line, prefixes) => {
    expect((await shown(line)).map((text) => text.split(' ')[0])).toEqual(prefixes);
  });

  test('a condition that this simulator cannot judge says so', async () => {
    expect(await shown('show route where bgp_path ~ 1')).toEqual([
      "where bgp_path: this simulator's conditions know only true, false, net, proto, preference, source, from, gw, ifname, bgp_next_hop, bgp_local_pref",
    ]);
  });

  test('several paths of a prefix, and next hops out of reach (layout: upstream samples)', async () => {
    const bgp = (rest: object) => ({
      bgp: { origin: 'IGP', asPath: [], nextHop: ipv4('10.0.1.13'), localPref: 100, code: 'i', ...rest },
    });
    const routes = [
      { ...ROUTES[1], prefix: cidr('172.17.0.0/16') },
      {
        ...ROUTES[3],
        prefix: cidr('172.17.0.0/16'),
        primary: false,
        from: ipv4('10.0.1.13'),
        ...bgp({ igpMetric: '?', code: 'AS65001?' }),
      },
      { ...ROUTES[3], target: { kind: 'unreachable' }, from: ipv4('10.0.1.13'), ...bgp({ igpMetric: '-' }) },
    ] as readonly RouteView[];
    const { stdout } = await typed(['show', 'route'], { view: { ...VIEW, routes } });
    expect(stdout.split('\n').slice(1)).toEqual([
      '172.17.0.0/16      dev eth0 [direct1 04:15:16] * (240)',
      '                   via 10.0.0.11 on eth0 [Mesh_10_0_0_11 04:15:18 from 10.0.1.13] (100/?) [AS65001?]',
      '10.244.1.0/26      unreachable [Mesh_10_0_0_11 04:15:18 from 10.0.1.13] * (100/-) [i]',
      '',
    ]);
  });

  test('times become dates after twenty hours', async () => {
    const { stdout } = await typed(['show', 'protocols', 'static1'], {
      view: { ...VIEW, now: 20 * 3600 * SECOND },
    });
    expect(stdout.split('\n')[2]).toBe('static1  Static   master   up     2026-11-21  ');
  });
});

describe('the client', () => {
  test('-v shows codes, -r allows looking only (both compared with the real client)', async () => {
    expect((await typed(['-v', 'show', 'status'])).stdout).toBe(
      [
        '0001 BIRD v0.3.3+birdv1.6.8 ready.',
        '1000-BIRD v0.3.3+birdv1.6.8',
        '1011-Router ID is 10.0.0.12',
        '     Current server time is 2026-11-21 04:15:22',
        '     Last reboot on 2026-11-21 04:15:16',
        '     Last reconfiguration on 2026-11-21 04:15:16',
        '0013 Daemon is up and running',
        '',
      ].join('\n'),
    );
    expect((await typed(['-r', 'disable', 'static1'])).stdout).toBe(
      'BIRD v0.3.3+birdv1.6.8 ready.\nAccess restricted\nAccess denied\n',
    );
  });

  test('a wrong option, another socket, no daemon', async () => {
    expect(await typed(['-x'])).toEqual({
      code: 1,
      stdout: '',
      stderr: "birdcl: invalid option -- 'x'\nUsage: birdcl [-s <control-socket>] [-v] [-r] [-l]\n",
    });
    const nowhere = await typed(['-s', '/nowhere', 'show', 'status']);
    expect(nowhere.stderr).toBe(
      'Unable to connect to server control socket (/nowhere): No such file or directory\n',
    );
    expect((await typed(['show', 'status'], { running: false })).code).toBe(1);
    expect((await typed(['-s', '/var/run/calico/bird.ctl', 'show', 'route', 'count'])).stdout).toContain(
      '4 of 4 routes for 4 networks\n',
    );
  });

  test('a conversation: prompt, help at the question mark, quit', async () => {
    const { stdout, code } = await typed([], {
      stdin: 'show route count\n\nhelp\nshow in ?\nshow r ?\nconf u?\nfoo\nquit\nnever\n',
      terminal: true,
    });
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'BIRD v0.3.3+birdv1.6.8 ready.',
        'bird> 4 of 4 routes for 4 networks',
        "bird> bird> Press `?' for context sensitive help.",
        'bird> show interfaces                                Network interfaces',
        'show interfaces summary                        Network interfaces, one line each',
        'bird> show route [<prefix>|for <prefix>|for <ip>] [table <t>] [filter <f>|where <cond>] [all] [primary] [filtered] [(export|preexport|noexport) <p>] [protocol <p>] [stats|count]  Routing table',
        'bird> configure undo                                 Go back to the configuration before',
        "bird> No such command. Press `?' for help.",
        'bird> ',
      ].join('\n'),
    );
  });

  test('without a terminal it repeats what it reads, and ends with it', async () => {
    expect((await typed([], { stdin: 'show route count\n' })).stdout).toBe(
      'BIRD v0.3.3+birdv1.6.8 ready.\nbird> show route count\n4 of 4 routes for 4 networks\nbird> \n',
    );
  });

  test('what would change the daemon is refused in a plain sentence', async () => {
    const said = async (line: string): Promise<string> =>
      (await typed(line.split(' '))).stdout.split('\n').slice(1).join('\n');
    expect(await said('disable Mesh_10_0_0_11')).toBe(
      'Mesh_10_0_0_11: not simulated: disable would act on a running daemon; change BGPConfiguration instead\n',
    );
    expect(await said('configure soft')).toBe(
      'configure soft: not simulated: confd alone configures BIRD here\n',
    );
    expect(await said('restart "Mesh*"')).toMatch(/^Mesh_10_0_0_11: .*\nMesh_10_0_0_99: .*\n$/);
  });
});
