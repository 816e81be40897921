/**
 * The places of a simulated lab: which exist, the files each one has, and the shells that run in them. A pod's files end
 * with its container; those of the workstation, nodes, routers and hosts are the learner's to keep.
 */
import type { Belongings, LabEnvironment } from '../../lab/ports.ts';
import { kubeconfig } from './kubeconfig.ts';
import { formatIpv4 } from '../../model/ip.ts';
import { formatIp } from '../../model/ip-family.ts';
import { formatPlace, WORKSTATION, type Place } from '../../model/place.ts';
import {
  imageFiles,
  labCommands,
  MemoryFiles,
  podImage,
  Shell,
  type FileSystem,
  type ImageFacts,
  type Simulator,
  type TextTools,
} from '../../sim/index.ts';

export interface PlacesOptions {
  readonly simulator: Simulator;
  readonly environment: LabEnvironment;
  readonly belongings: Belongings;
  readonly textTools: TextTools;
  readonly breathe: () => Promise<void>;
}

/** Namespaces whose pods are the cluster's own; kubectl still shows and enters them. */
const SYSTEM_NAMESPACES = new Set([
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'calico-system',
  'tigera-operator',
]);

interface Kept {
  readonly files: MemoryFiles;
  /** What the place had before the learner came, to tell their files from it. */
  readonly image: Readonly<Record<string, string>>;
  history: readonly string[];
}

export class Places {
  readonly #options: PlacesOptions;
  readonly #kept = new Map<string, Kept>();
  /** What pods of a restored cluster had, until they are visited. */
  #pods: ReadonlyMap<string, Belongings['places'][string]> = new Map();
  /** What `podBelongings` said last, and of what. */
  #podsTold: { readonly of: readonly unknown[]; readonly places: Belongings['places'] } | undefined;
  /** Interactive shells, whose history belongs to their place. */
  readonly #interactive = new Set<Shell>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Workstation first, then what the topology has, then running pods outside the system namespaces. */
  list(): readonly Place[] {
    const { topology } = this.#options.environment;
    const named =
      (kind: 'node' | 'router' | 'host') =>
      ({ name }: { readonly name: string }): Place => ({ kind, name });
    return [
      WORKSTATION,
      ...topology.nodes.map(named('node')),
      ...this.#runningPods(),
      ...topology.routers.map(named('router')),
      ...topology.hosts.map(named('host')),
    ];
  }

  exists(place: Place): boolean {
    if (place.kind === 'workstation') return true;
    const id = this.#options.simulator.netnsOf(place);
    return id !== undefined && this.#options.simulator.network.netns(id) !== undefined;
  }

  files(place: Place): FileSystem {
    return this.#at(place).files;
  }

  /** A new shell; `interactive` ones share their place's history and give it back. */
  shell(place: Place, interactive = false): Shell {
    const { simulator, textTools, breathe } = this.#options;
    const kept = this.#at(place);
    const shell = new Shell({
      place,
      commands: labCommands,
      ports: {
        cluster: simulator.cluster,
        network: simulator.network,
        routing: simulator.routing,
        agents: simulator.agents,
        clock: simulator.clock,
        sign: (argv, act) => simulator.as({ place, argv }, act),
      },
      files: kept.files,
      textTools,
      breathe,
      history: kept.history,
      elsewhere: (other) => (this.exists(other) ? this.shell(other) : undefined),
    });
    if (interactive) this.#interactive.add(shell);
    return shell;
  }

  closed(shell: Shell): void {
    this.#remember(shell);
    this.#interactive.delete(shell);
  }

  /** The learner's files and histories as they stand; where they have not been yet, as they were. */
  belongings(): Belongings {
    for (const shell of this.#interactive) this.#remember(shell);
    const places = new Map(Object.entries(this.#options.belongings.places));
    for (const [key, kept] of this.#kept) {
      if (key.startsWith('pod/')) continue;
      const own = ownOf(kept);
      if (own) places.set(key, own);
      else places.delete(key);
    }
    return { places: Object.fromEntries(places) };
  }

  /** The same of the pods that run, each under the identity of its container; the same object while it is the same. */
  podBelongings(): Belongings['places'] {
    const of = this.#podsState();
    const told = this.#podsTold;
    if (told?.of.length === of.length && told.of.every((item, at) => item === of[at])) return told.places;
    const now = this.#podsNow();
    const places = told && JSON.stringify(told.places) === JSON.stringify(now) ? told.places : now;
    this.#podsTold = { of: this.#podsState(), places };
    return places;
  }

  /** Everything on which the belongings of pods depend. */
  #podsState(): readonly unknown[] {
    const typed = [...this.#interactive].filter(({ place }) => place.kind === 'pod');
    const visited = [...this.#kept].filter(([key]) => key.startsWith('pod/'));
    return [
      this.#options.simulator.world.cluster.sandboxes,
      this.#pods,
      ...typed.flatMap(({ history }) => [history.length, history.at(-1)]),
      ...visited.flatMap(([key, { files, history }]) => [key, files.edition, history]),
    ];
  }

  #podsNow(): Belongings['places'] {
    for (const shell of this.#interactive) if (shell.place.kind === 'pod') this.#remember(shell);
    const { sandboxes } = this.#options.simulator.world.cluster;
    const running = new Set([...sandboxes.values()].map(({ containerId }) => containerId));
    const places = new Map(this.#pods);
    for (const [key, kept] of this.#kept) {
      if (!key.startsWith('pod/')) continue;
      const own = ownOf(kept);
      if (own) places.set(key, own);
      else places.delete(key);
    }
    return Object.fromEntries([...places].filter(([key]) => running.has(containerOf(key))));
  }

  /** Pods have these files and histories now, and no others: shells that stand in one see them change. */
  restorePods(pods: Belongings['places']): void {
    this.#pods = new Map(Object.entries(pods));
    for (const [key, kept] of this.#kept) {
      if (!key.startsWith('pod/')) continue;
      const before = this.#pods.get(key);
      kept.files.become({ ...kept.image, ...before?.files });
      kept.history = before?.history ?? [];
    }
    this.#podsTold = { of: this.#podsState(), places: pods };
  }

  #runningPods(): readonly Place[] {
    const { store } = this.#options.simulator.world.cluster;
    return store
      .list('pods')
      .filter(
        ({ metadata, status }) =>
          !SYSTEM_NAMESPACES.has(metadata.namespace ?? '') && status?.['phase'] === 'Running',
      )
      .map(({ metadata }): Place => ({
        kind: 'pod',
        namespace: metadata.namespace ?? 'default',
        name: metadata.name,
      }));
  }

  #remember(shell: Shell): void {
    const kept = this.#kept.get(this.#key(shell.place));
    if (kept) kept.history = [...shell.history];
  }

  #at(place: Place): Kept {
    const key = this.#key(place);
    const known = this.#kept.get(key);
    if (known) return known;
    const { belongings, simulator } = this.#options;
    const files = imageFiles(place, this.#facts(place));
    const before = place.kind === 'pod' ? this.#pods.get(key) : belongings.places[key];
    const options = { files, now: () => simulator.now };
    const image = new MemoryFiles(options).snapshot();
    const kept: Kept = {
      files: before ? MemoryFiles.restore(before.files, options) : new MemoryFiles(options),
      image,
      history: before?.history ?? [],
    };
    this.#kept.set(key, kept);
    return kept;
  }

  /** A pod's container has an identity of its own: the next pod of that name starts with fresh files. */
  #key(place: Place): string {
    if (place.kind !== 'pod') return formatPlace(place);
    const { store, sandboxes } = this.#options.simulator.world.cluster;
    const uid = store.get('pods', place.namespace, place.name)?.metadata.uid ?? '';
    return `pod/${place.namespace}/${place.name}#${sandboxes.get(uid)?.containerId ?? ''}`;
  }

  #facts(place: Place): ImageFacts {
    const { topology, files } = this.#options.environment;
    const hosts = topology.nodes.flatMap(({ name, address, address6 }) =>
      [address, ...(address6 ? [address6] : [])].map((own) => ({ name, address: formatIp(own.address) })),
    );
    if (place.kind === 'workstation') {
      return { files: [{ path: '.kube/config', text: kubeconfig(topology) }, ...files], hosts };
    }
    if (place.kind === 'pod')
      return { ...this.#podImage(place), nameserver: formatIpv4(clusterDns(topology)) };
    return { hosts };
  }

  #podImage({ namespace, name }: Extract<Place, { kind: 'pod' }>): ImageFacts {
    const pod = this.#options.simulator.world.cluster.store.get('pods', namespace, name);
    return pod ? podImage(pod) : {};
  }
}

/** kubeadm gives kube-dns the tenth address of the service range. */
function clusterDns({ serviceCidr }: LabEnvironment['topology']): Parameters<typeof formatIpv4>[0] {
  return (serviceCidr.base + 10) as Parameters<typeof formatIpv4>[0];
}

const containerOf = (key: string): string => key.slice(key.indexOf('#') + 1);

/** What of a place is the learner's; undefined when nothing is. */
function ownOf({ files, image, history }: Kept): Belongings['places'][string] | undefined {
  const own = Object.entries(files.snapshot()).filter(([path, data]) => image[path] !== data);
  return own.length === 0 && history.length === 0 ? undefined : { files: Object.fromEntries(own), history };
}
