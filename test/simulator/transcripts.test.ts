/**
 * The reference transcripts of the kernel, its tools and BIRD, replayed on a cluster that Calico made: what each command prints
 * is equal after the reviewed list of differences (`transcripts-differences.ts`), tables without order as sets.
 *
 * Not replayed: `tracepath` and `nstat`, which no place of a lab has; traffic counters, which count the harness's other tests;
 * what conntrack lists once the harness had removed its last rule that needs it, for the kernel then stops tracking, while a
 * cluster always has such rules; pods with a wrong MTU, which are tested where packets are (`sim/net/forward.test.ts`); and
 * what stays after `ip link set vxlan.calico up`, since a Felix that runs repairs it.
 */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { asInTerminal, comparable } from './transcripts-differences.ts';
import { TranscriptLab, type PoolModes } from './transcripts-lab.ts';

interface Step {
  /** `node1`, `web-0`, `router`, `outside`. */
  readonly at: string;
  readonly run: string;
  /** What says the same here, where that is another line. */
  readonly typed?: string;
  readonly meanwhile?: { readonly at: string; readonly run: string };
  readonly prints: readonly string[];
  readonly exit: number;
}

type Part = 'vxlanCrossSubnet' | 'vxlanStateRemoved' | 'bgp' | 'birdOfNodes' | 'natOutgoing';

const TRANSCRIPTS = JSON.parse(
  readFileSync(new URL('transcripts.golden.json', import.meta.url), 'utf8'),
) as Readonly<Record<Part, readonly Step[]>>;

let lab: TranscriptLab;
afterEach(() => lab.dispose());

async function replayed(steps: readonly Step[]): Promise<readonly object[]> {
  const outcomes: object[] = [];
  for (const { at, run, typed = run, meanwhile } of steps) {
    const asked = lab.run(at, typed);
    if (meanwhile) await lab.run(meanwhile.at, meanwhile.run);
    const done = await asked;
    const prints = comparable(run, asInTerminal(run, done).split('\n'));
    outcomes.push({ line: `${at}# ${run}`, prints, exit: done.exitCode });
  }
  return outcomes;
}

const expected = (steps: readonly Step[]): readonly object[] =>
  steps.map(({ at, run, prints, exit }) => ({
    line: `${at}# ${run}`,
    prints: comparable(run, prints),
    exit,
  }));

const MODES: readonly (readonly [string, Part, PoolModes])[] = [
  ['(a) VXLAN CrossSubnet', 'vxlanCrossSubnet', { vxlanMode: 'CrossSubnet' }],
  [
    '(a) VXLAN CrossSubnet, state taken away piece by piece',
    'vxlanStateRemoved',
    { vxlanMode: 'CrossSubnet' },
  ],
  ['(b) BGP, no encapsulation', 'bgp', { router: true }],
  ['(c) natOutgoing', 'natOutgoing', { vxlanMode: 'CrossSubnet', natOutgoing: true }],
];

describe('the reference transcripts', () => {
  test.each(MODES)('%s', { timeout: 60_000 }, async (_, part, modes) => {
    const steps = TRANSCRIPTS[part];
    expect(steps.length).toBeGreaterThan(20);
    lab = await TranscriptLab.open(modes);
    expect(await replayed(steps)).toEqual(expected(steps));
  });
});

/** Calico's own BIRD is a fork of 1.6, whose tables look otherwise than those of the BIRD 2 in the transcripts; facts do not. */
describe('(b) BIRD on the nodes', () => {
  /** `Mesh_10_0_0_12 BGP up Established` */
  const sessions = (lines: readonly string[]): readonly string[] =>
    lines
      .map((line) => line.trim().split(/\s+/))
      .filter(([name = '']) => /^(Mesh|Node)_(?!10_0_0_10$)/.test(name))
      .map(([name, protocol, , state, , info]) => [name, protocol, state, info].join(' '))
      .toSorted();

  /** `10.244.104.0/26 Mesh_10_0_0_12 via 10.0.0.12 on eth0`; the control plane's block is not in the transcripts. */
  const routes = (lines: readonly string[]): readonly string[] =>
    lines
      .join('\n')
      .replaceAll(/\n\t(?=via|dev)/g, ' ')
      .split('\n')
      .filter((line) => /^[\d.]+\/\d+/.test(line) && !line.startsWith('10.244.235.'))
      .map((line) => {
        const [prefix = ''] = line.split(/\s/);
        const protocol = /\[(\w+) /.exec(line)?.[1] ?? '';
        const way = /via (\S+) on (\S+)/.exec(line)?.[0] ?? /dev (\S+)/.exec(line)?.[0] ?? '';
        return [prefix, protocol, way].filter((word) => word !== '').join(' ');
      })
      .toSorted();

  test('has the same sessions and routes', { timeout: 60_000 }, async () => {
    lab = await TranscriptLab.open({ router: true });
    for (const { at, run, prints } of TRANSCRIPTS.birdOfNodes) {
      if (!/show (protocols|route)$/.test(run)) continue;
      const facts = run.endsWith('protocols') ? sessions : routes;
      const { stdout } = await lab.birdOf(at, run.replace('birdc ', ''));
      expect(facts(stdout.replaceAll(' dev ', '\n\tdev ').split('\n'))).toEqual(facts(prints));
    }
  });
});

/** From Calico's sources only: no kernel here carried IPIP. */
describe('golden routes of IPIP on node1, v3.32', () => {
  const COMMON = [
    'default via 10.0.0.1 dev eth0 ',
    '10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.11 ',
  ];
  const OWN = [
    'blackhole 10.244.166.128/26 proto bird ',
    '10.244.166.129 dev cali0d7763386da scope link metric 1024 ',
    '10.244.166.130 dev cali0761ccbeace scope link metric 1024 ',
  ];
  const through = (prefix: string, node: string, device: 'eth0' | 'tunl0'): string =>
    `${prefix} via ${node} dev ${device} proto bird metric 1024 ${device === 'tunl0' ? 'onlink ' : ''}`;

  test.each(['Always', 'CrossSubnet'] as const)('ipipMode %s', { timeout: 60_000 }, async (ipipMode) => {
    lab = await TranscriptLab.open({ ipipMode });
    const near = ipipMode === 'Always' ? 'tunl0' : 'eth0';
    const { stdout } = await lab.run('node1', 'ip route');
    expect(stdout.split('\n').filter((line) => line !== '' && !line.startsWith('10.244.235.'))).toEqual([
      ...COMMON,
      through('10.244.104.0/26', '10.0.0.12', near),
      through('10.244.135.0/26', '10.0.1.13', 'tunl0'),
      ...OWN,
    ]);
  });
});
