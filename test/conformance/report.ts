/** What was asked and what came of it, by case: mode x locality x protocol x size x fault. */
import { formatIp } from '../../src/model/ip-family.ts';
import type { Course, Facts, Flow } from './flow.ts';
import { LOCALITIES, NODE_LOCALITIES } from './flow.ts';
import { GENERATED } from './generated.ts';

export interface Compared {
  readonly network: string;
  readonly mode: string;
  readonly fault: string;
  readonly flow: Flow;
  readonly simulated: Course;
  readonly observed: Course;
}

export interface Cell {
  readonly mode: string;
  readonly locality: string;
  readonly protocol: string;
  readonly size: string;
  readonly fault: string;
  readonly flows: number;
  /** Of them, those the kernel did not answer. */
  readonly failing: number;
  readonly disagreements: number;
}

/** Whether both networks did the same, packet by packet. */
export function agrees({ fault, flow, simulated, observed }: Omit<Compared, 'network' | 'mode'>): boolean {
  if (flow.size === 'jumbo' && LOSES_PIECES.has(fault)) return simulated.outcome === observed.outcome;
  return same(simulated, observed) || same(withoutLimited(simulated), observed);
}

/**
 * Faults that strike some pieces of a packet and not others. The simulator moves the pieces of a packet together: which of
 * them still travel on, and how many errors come back, it does not say; only that the packet is lost.
 */
const LOSES_PIECES: ReadonlySet<string> = new Set([
  'uplink down',
  'tunnel down',
  'narrow router port',
  'narrow pod link',
  'a tunnel wider than its path',
]);

const same = (a: Course, b: Course): boolean =>
  a.outcome === b.outcome && a.crossings.join('\n') === b.crossings.join('\n');

/**
 * The course without errors about missing routes. A stack answers five at once to one address and then one a second; that
 * limit cannot be lifted for a namespace (net.ipv4.route.error_burst), and flows that ask together share it.
 */
function withoutLimited({ outcome, crossings, facts }: Course): Course {
  return {
    outcome: outcome === 'error net-unreachable' ? 'nothing' : outcome,
    crossings: crossings.filter((line) => !line.includes(' icmp 3/0 ')),
    facts,
  };
}

/** A flow in the written report: how it went in the kernel, and whether the simulator says the same. */
export interface FlowRecord extends Facts {
  readonly network: string;
  readonly mode: string;
  readonly fault: string;
  readonly locality: string;
  readonly protocol: string;
  readonly size: string;
  readonly bytes: number;
  readonly from: string;
  readonly to: string;
  readonly outcome: string;
  readonly agrees: boolean;
}

export function flowRecord(one: Compared): FlowRecord {
  const { network, mode, fault, flow, observed } = one;
  const { locality, protocol, size, bytes, from, to } = flow;
  const { outcome, facts } = observed;
  return {
    ...{ network, mode, fault, locality, protocol, size, bytes, from, to: formatIp(to) },
    ...{ outcome, ...facts, agrees: agrees(one) },
  };
}

export function cellsOf(flows: readonly FlowRecord[]): readonly Cell[] {
  const cells = new Map<string, Cell>();
  for (const { mode, fault, locality, protocol, size, outcome, agrees: same } of flows) {
    const name = { mode, locality, protocol, size, fault };
    const key = Object.values(name).join('|');
    const known = cells.get(key) ?? { ...name, flows: 0, failing: 0, disagreements: 0 };
    cells.set(key, {
      ...known,
      flows: known.flows + 1,
      failing: known.failing + (outcome === 'answered' ? 0 : 1),
      disagreements: known.disagreements + (same ? 0 : 1),
    });
  }
  return [...cells.values()];
}

/** Networks as they were rebuilt and broken: so many situations a simulator can be wrong about. */
export function situationsOf(
  flows: readonly Pick<Compared, 'network' | 'mode' | 'fault'>[],
): ReadonlySet<string> {
  return new Set(flows.map(({ network, mode, fault }) => `${network}|${mode}|${fault}`));
}

/** One table: a line for each mode and locality, a column for each fault; `delivered/flows`, disagreements after a `!`. */
export function tableOf(asked: readonly FlowRecord[], cells: readonly Cell[]): string {
  const faults = [...new Set(cells.map(({ fault }) => fault))];
  const modes = [...new Set(cells.map(({ mode }) => mode))];
  const rows = modes.flatMap((mode) =>
    [...LOCALITIES, ...NODE_LOCALITIES]
      .filter((locality) => cells.some((cell) => cell.mode === mode && cell.locality === locality))
      .map((locality) => [
        mode,
        locality,
        ...faults.map((fault) =>
          summed(
            cells.filter((cell) => cell.mode === mode && cell.locality === locality && cell.fault === fault),
          ),
        ),
      ]),
  );
  const drawn = asked.filter(({ network }) => network.startsWith(GENERATED));
  const fixed = asked.filter(({ network }) => !network.startsWith(GENERATED));
  const counted = `${situationsOf(fixed).size} fixed situations, ${new Set(drawn.map(({ network }) => network)).size} generated networks, ${asked.length} flows.`;
  return `${counted}\n${aligned([['mode', 'locality', ...faults.map((_, at) => `f${at}`)], ...rows], faults)}`;
}

function summed(cells: readonly Cell[]): string {
  if (cells.length === 0) return '-';
  const sum = (key: 'flows' | 'failing' | 'disagreements'): number =>
    cells.reduce((total, cell) => total + cell[key], 0);
  const wrong = sum('disagreements');
  return `${sum('flows') - sum('failing')}/${sum('flows')}${wrong === 0 ? '' : `!${wrong}`}`;
}

function aligned(rows: readonly (readonly string[])[], faults: readonly string[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const legend = faults.map((fault, at) => `f${at} ${fault}`).join(', ');
  return [`answered/asked, !disagreements. Faults: ${legend}.`, ...lines].join('\n');
}

/** Lines of each side; the first usually tell. */
const SHOWN = 8;

/** What differs, for a person to read. */
export function differenceText(
  { network, mode, fault, flow, simulated, observed }: Compared,
  flowText: (flow: Flow) => string,
): string {
  const only = (these: Course, others: Course): readonly string[] =>
    these.crossings.filter((line) => !others.crossings.includes(line)).slice(0, SHOWN);
  return [
    `${network}, ${mode}, fault: ${fault}: ${flow.locality}: ${flowText(flow)}`,
    `  simulator: ${simulated.outcome}, kernel: ${observed.outcome}`,
    ...only(simulated, observed).map((line) => `  only simulated: ${line}`),
    ...only(observed, simulated).map((line) => `  only observed:  ${line}`),
  ].join('\n');
}
