/**
 * The topology strip: routers as bars above the segments they join, nodes and hosts as chips inside their segment.
 * Everything is in pixels of the given width, so that its text keeps its size when the pane is resized.
 */
import type { TopologyView } from '../../contract/api.ts';

export interface Chip {
  readonly place: string;
  readonly name: string;
  readonly address: string;
  readonly kind: 'node' | 'router' | 'host';
  readonly role?: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface SegmentBox {
  readonly name: string;
  readonly subnet: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Cable {
  readonly key: string;
  readonly address: string;
  readonly x: number;
  readonly from: number;
  readonly to: number;
}

export interface TopologyLayout {
  readonly width: number;
  readonly height: number;
  readonly segments: readonly SegmentBox[];
  readonly chips: readonly Chip[];
  readonly cables: readonly Cable[];
}

const GAP = 8;
const CHIP = { w: 100, h: 34 };
const HEAD = 20;
const ROUTER = { h: 24, below: 18 };
const LEAST_SEGMENT = 116;
/** Pixels of a character, of the segment's name and of its subnet. */
const CHARACTER = { name: 7.4, subnet: 6.5 };

type Member = Omit<Chip, 'x' | 'y' | 'w' | 'h'>;

export function layOutTopology(topology: TopologyView, width: number): TopologyLayout {
  const members = topology.segments.map((segment) => membersOf(topology, segment.name));
  const widths = shareWidth(
    topology.segments.map((segment, at) => ({ least: leastWidth(segment), chips: members[at]?.length ?? 0 })),
    width,
  );
  const top = topology.routers.length * (ROUTER.h + 6) + (topology.routers.length > 0 ? ROUTER.below - 6 : 0);
  const segments: SegmentBox[] = [];
  const chips: Chip[] = [];
  let x = 0;
  for (const [at, segment] of topology.segments.entries()) {
    const w = widths[at] ?? 0;
    const inside = placeMembers(members[at] ?? [], { x: x + GAP, y: top + HEAD, w: w - 2 * GAP });
    chips.push(...inside);
    const bottom = Math.max(top + HEAD + CHIP.h, ...inside.map((chip) => chip.y + chip.h));
    segments.push({ ...segment, x, y: top, w, h: bottom - top + GAP });
    x += w + GAP;
  }
  // Segments of one row are equally tall.
  const h = Math.max(0, ...segments.map((segment) => segment.h));
  const level = segments.map((segment) => ({ ...segment, h }));
  const { routers, cables } = placeRouters(topology, level);
  return {
    width: Math.max(0, x - GAP),
    height: top + h,
    segments: level,
    chips: [...routers, ...chips],
    cables,
  };
}

function membersOf(topology: TopologyView, segment: string): readonly Member[] {
  const nodes = topology.nodes
    .filter((node) => node.segment === segment)
    .map(({ name, address, role }): Member => ({
      place: `node/${name}`,
      name,
      address: bare(address),
      kind: 'node',
      role,
    }));
  const hosts = topology.hosts
    .filter((host) => host.segment === segment)
    .map(({ name, address }): Member => ({
      place: `host/${name}`,
      name,
      address: bare(address),
      kind: 'host',
    }));
  return [...nodes, ...hosts];
}

/** Room for name, subnet and one chip each; what is left goes to those with more chips. */
function shareWidth(
  segments: readonly { readonly least: number; readonly chips: number }[],
  width: number,
): readonly number[] {
  const needed = segments.reduce((sum, { least }) => sum + least, 0);
  const free = Math.max(0, width - GAP * (segments.length - 1) - needed);
  const weights = segments.map(({ chips }) => Math.max(0, chips - 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return segments.map(
    ({ least }, at) => least + free * (total === 0 ? 1 / segments.length : (weights[at] ?? 0) / total),
  );
}

function leastWidth({ name, subnet }: { readonly name: string; readonly subnet: string }): number {
  return Math.max(LEAST_SEGMENT, name.length * CHARACTER.name + subnet.length * CHARACTER.subnet + 3 * GAP);
}

function placeMembers(
  members: readonly Member[],
  area: { x: number; y: number; w: number },
): readonly Chip[] {
  const columns = Math.max(1, Math.min(members.length, Math.floor((area.w + GAP) / (CHIP.w + GAP))));
  const w = (area.w - GAP * (columns - 1)) / columns;
  return members.map((member, at) => ({
    ...member,
    x: area.x + (at % columns) * (w + GAP),
    y: area.y + Math.floor(at / columns) * (CHIP.h + 6),
    w,
    h: CHIP.h,
  }));
}

function placeRouters(
  topology: TopologyView,
  segments: readonly SegmentBox[],
): { routers: Chip[]; cables: Cable[] } {
  const routers: Chip[] = [];
  const cables: Cable[] = [];
  for (const [row, router] of topology.routers.entries()) {
    const joined = router.ports.flatMap((port) => {
      const segment = segments.find((candidate) => candidate.name === port.segment);
      return segment === undefined ? [] : [{ port, segment }];
    });
    const y = row * (ROUTER.h + 6);
    const left = Math.min(...joined.map(({ segment }) => segment.x));
    const right = Math.max(...joined.map(({ segment }) => segment.x + segment.w));
    if (joined.length === 0) continue;
    routers.push({
      place: `router/${router.name}`,
      name: router.name,
      address: joined.map(({ port }) => bare(port.address)).join(', '),
      kind: 'router',
      x: left,
      y,
      w: right - left,
      h: ROUTER.h,
    });
    for (const { port, segment } of joined) {
      const x = segment.x + segment.w / 2 + row * 10;
      cables.push({
        key: `${router.name} ${port.segment}`,
        address: bare(port.address),
        x,
        from: y + ROUTER.h,
        to: segment.y,
      });
    }
  }
  return { routers, cables };
}

/** Without the prefix length. */
function bare(address: string): string {
  return address.split('/')[0] ?? address;
}
