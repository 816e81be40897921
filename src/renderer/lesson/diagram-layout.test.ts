import { expect, test } from 'vitest';
import type { Diagram } from '../../course/blocks.ts';
import { layOutDiagram } from './diagram-layout.ts';

const box = (id: string, x: number, y: number, w = 2, h = 1): Diagram['boxes'][number] => ({
  id,
  kind: 'node',
  label: id,
  x,
  y,
  w,
  h,
});
const drawn = (boxes: Diagram['boxes'], cables: Diagram['cables']): ReturnType<typeof layOutDiagram> =>
  layOutDiagram({ title: 't', description: 'd', width: 10, height: 6, boxes, cables }, 512);

test('the grid fills the width, with a margin around it', () => {
  const { width, boxes } = drawn([box('a', 0, 0, 10, 6)], []);
  expect(width).toBe(512);
  expect(boxes[0]).toMatchObject({ x: 6, y: 6, w: 500, h: 300 });
});

test('a label longer than its box is wide is set smaller', () => {
  const { boxes } = drawn([{ ...box('a', 0, 0), label: 'control-plane' }, box('b', 4, 0)], []);
  expect(boxes.map(({ labelSize }) => Math.round(labelSize))).toEqual([12, 13]);
});

test('a box that holds another one is drawn first and labelled at its top', () => {
  const { boxes } = drawn([box('pod', 1, 1), box('node', 0, 0, 4, 4)], []);
  expect(boxes.map(({ id, outer }) => [id, outer])).toEqual([
    ['node', true],
    ['pod', false],
  ]);
});

test.each([
  [
    'side by side',
    box('b', 5, 0),
    [
      { x: 106, y: 31 },
      { x: 256, y: 31 },
    ],
  ],
  [
    'one above the other',
    box('b', 0, 3),
    [
      { x: 56, y: 56 },
      { x: 56, y: 156 },
    ],
  ],
  [
    'askew',
    box('b', 5, 3),
    [
      { x: 56, y: 56 },
      { x: 56, y: 106 },
      { x: 306, y: 106 },
      { x: 306, y: 156 },
    ],
  ],
])('a cable between boxes %s runs from edge to edge', (_how, other, points) => {
  expect(drawn([box('a', 0, 0), other], [{ from: 'a', to: 'b' }]).cables[0]?.points).toEqual(points);
});

test('a cable without its boxes is left out', () => {
  expect(drawn([box('a', 0, 0)], [{ from: 'a', to: 'nowhere' }]).cables).toEqual([]);
});
