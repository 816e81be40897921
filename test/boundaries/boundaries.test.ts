/**
 * The walls between folders, proved by planting: every folder tries to import every other, Node and packages, and
 * exactly the pairs of the table in ARCHITECTURE.md get through. The table is written out here once more, on purpose:
 * loosening the one in eslint.config.js must not go unnoticed.
 */
import { dirname, relative } from 'node:path/posix';
import { describe, expect, it } from 'vitest';
import { WALL, linesAtWalls, rulesFiredBy } from './plant.ts';

/** One file of every area; planted imports need no file behind them. */
const FILES = {
  base: 'src/base/planted.ts',
  model: 'src/model/planted.ts',
  'sim/core': 'src/sim/core/planted.ts',
  'sim/net': 'src/sim/net/planted.ts',
  'sim/routing': 'src/sim/routing/planted.ts',
  'sim/fabric': 'src/sim/fabric/deep/planted.ts',
  'sim/kube': 'src/sim/kube/planted.ts',
  'sim/cni': 'src/sim/cni/calico/planted.ts',
  'sim/shell': 'src/sim/shell/planted.ts',
  'sim/index': 'src/sim/index.ts',
  'sim/planted': 'src/sim/planted.ts',
  lab: 'src/lab/planted.ts',
  course: 'src/course/planted.ts',
  contract: 'src/contract/planted.ts',
  'contract/channel': 'src/contract/channel.ts',
  engines: 'src/engines/planted.ts',
  'engines/sim': 'src/engines/sim/planted.ts',
  'engines/kind': 'src/engines/kind/planted.ts',
  services: 'src/services/planted.ts',
  renderer: 'src/renderer/src/planted.ts',
  preload: 'src/preload/index.ts',
  main: 'src/main/planted.ts',
  server: 'src/server/planted.ts',
  cli: 'src/cli/planted.ts',
  test: 'test/planted.ts',
} as const;

type Area = keyof typeof FILES;
const AREAS = Object.keys(FILES) as Area[];

const FLOORS: Area[] = [
  'sim/core',
  'sim/net',
  'sim/routing',
  'sim/fabric',
  'sim/kube',
  'sim/cni',
  'sim/shell',
];
const CONTRACT: Area[] = ['contract', 'contract/channel'];
const HOST: Area[] = [
  ...(['base', 'model', 'sim/index', 'lab', 'course', ...CONTRACT] as const),
  ...(['engines', 'engines/sim', 'engines/kind', 'services'] as const),
];

const MAY: Record<Area, readonly Area[]> = {
  base: [],
  model: ['base'],
  'sim/core': ['base', 'model'],
  'sim/net': ['base', 'model', 'sim/core'],
  'sim/routing': ['base', 'model', 'sim/core', 'sim/net'],
  'sim/fabric': ['base', 'model', 'sim/core', 'sim/net', 'sim/routing'],
  'sim/kube': ['base', 'model', 'sim/core', 'sim/net', 'sim/routing'],
  'sim/cni': ['base', 'model', 'sim/core', 'sim/net', 'sim/routing', 'sim/fabric', 'sim/kube'],
  'sim/shell': ['base', 'model', ...FLOORS],
  'sim/index': ['base', 'model', ...FLOORS, 'sim/planted'],
  'sim/planted': ['base', 'model', ...FLOORS, 'sim/index'],
  lab: ['base', 'model'],
  course: ['base', 'model', 'lab'],
  contract: ['base', 'model', 'lab', 'course', 'contract/channel'],
  'contract/channel': ['base', 'model', 'lab', 'course', 'contract'],
  engines: ['base', 'model', 'lab'],
  'engines/sim': ['base', 'model', 'lab', 'sim/index', 'engines'],
  'engines/kind': ['base', 'model', 'lab', 'engines'],
  services: ['base', 'model', 'lab', 'course', ...CONTRACT],
  renderer: ['base', 'model', 'lab', 'course', ...CONTRACT],
  preload: ['contract/channel'],
  main: [...HOST, 'server', 'cli'],
  server: [...HOST, 'cli'],
  cli: [...HOST, 'server'],
  test: AREAS,
};

const PURE: Area[] = ['base', 'model', ...FLOORS, 'sim/index', 'sim/planted', 'lab', 'course', ...CONTRACT];

const path = (from: string, to: string): string => {
  const way = relative(dirname(from), to);
  return way.startsWith('.') ? way : `./${way}`;
};

/** A second file of the same area is never a wall, so an area's own sample stands for its neighbours. */
const others = (from: Area): Area[] => AREAS.filter((area) => area !== from);

/** Every way that names another module. */
const WAYS: Record<string, (path: string) => string> = {
  import: (path) => `import { x } from '${path}';`,
  'import type': (path) => `import type { X } from '${path}';`,
  'inline type': (path) => `import { type X } from '${path}';`,
  'side effect': (path) => `import '${path}';`,
  're-export': (path) => `export * from '${path}';`,
  'type re-export': (path) => `export type { X } from '${path}';`,
  'dynamic import': (path) => `void import('${path}');`,
  'type query': (path) => `type Y = import('${path}').X;`,
};

/** One line for every other area, in two of the ways: all pairs of areas together go through all ways many times. */
function plantings(file: string, from: Area): { name: string; to: Area; line: string }[] {
  const ways = Object.entries(WAYS);
  return others(from).flatMap((to, index) => {
    const turn = AREAS.indexOf(from) + index;
    const two = ways.filter((_, way) => way % 4 === turn % 4);
    return two.map(([way, line]) => ({ name: `${to} by ${way}`, to, line: line(path(file, FILES[to])) }));
  });
}

/** What a file may not import: plants every other area, and returns the names of those refused. */
async function refused(file: string, from: Area): Promise<string[]> {
  const planted = plantings(file, from);
  const hit = await linesAtWalls(
    file,
    planted.map(({ line }) => line),
  );
  return planted.filter((_, index) => hit.has(index)).map(({ name }) => name);
}

const expected = (file: string, from: Area, may: readonly Area[]): string[] =>
  plantings(file, from)
    .filter(({ to }) => !may.includes(to))
    .map(({ name }) => name);

describe('the ring table', () => {
  it.each(AREAS)('%s meets exactly its walls', async (from) => {
    expect(await refused(FILES[from], from)).toEqual(expected(FILES[from], from, MAY[from]));
  });

  it('holds inside components, also for types', async () => {
    const wrap = (keyword: string) => (path: string) =>
      `<script lang="ts">${keyword} { X } from '${path}';</script>`;
    for (const keyword of ['import', 'import type']) {
      for (const to of ['services', 'engines', 'engines/sim', 'sim/index', 'sim/net', 'main'] as const) {
        const file = 'src/renderer/src/Planted.svelte';
        expect(await rulesFiredBy(file, wrap(keyword)(path(file, FILES[to]))), `${keyword} ${to}`).toContain(
          WALL,
        );
      }
      const file = 'src/renderer/src/Planted.svelte';
      expect(await rulesFiredBy(file, wrap(keyword)(path(file, FILES.model)))).not.toContain(WALL);
    }
  });

  it('holds for tests beside their source, except for shared test support', async () => {
    const file = 'src/lab/planted.test.ts';
    expect(await refused(file, 'lab')).toEqual(expected(file, 'lab', [...MAY.lab, 'test']));
  });

  it('lets a test of the simulator look at all its floors, and at nothing outside', async () => {
    const file = 'src/sim/net/planted.test.ts';
    const may: Area[] = ['base', 'model', ...FLOORS, 'sim/index', 'sim/planted', 'test'];
    expect(await refused(file, 'sim/net')).toEqual(expected(file, 'sim/net', may));
  });

  it('knows a query behind a path', async () => {
    expect(await rulesFiredBy(FILES.renderer, `import x from '../../sim/net/forward.ts?raw';`)).toContain(
      WALL,
    );
  });
});

describe('packages and builtins', () => {
  /** Those of `names` that a file of `area` may import. */
  async function allowed(area: Area, names: readonly string[]): Promise<string[]> {
    const hit = await linesAtWalls(
      FILES[area],
      names.map((name) => `import { x } from '${name}';`),
    );
    return names.filter((_, index) => !hit.has(index));
  }

  const REVIEWED = ['yaml', 'marked', 'unbash', 'minisearch', '@noble/hashes/sha2.js', 'zod'];
  const NODE = ['node:fs', 'fs', 'node:crypto', 'node:timers/promises'];
  const OTHERS = ['ws', 'dockerode', 'just-bash', 'vitest'];
  const UI = ['svelte', 'svelte/reactivity', '@xterm/addon-fit'];
  const EVERYTHING = [...REVIEWED, ...NODE, ...OTHERS, ...UI, 'electron'];

  it.each(PURE)('%s has no Node and only the reviewed packages', async (area) => {
    expect(await allowed(area, EVERYTHING)).toEqual(REVIEWED);
  });

  it('keeps Node out of the renderer and the preload', async () => {
    expect(await allowed('renderer', EVERYTHING)).toEqual([...REVIEWED, ...UI]);
    expect(await allowed('preload', EVERYTHING)).toEqual(['electron']);
  });

  it.each(['engines', 'engines/sim', 'engines/kind', 'services', 'server', 'cli'] as const)(
    '%s has Node and packages, but not Electron',
    async (area) => {
      expect(await allowed(area, EVERYTHING)).toEqual(EVERYTHING.filter((name) => name !== 'electron'));
    },
  );

  it('gives Electron to main', async () => {
    expect(await allowed('main', EVERYTHING)).toEqual(EVERYTHING);
  });

  it('keeps the bootstrap scripts to plain Node: they run before anything is installed', async () => {
    const lines = ['./say.mjs', 'node:fs', '../main.ts', '../../base/result.ts', 'ws'].map(
      (name) => `import '${name}';`,
    );
    expect(await linesAtWalls('src/cli/bootstrap/planted.mjs', lines)).toEqual(new Set([2, 3, 4]));
  });

  it('gives a test beside its source any package', async () => {
    const lines = [`import { x } from 'vitest';`, `import 'node:fs';`];
    expect(await linesAtWalls('src/model/planted.test.ts', lines)).toEqual(new Set());
  });
});
