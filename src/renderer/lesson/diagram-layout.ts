/** From a diagram's grid to pixels: boxes scaled to the column's width, cables cut off at the edges of their boxes. */
import type { Diagram } from '../../course/blocks.ts';
import type { Encapsulation } from '../../model/encapsulation.ts';

type Box = Diagram['boxes'][number];

export interface PlacedBox {
  readonly id: string;
  readonly kind: Box['kind'];
  readonly label: string;
  readonly detail?: string;
  /** Pixels of the drawing. */
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  /** Holds other boxes: its label stands at the top. */
  readonly outer: boolean;
  /** Pixels: smaller where the label is longer than its box is wide. */
  readonly labelSize: number;
  /** Label and detail have no room side by side: the detail stands below. */
  readonly stacked: boolean;
}

export interface PlacedCable {
  readonly key: string;
  readonly points: readonly Point[];
  readonly label?: string;
  readonly labelAt: Point;
  readonly encapsulation: Encapsulation | undefined;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface DiagramLayout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly PlacedBox[];
  readonly cables: readonly PlacedCable[];
}

/** Below this the drawing shrinks as a whole, text included. */
const LEAST_WIDTH = 460;
const LARGEST_CELL = 56;
const MARGIN = 6;
/** Pixels of a character. */
const CHARACTER = { label: 7.8, detail: 6.8 };
const LABEL_SIZE = 13;

export function layOutDiagram(diagram: Diagram, width: number): DiagramLayout {
  const space = Math.max(width, LEAST_WIDTH) - 2 * MARGIN;
  const cell = Math.min(LARGEST_CELL, space / Math.max(diagram.width, 1));
  const boxes = diagram.boxes.map((box) => placeBox(box, cell, diagram.boxes));
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const cables = diagram.cables.flatMap((cable, at) => {
    const from = byId.get(cable.from);
    const to = byId.get(cable.to);
    if (from === undefined || to === undefined) return [];
    const points = route(from, to);
    return [
      {
        key: `${at}-${cable.from}-${cable.to}`,
        points,
        ...(cable.label !== undefined && { label: cable.label }),
        labelAt: middle(points),
        encapsulation: cable.encapsulation,
      },
    ];
  });
  return {
    width: diagram.width * cell + 2 * MARGIN,
    height: diagram.height * cell + 2 * MARGIN,
    // Outer boxes first, so that what they hold is drawn above them.
    boxes: boxes.toSorted((a, b) => b.w * b.h - a.w * a.h),
    cables,
  };
}

function placeBox({ x, y, w, h, ...box }: Box, cell: number, all: readonly Box[]): PlacedBox {
  const holds = (other: Box): boolean =>
    other.id !== box.id &&
    other.x >= x &&
    other.y >= y &&
    other.x + other.w <= x + w &&
    other.y + other.h <= y + h;
  return {
    ...box,
    x: x * cell + MARGIN,
    y: y * cell + MARGIN,
    w: w * cell,
    h: h * cell,
    stacked:
      w * cell < box.label.length * CHARACTER.label + (box.detail?.length ?? 0) * CHARACTER.detail + 22,
    labelSize: Math.min(LABEL_SIZE, (LABEL_SIZE * (w * cell - 6)) / (box.label.length * CHARACTER.label)),
    outer: box.kind === 'rack' || all.some(holds),
  };
}

/** A straight line where the boxes face each other, else one with a corner half way. */
function route(from: PlacedBox, to: PlacedBox): readonly Point[] {
  const across = overlap([from.x, from.x + from.w], [to.x, to.x + to.w]);
  const upright = overlap([from.y, from.y + from.h], [to.y, to.y + to.h]);
  if (across !== undefined && upright === undefined) {
    const [a, b] = from.y < to.y ? [from.y + from.h, to.y] : [from.y, to.y + to.h];
    return [
      { x: across, y: a },
      { x: across, y: b },
    ];
  }
  if (upright !== undefined && across === undefined) {
    const [a, b] = from.x < to.x ? [from.x + from.w, to.x] : [from.x, to.x + to.w];
    return [
      { x: a, y: upright },
      { x: b, y: upright },
    ];
  }
  return cornered(from, to);
}

function cornered(from: PlacedBox, to: PlacedBox): readonly Point[] {
  const start = { x: from.x + from.w / 2, y: from.y < to.y ? from.y + from.h : from.y };
  const end = { x: to.x + to.w / 2, y: from.y < to.y ? to.y : to.y + to.h };
  const halfway = (start.y + end.y) / 2;
  return [start, { x: start.x, y: halfway }, { x: end.x, y: halfway }, end];
}

/** The middle of what two ranges share. */
function overlap(a: readonly [number, number], b: readonly [number, number]): number | undefined {
  const low = Math.max(a[0], b[0]);
  const high = Math.min(a[1], b[1]);
  return low < high ? (low + high) / 2 : undefined;
}

function middle(points: readonly Point[]): Point {
  const half = points.length / 2;
  const before = points[Math.floor(half - 0.5)];
  const after = points[Math.ceil(half - 0.5)];
  if (before === undefined || after === undefined) return { x: 0, y: 0 };
  const next = before === after ? (points[Math.floor(half + 0.5)] ?? after) : after;
  return { x: (before.x + next.x) / 2, y: (before.y + next.y) / 2 };
}
