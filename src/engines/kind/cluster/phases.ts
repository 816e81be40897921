/**
 * kind's own account of its work, read as it comes: what it prints on standard error when that is no terminal (kind v0.32.0
 * pkg/internal/cli/status.go, pkg/cluster/internal/create). A status begins with a bullet and ends with a tick or a cross;
 * the pictures in it are left out before it is compared, so no terminal's or system's spelling of them matters.
 */

type PhaseId =
  | 'image'
  | 'nodes'
  | 'balancer'
  | 'configuration'
  | 'control-plane'
  | 'cni'
  | 'storage'
  | 'control-planes'
  | 'workers';

interface Phase {
  readonly id: PhaseId;
  /** kind's words, without what differs from run to run. */
  readonly says: RegExp;
  /** Ours. */
  readonly title: string;
  /** Seconds it takes on a warm machine, roughly: only their proportions matter. */
  readonly weight: number;
}

/** In kind's order. Those that a configuration leaves out are passed over when a later one begins. */
const PHASES: readonly Phase[] = [
  { id: 'image', says: /^Ensuring node image/, title: 'Looking for the node image', weight: 1 },
  { id: 'nodes', says: /^Preparing nodes/, title: 'Starting the machines', weight: 12 },
  {
    id: 'balancer',
    says: /^Configuring the external load balancer/,
    title: 'Configuring the load balancer',
    weight: 0,
  },
  { id: 'configuration', says: /^Writing configuration/, title: 'Configuring Kubernetes', weight: 2 },
  { id: 'control-plane', says: /^Starting control-plane/, title: 'Starting the control plane', weight: 30 },
  { id: 'cni', says: /^Installing CNI/, title: 'Installing a network', weight: 0 },
  { id: 'storage', says: /^Installing StorageClass/, title: 'Installing storage', weight: 2 },
  {
    id: 'control-planes',
    says: /^Joining more control-plane nodes/,
    title: 'Joining control planes',
    weight: 0,
  },
  { id: 'workers', says: /^Joining worker nodes/, title: 'Joining worker nodes', weight: 22 },
];

type KindLine =
  | { readonly kind: 'begins' | 'done' | 'failed'; readonly phase: PhaseId }
  /** `Set kubectl context to ...`: the cluster is there. */
  | { readonly kind: 'made' }
  | { readonly kind: 'error'; readonly says: string }
  | { readonly kind: 'other' };

const OTHER: KindLine = { kind: 'other' };

/** What a line of kind's says of its progress. */
export function readKindLine(line: string): KindLine {
  const text = plain(line);
  const error = /^ERROR: (.+)$/.exec(text)?.[1];
  if (error !== undefined) return { kind: 'error', says: error };
  if (/^Set kubectl context to "/.test(text)) return { kind: 'made' };
  const [, mark = '', status = ''] = /^\s*([•✓✗])\s+(.*)$/u.exec(line.replaceAll(ESCAPES, '')) ?? [];
  const phase = PHASES.find(({ says }) => says.test(plain(status)));
  if (!phase) return OTHER;
  return { kind: MARKS[mark] ?? 'begins', phase: phase.id };
}

const MARKS: Readonly<Record<string, 'begins' | 'done' | 'failed'>> = {
  '•': 'begins',
  '✓': 'done',
  '✗': 'failed',
};

// eslint-disable-next-line no-control-regex -- a terminal's escape sequences begin with that character
const ESCAPES = /\u001b\[[0-9;]*[A-Za-z]/g;

/** Printable ASCII only, without blanks at the ends. */
const plain = (text: string): string =>
  text
    .replaceAll(ESCAPES, '')
    .replaceAll(/[^\x20-\x7e]/g, '')
    .trim();

/** How far kind is, 0-1, and what it does. A value: `after` gives the next. */
export interface KindProgress {
  readonly phase: PhaseId;
  readonly title: string;
  /** Never falls. */
  readonly fraction: number;
}

const TOTAL = PHASES.reduce((sum, { weight }) => sum + weight, 0);

const atStart = (index: number): number =>
  PHASES.slice(0, index).reduce((sum, { weight }) => sum + weight, 0) / TOTAL;

export const KIND_BEGINS: KindProgress = progressAt('image', 0, 0);

/**
 * @param part 0-1 of the phase itself, when something else tells
 * @param least what was reached already
 */
function progressAt(phase: PhaseId, part: number, least: number): KindProgress {
  const index = PHASES.findIndex(({ id }) => id === phase);
  const { title = '', weight = 0 } = PHASES[index] ?? {};
  const fraction = atStart(index) + (weight / TOTAL) * Math.min(1, Math.max(0, part));
  return { phase, title, fraction: Math.max(least, fraction) };
}

/** How far it is after that line. */
export function afterLine(progress: KindProgress, line: KindLine): KindProgress {
  switch (line.kind) {
    case 'begins':
      return progressAt(line.phase, 0, progress.fraction);
    case 'done':
      return progressAt(line.phase, 1, progress.fraction);
    case 'made':
      return { ...progress, fraction: 1 };
    case 'failed':
    case 'error':
    case 'other':
      return progress;
  }
}

/** Nodes that run are the better part of their phase: kind then waits for the system in each. */
export function afterNodes(progress: KindProgress, started: number, of: number): KindProgress {
  if (progress.phase !== 'nodes') return progress;
  return progressAt('nodes', (0.7 * started) / Math.max(1, of), progress.fraction);
}
