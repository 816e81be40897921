/** The small lab that contracts of engines are tried on: how it is opened, and how its terminals are read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { parseTopology } from '../lab/topology.ts';
import type {
  Belongings,
  LabEngine,
  LabEnvironment,
  LabSession,
  ReachFlow,
  ShellStream,
} from '../lab/ports.ts';
import { formatPlace, parsePlace, WORKSTATION, type Place } from '../model/place.ts';

const TOPOLOGIES = join(import.meta.dirname, '..', '..', 'labs', 'topologies');

/** Those that have the nodes it names. */
export type SmallTopology = 'two-racks' | 'dual-stack';

const POOL = `apiVersion: projectcalico.org/v3
kind: IPPool
metadata: { name: default-ipv4-ippool }
spec: { cidr: 10.244.0.0/16, vxlanMode: Always, ipipMode: Never, natOutgoing: true }
`;

const pod = (name: string, node: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: web } }
spec:
  nodeSelector: { kubernetes.io/hostname: ${node} }
  containers:
    - name: web
      image: registry.k8s.io/e2e-test-images/agnhost:2.53
      args: [netexec, --http-port=80]
`;

const SERVICE = `apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`;

/** Pods \`near\` and \`far\` in different racks behind the service \`web\`, and a file for the learner. */
export function smallEnvironment(name: SmallTopology = 'two-racks'): LabEnvironment {
  const file = join(TOPOLOGIES, `${name}.yaml`);
  const topology = parseTopology(file, readFileSync(file, 'utf8'));
  if (!topology.ok) throw new Error(JSON.stringify(topology.error));
  return {
    id: 'small',
    topology: topology.value,
    calico: { install: 'manifest', pools: 'user' },
    start: [
      { file: '10-pool.yaml', text: POOL },
      { file: '20-web.yaml', text: [pod('near', 'node1'), pod('far', 'node3'), SERVICE].join('---\n') },
    ],
    files: [{ path: 'notes.txt', text: 'Read me.\n' }],
  };
}

export const SIGNAL = new AbortController().signal;

export const place = (text: string): Place => {
  const parsed = parsePlace(text);
  if (!parsed) throw new Error(`no place ${text}`);
  return parsed;
};

// eslint-disable-next-line no-control-regex -- control sequences begin with ESC, titles end with BEL
const CONTROL = /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007]*\u0007|\r(?!\n)/g;

/** What a terminal shows, as text without control sequences. */
export class Screen {
  #shown = '';
  readonly #decoder = new TextDecoder();
  readonly #waiting = new Set<() => void>();

  constructor(stream: ShellStream) {
    stream.onData((bytes) => {
      this.#shown += this.#decoder.decode(bytes, { stream: true });
      for (const look of [...this.#waiting]) look();
    });
  }

  /** Sequences may come in pieces: they are looked for in all of it. */
  get text(): string {
    return this.#shown.replaceAll(CONTROL, '');
  }

  /** Resolves once the text matches. */
  until(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!pattern.test(this.text)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

export async function openSession(engine: LabEngine, belongings?: Belongings): Promise<LabSession> {
  const options = { signal: SIGNAL, ...(belongings ? { belongings } : {}) };
  const opened = await engine.open(smallEnvironment(), options);
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

export async function openShell(
  session: LabSession,
  at = WORKSTATION,
): Promise<readonly [ShellStream, Screen]> {
  const opened = await session.shell(at, { columns: 80, rows: 24 });
  if (!opened.ok) throw new Error(opened.error.message);
  const screen = new Screen(opened.value);
  await screen.until(/[$#] $/);
  return [opened.value, screen];
}

export const typed = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What tests ask of the one session they share. */
export interface SharedSession {
  current(): LabSession;
  at(where: string, ...argv: readonly string[]): Promise<unknown>;
  reach(from: string, flow: Omit<ReachFlow, 'from'>): Promise<unknown>;
  /** Where time can be hurried, nobody waits for pods. */
  hurry(): Promise<void>;
  /** Resolves when there is no such place any more: what happens in the cluster is told a moment later. */
  gone(where: string): Promise<void>;
}

/** Milliseconds that opening may take, on a machine that does much else, where a cluster has to be made. */
const OPENING = 900_000;

/** One session for the tests of the surrounding `describe`, reset before each. */
export function sharedSession(makeEngine: () => LabEngine): SharedSession {
  let session: LabSession;

  beforeAll(async () => {
    session = await openSession(makeEngine());
  }, OPENING);

  beforeEach(async () => {
    expect(await session.reset(SIGNAL)).toEqual({ ok: true, value: undefined });
  });

  afterAll(() => session.dispose());

  return {
    current: () => session,
    at: (where, ...argv) => session.exec(place(where), argv, SIGNAL),
    reach: (from, flow) => session.reach({ from: place(from), ...flow }, SIGNAL),
    hurry: async () => void (await session.clock?.settle(30_000, SIGNAL)),
    gone: (where) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (session.places().map(formatPlace).includes(where)) return;
          unsubscribe();
          resolve();
        };
        const unsubscribe = session.onPlaces(look);
        look();
      }),
  };
}
