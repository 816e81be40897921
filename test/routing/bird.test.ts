/**
 * Tables of BGP speakers against those of the real BIRD 2 with the same configuration, and its client's output line by line.
 * On Debian 12 with bird2, as root: `RECORD=1 npx vitest run test/routing/bird.test.ts` records the golden anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { answer } from '../../src/sim/shell/birdcl/server.ts';
import { expand } from '../../src/sim/shell/birdcl/commands.ts';
import { printed } from '../../src/sim/shell/birdcl/reply.ts';
import { kernelOrder, routeLine } from '../../src/sim/shell/ip/route-print.ts';
import { comparable } from './comparable.ts';
import { BIRDC, IP_ROUTE, recorded, type Recorded } from './record.ts';
import { netnsOf, SCENARIOS, type Scenario } from './scenarios.ts';
import { SpeakerLab } from './speaker-lab.ts';

interface Golden {
  readonly provenance: string;
  readonly scenarios: Readonly<Record<string, Recorded>>;
}

const FILE = new URL('bird.golden.json', import.meta.url);

if (process.env['RECORD'] === '1') {
  const scenarios: Record<string, Recorded> = {};
  for (const scenario of SCENARIOS) scenarios[scenario.name] = await recorded(scenario);
  const provenance =
    'BIRD 2.0.12 and its client (Debian 12, bird2 2.0.12-7) and iproute2 6.1 in network namespaces; times and counters taken out, routes sorted by prefix.';
  writeFileSync(FILE, `${JSON.stringify({ provenance, scenarios }, undefined, 1)}\n`);
}

const golden = JSON.parse(readFileSync(FILE, 'utf8')) as Golden;

function settled({ topology, speakers }: Scenario): SpeakerLab {
  const configs = Object.entries(speakers).map(([name, config]) => [netnsOf(name), config] as const);
  return new SpeakerLab(topology).configure(Object.fromEntries(configs)).wait(60_000);
}

function birdc(lab: SpeakerLab, netns: string, line: string): string {
  const expanded = expand(line);
  if (expanded.kind === 'said') return expanded.text;
  const view = lab.view(netns);
  const daemon = { view, epoch: 0, kernel: [], interfaces: [], restricted: false };
  return `BIRD ${view.version} ready.\n${printed(answer(expanded.name, expanded.rest, daemon), false)}`;
}

function ipRoute(lab: SpeakerLab, netns: string): string {
  const routes = lab.stack(netns).routes.filter(({ protocol }) => protocol === 'bird');
  const listed = routes.map((route) => ({ ...route, table: 'main', linkDown: false }) as const);
  return kernelOrder(listed)
    .map((route) => routeLine(route, { protocol: true }, false))
    .join('');
}

describe.each(SCENARIOS)('$name', (scenario) => {
  const lab = settled(scenario);
  const real = golden.scenarios[scenario.name] ?? {};

  test.each(Object.keys(scenario.speakers))('%s', (name) => {
    const netns = netnsOf(name);
    const ours = BIRDC.map((line) => [line, comparable(line, birdc(lab, netns, line))]);
    expect({
      ...Object.fromEntries(ours),
      [IP_ROUTE]: comparable(IP_ROUTE, ipRoute(lab, netns)),
    }).toEqual(real[name]);
  });
});
