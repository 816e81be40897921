import { expect, test } from 'vitest';
import { LAB } from '../../../test/renderer-harness/canned-steps.ts';
import { layOutTopology, type Chip } from './topology-layout.ts';

const inside = (chip: Chip, box: { x: number; y: number; w: number; h: number }): boolean =>
  chip.x >= box.x && chip.y >= box.y && chip.x + chip.w <= box.x + box.w && chip.y + chip.h <= box.y + box.h;

test.each([420, 560, 900])(
  'at %i px every node and host stands in its segment, and nothing overlaps',
  (width) => {
    const { segments, chips } = layOutTopology(LAB.topology, width);
    for (const chip of chips) {
      const home = [...LAB.topology.nodes, ...LAB.topology.hosts].find(({ name }) =>
        chip.place.endsWith(`/${name}`),
      )?.segment;
      if (chip.kind === 'router') continue;
      expect(segments.filter((segment) => inside(chip, segment)).map(({ name }) => name)).toEqual([home]);
    }
    const overlapping = chips.flatMap((a, at) =>
      chips
        .slice(at + 1)
        .filter((b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h),
    );
    expect(overlapping).toEqual([]);
  },
);

test('the strip is as wide as the pane, where the pane is wide enough', () => {
  expect(layOutTopology(LAB.topology, 700).width).toBeCloseTo(700);
});

test('each port of a router is a cable to its segment', () => {
  const { cables, segments } = layOutTopology(LAB.topology, 700);
  expect(cables.map(({ address }) => address)).toEqual(['10.0.0.1', '10.0.1.1', '203.0.113.1']);
  for (const cable of cables) expect(segments.some(({ x, w }) => cable.x > x && cable.x < x + w)).toBe(true);
});

test('a lab without routers and nodes is an empty strip', () => {
  expect(layOutTopology({ segments: [], routers: [], nodes: [], hosts: [] }, 500)).toMatchObject({
    height: 0,
    chips: [],
  });
});
