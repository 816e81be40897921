/**
 * Which pods run, as the API tells it: a `kubectl get --watch` in the control plane's container, started again whenever it
 * ends, with a list after each start, so that nothing that happened meanwhile is missed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Emitter } from '../../../base/event.ts';
import { ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Place } from '../../../model/place.ts';
import type { Kubectl } from '../cluster/cluster.ts';

export type PodPlace = Extract<Place, { readonly kind: 'pod' }>;

/** Namespaces whose pods are the cluster's own; kubectl still shows and enters them. */
const SYSTEM_NAMESPACES: ReadonlySet<string> = new Set([
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'local-path-storage',
  'calico-system',
  'calico-apiserver',
  'tigera-operator',
]);

const FIELDS = ['namespace', 'name'].map((field) => `{.metadata.${field}}{" "}`).join('');
const LISTED = `jsonpath={range .items[*]}${FIELDS}{.status.phase}{"\\n"}{end}`;
const WATCHED = `jsonpath={.type}{" "}${FIELDS.replaceAll('.metadata', '.object.metadata')}{.object.status.phase}{"\\n"}`;

const GET = ['get', 'pods', '--all-namespaces'];
/** Seconds for a list; a watch lasts until it ends. */
const PATIENCE = 15;
/** Milliseconds between a watch's end and the next. */
const PAUSE = 500;

export type WatchKubectl = (
  argv: readonly string[],
  options: { readonly signal: AbortSignal; readonly onOutput: (bytes: Uint8Array) => void },
) => Promise<unknown>;

export interface PodWatchOptions {
  readonly kubectl: Kubectl;
  /** kubectl whose output is told as it comes. */
  readonly watch: WatchKubectl;
  /** Ends it. */
  readonly signal: AbortSignal;
}

export class PodWatch {
  readonly #options: PodWatchOptions;
  readonly #changed = new Emitter<readonly PodPlace[]>();
  readonly onChange = this.#changed.subscribe;
  #running: readonly string[] = [];
  /** Lists that were asked for before something else was heard are out of date. */
  #heard = 0;

  constructor(options: PodWatchOptions) {
    this.#options = options;
  }

  /** By namespace and name. */
  pods(): readonly PodPlace[] {
    return this.#running.map((key) => {
      const [namespace = '', name = ''] = key.split('/');
      return { kind: 'pod', namespace, name };
    });
  }

  /** Resolves when the pods are known; it goes on until the signal says otherwise. */
  async start(): Promise<Result<void, LabError>> {
    const listed = await this.refresh(this.#options.signal);
    if (listed.ok) void this.#follow();
    return listed;
  }

  /** Looks at all of them now. */
  async refresh(signal: AbortSignal): Promise<Result<void, LabError>> {
    for (;;) {
      const heard = this.#heard;
      const answer = await this.#options.kubectl([...GET, `--output=${LISTED}`], {
        signal,
        seconds: PATIENCE,
      });
      if (!answer.ok) return answer;
      if (answer.value.exitCode !== 0) return ok(undefined);
      if (heard !== this.#heard) continue;
      const running = answer.value.stdout.split('\n').flatMap((line) => keyOf(line.split(' ')) ?? []);
      this.#become(running);
      return ok(undefined);
    }
  }

  async #follow(): Promise<void> {
    const { signal, watch } = this.#options;
    while (!signal.aborted) {
      const lines = new Lines((line) => this.#hear(line));
      let begun = false;
      await watch([...GET, '--watch', '--output-watch-events', `--output=${WATCHED}`], {
        signal,
        onOutput: (bytes) => {
          lines.push(bytes);
          if (!begun) void this.refresh(signal);
          begun = true;
        },
      });
      await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
    }
  }

  #hear(line: string): void {
    const [type, ...rest] = line.split(' ');
    const [namespace, name] = rest;
    if (namespace === undefined || name === undefined) return;
    this.#heard += 1;
    const others = this.#running.filter((key) => key !== `${namespace}/${name}`);
    this.#become([...others, ...(type === 'DELETED' ? [] : (keyOf(rest) ?? []))]);
  }

  #become(running: readonly string[]): void {
    const sorted = [...new Set(running)].toSorted();
    if (sorted.join(' ') === this.#running.join(' ')) return;
    this.#running = sorted;
    this.#changed.emit(this.pods());
  }
}

/** `namespace/name` of one that runs and is not the cluster's own. */
function keyOf([namespace = '', name = '', phase]: readonly string[]): string[] | undefined {
  return phase === 'Running' && !SYSTEM_NAMESPACES.has(namespace) ? [`${namespace}/${name}`] : undefined;
}

/** Whole lines of a stream of bytes. */
class Lines {
  readonly #decoder = new TextDecoder();
  readonly #tell: (line: string) => void;
  #rest = '';

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  push(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#tell(line);
  }
}
