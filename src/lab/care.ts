/**
 * The port that serves the screens around labs: what of an engine works on this machine, and what it left behind. Only an
 * engine that has such cares implements it.
 */
import type { Result } from '../base/result.ts';
import type { BundleLoader } from './bundle-loader.ts';
import type { LabError, Progress } from './ports.ts';

/** What was found of one thing that Underlay needs of a machine. */
export interface Finding {
  /** Stable, for scripts: `node`, `docker`, `inotify`, ... */
  readonly id: string;
  readonly title: string;
  /**
   * `good`; `limited`: Underlay runs, but something of it does not; `broken`: Underlay does not run until it is mended;
   * `unknown`: it could not be looked at, since something before it fails.
   */
  readonly state: 'good' | 'limited' | 'broken' | 'unknown';
  /** One sentence: what was found. */
  readonly says: string;
  /** What to do about it; not there when nothing is to be done. */
  readonly remedy?: string;
}

/** Findings as they are shown: of what could not be looked at for one and the same reason, the reason is said once. */
export function findingRows(findings: readonly Finding[]): readonly Finding[] {
  const rows: Finding[] = [];
  for (const finding of findings) {
    const at = rows.findIndex(({ state, says }) => state === 'unknown' && says === finding.says);
    const row = rows[at];
    if (row && finding.state === 'unknown') rows[at] = { ...row, title: `${row.title}, ${finding.title}` };
    else rows.push(finding);
  }
  return rows;
}

/** What a lab needs of a kernel and may not find. */
export type KernelFeature = 'vxlan' | 'ipip' | 'wireguard' | 'ipset' | 'ipv6';

export interface CareOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface EngineCare {
  /** Looks anew each time, never cached; findings are told in the order in which they are found. */
  doctor(options: {
    readonly signal: AbortSignal;
    readonly onFinding?: (finding: Finding) => void;
  }): Promise<readonly Finding[]>;
  /** What earlier sessions left on the machine and nobody uses. */
  leftovers(signal: AbortSignal): Promise<Result<readonly Leftover[], LabError>>;
  /** Removes those; what is in use by a running session, or not ours, is never touched. Trying again is harmless. */
  clean(names: readonly string[], options: CareOptions): Promise<Result<void, LabError>>;
  /** Brings what its labs need to a machine without a network. */
  readonly bundles: BundleLoader;
}

/** A cluster that is there without a session. */
export interface Leftover {
  /** The cluster's name, by which it is cleaned. */
  readonly name: string;
  /** The lab it was made for, when its journal is there. */
  readonly lab?: string;
  /** `unfinished`: its making or its removal was cut short; `idle`: it is whole, and nobody uses it; `stopped`: so, with its containers stopped. */
  readonly kind: 'unfinished' | 'idle' | 'stopped';
  /** Milliseconds since 1970. */
  readonly created?: number;
  readonly containers: number;
  /** Bytes of its volumes and writable layers; absent when the engine could not say. */
  readonly size?: number;
}
