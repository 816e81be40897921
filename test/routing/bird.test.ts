/**
 * Tables of BGP speakers against those of the real BIRD 2 with the same configuration, and its client's output line by line.
 * On Debian 12 with bird2, as root: `RECORD=1 npx vitest run test/routing/bird.test.ts` records the golden anew, and
 * `RECORD=mesh` the scenarios with that word in their names.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { answer } from '../../src/sim/shell/birdcl/server.ts';
import { expand } from '../../src/sim/shell/birdcl/commands.ts';
import { printed } from '../../src/sim/shell/birdcl/reply.ts';
import { kernelOrder, kernelOrder6, routeLine } from '../../src/sim/shell/ip/route-print.ts';
import { routesOf } from '../../src/sim/routing/next-hop.ts';
import { comparable } from './comparable.ts';
import { BIRDC, IP_ROUTE_6, recorded, shownBy, type Recorded } from './record.ts';
import { SCENARIOS_6 } from './scenarios-6.ts';
import { netnsOf, SCENARIOS, type Scenario } from './scenarios.ts';
import { SpeakerLab } from './speaker-lab.ts';

interface Golden {
  readonly provenance: string;
  readonly scenarios: Readonly<Record<string, Recorded>>;
}

const ALL = [...SCENARIOS, ...SCENARIOS_6];
const FILE = new URL('bird.golden.json', import.meta.url);

const asked = process.env['RECORD'] ?? '';
if (asked !== '') {
  const scenarios: Record<string, Recorded> = {};
  const known = (JSON.parse(readFileSync(FILE, 'utf8')) as Golden).scenarios;
  for (const scenario of ALL) {
    const old = asked === '1' || scenario.name.includes(asked) ? undefined : known[scenario.name];
    scenarios[scenario.name] = old ?? (await recorded(scenario));
  }
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

function ipRoute(lab: SpeakerLab, netns: string, line: string): string {
  const isSecond = line === IP_ROUTE_6;
  const routes = routesOf(lab.stack(netns), isSecond ? 6 : 4).filter(({ protocol }) => protocol === 'bird');
  const listed = routes.map((route) => ({ ...route, table: 'main', linkDown: false }) as const);
  return (isSecond ? kernelOrder6 : kernelOrder)(listed)
    .map((route) => routeLine(route, { protocol: true }, false))
    .join('');
}

describe.each(ALL)('$name', (scenario) => {
  const lab = settled(scenario);
  const real = golden.scenarios[scenario.name] ?? {};

  test.each(Object.entries(scenario.speakers))('%s', (name, config) => {
    const netns = netnsOf(name);
    const ours = BIRDC.map((line) => [line, comparable(line, birdc(lab, netns, line))]);
    expect({
      ...Object.fromEntries(ours),
      ...Object.fromEntries(
        shownBy(config).map((line) => [line, comparable(line, ipRoute(lab, netns, line))]),
      ),
    }).toEqual(real[name]);
  });
});
