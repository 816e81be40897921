/**
 * The learner's own things on a real cluster: files in their homes that are newer than the lab, and what they typed. They are
 * fetched a moment after somebody did something, and kept here, so that they are there when the cluster is not any more.
 */
import { ok, type Result } from '../../../base/result.ts';
import type { Belongings, LabEnvironment, LabError } from '../../../lab/ports.ts';
import { formatPlace, type Place } from '../../../model/place.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { FileEntry } from '../docker/docker.ts';
import { containerOf, type Machine } from '../probe/doors.ts';
import { workingAt } from '../probe/execution.ts';

type Own = Belongings['places'][string];
type LabFiles = LabEnvironment['files'];

/** Milliseconds of quiet before files are fetched. */
const QUIET = 2_000;
/** Seconds for one place. */
const PATIENCE = 20;
/** Bytes of one file, files of one place and lines of one history that are kept. */
const MOST = { bytes: 1024 * 1024, files: 500, lines: 2_000 };

const MARK = '/var/tmp/underlay-arrival';
const HISTORY = '.bash_history';

/** $1: home, $2: what is older is the lab's, $3: largest size in bytes, $4: most files. */
const COLLECT = `find "$1" -xdev -type f -newer "$2" -size -"$3"c ! -path "*/.kube/*" ! -path "*/.cache/*" ! -name "${HISTORY}" |
head -n "$4" | while IFS= read -r file; do printf '%s\\t' "$file"; base64 -w 0 "$file" && echo || echo; done
echo "# history"; [ -f "$1/${HISTORY}" ] && tail -n 2000 "$1/${HISTORY}"; true`;

export class BelongingsKeeper {
  readonly #cluster: Cluster;
  readonly #places: readonly Machine[];
  readonly #known: Map<string, Own>;
  readonly #waiting = new Set<Machine>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #collecting: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(cluster: Cluster, before: Belongings) {
    const { nodes, routers, hosts } = cluster.topology;
    this.#cluster = cluster;
    this.#known = new Map(Object.entries(before.places));
    this.#places = [
      { kind: 'workstation' },
      ...nodes.map(({ name }): Machine => ({ kind: 'node', name })),
      ...routers.map(({ name }): Machine => ({ kind: 'router', name })),
      ...hosts.map(({ name }): Machine => ({ kind: 'host', name })),
    ];
  }

  /** What is there is the lab's own; then what the learner had is put back, where its place still exists. */
  async begin(files: LabFiles, signal: AbortSignal): Promise<Result<void, LabError>> {
    const begun = await Promise.all(
      this.#places.map((place) => this.#begin(place, filesAt(place, files), signal)),
    );
    return begun.find((each) => !each.ok) ?? ok(undefined);
  }

  /** A cluster that was kept has its files: they are looked at. A place that had to be made anew begins anew. */
  async resume(files: LabFiles, signal: AbortSignal): Promise<Result<void, LabError>> {
    const resumed = await Promise.all(
      this.#places.map(async (place): Promise<Result<void, LabError>> => {
        const marked = await this.#sh(place, 'test -e "$1"', [MARK], signal);
        if (!marked.ok) return marked;
        if (marked.value.exitCode !== 0) return this.#begin(place, filesAt(place, files), signal);
        await this.#collect(place, signal);
        return ok(undefined);
      }),
    );
    return resumed.find((each) => !each.ok) ?? ok(undefined);
  }

  now(): Belongings {
    return { places: Object.fromEntries(this.#known) };
  }

  /** Something may have changed there. */
  touched(place: Place): void {
    const found = this.#places.find((each) => formatPlace(each) === formatPlace(place));
    if (!found || this.#ended) return;
    this.#waiting.add(found);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.collected(NEVER), QUIET);
  }

  /** Resolves when everything that was touched has been fetched. */
  async collected(signal: AbortSignal): Promise<void> {
    clearTimeout(this.#timer);
    const places = [...this.#waiting];
    this.#waiting.clear();
    const before = this.#collecting;
    this.#collecting = before.then(async () => {
      await Promise.all(places.map((place) => this.#collect(place, signal)));
    });
    await this.#collecting;
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  async #begin(place: Machine, files: LabFiles, signal: AbortSignal): Promise<Result<void, LabError>> {
    const { workingDir: home } = workingAt(place);
    const lab = files.map(({ path, text }) => ({
      path: path.startsWith('/') ? path : `${home}/${path}`,
      content: new TextEncoder().encode(text),
    }));
    const written = await this.#write(place, lab, signal);
    if (!written.ok) return written;
    // Times have the granularity of the kernel's tick: what comes next must be newer.
    const marked = await this.#sh(place, 'touch "$1" && sleep 0.02', [MARK], signal);
    if (!marked.ok) return marked;
    const own = this.#known.get(formatPlace(place));
    return own ? this.#write(place, entriesOf(own, home), signal) : ok(undefined);
  }

  async #write(
    place: Machine,
    files: readonly FileEntry[],
    signal: AbortSignal,
  ): Promise<Result<void, LabError>> {
    if (files.length === 0) return ok(undefined);
    const { docker } = this.#cluster;
    const written = await docker.containers.writeFiles(containerOf(this.#cluster, place), files, signal);
    if (!written.ok) return written;
    const { user, workingDir } = workingAt(place);
    if (user === undefined) return ok(undefined);
    const owned = await this.#sh(place, 'chown -R "$1": "$2"', [user, workingDir], signal);
    return owned.ok ? ok(undefined) : owned;
  }

  #sh(
    place: Machine,
    script: string,
    args: readonly string[],
    signal: AbortSignal,
  ): ReturnType<Cluster['docker']['containers']['exec']> {
    const container = containerOf(this.#cluster, place);
    const argv = ['sh', '-c', script, 'sh', ...args];
    return this.#cluster.docker.containers.exec(container, argv, { signal, seconds: PATIENCE, user: 'root' });
  }

  /** What cannot be fetched stays as it was known. */
  async #collect(place: Machine, signal: AbortSignal): Promise<void> {
    const { workingDir: home } = workingAt(place);
    const args = [home, MARK, String(MOST.bytes + 1), String(MOST.files)];
    const done = await this.#sh(place, COLLECT, args, signal);
    if (!done.ok || done.value.exitCode !== 0) return;
    const own = readCollected(done.value.stdout);
    const key = formatPlace(place);
    if (Object.keys(own.files).length === 0 && own.history.length === 0) this.#known.delete(key);
    else this.#known.set(key, own);
  }
}

const NEVER = new AbortController().signal;

/** The lab's files are the workstation's. */
const filesAt = ({ kind }: Machine, files: LabFiles): LabFiles => (kind === 'workstation' ? files : []);

export function readCollected(text: string): Own {
  const [files = '', history = ''] = text.split(/^# history\n/m);
  const pairs = files.split('\n').flatMap((line): [string, string][] => {
    const at = line.lastIndexOf('\t');
    return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : [];
  });
  const lines = history.split('\n').filter((line) => line !== '');
  return { files: Object.fromEntries(pairs), history: lines.slice(-MOST.lines) };
}

function entriesOf({ files, history }: Own, home: string): readonly FileEntry[] {
  return [
    ...Object.entries(files).map(([path, data]) => ({ path, content: Buffer.from(data, 'base64') })),
    ...(history.length === 0
      ? []
      : [{ path: `${home}/${HISTORY}`, content: new TextEncoder().encode(`${history.join('\n')}\n`) }]),
  ];
}
