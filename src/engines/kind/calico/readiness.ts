/**
 * Whether Calico works, part by part, as `kubectl get nodes,pods,tigerastatuses` tells it: the operator goes on after the pods
 * are ready, and its policies come last (tigera/operator v1.42.3 pkg/controller/status). kind's own `--wait` is no help: without a CNI it
 * waits for what cannot come (kind v0.32.0 pkg/cluster/internal/create/actions/waitforready). Container reasons are those of
 * kubelet (kubernetes v1.35 pkg/kubelet/images, pkg/kubelet/container).
 */
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { err, ok, type Result } from '../../../base/result.ts';
import type { ComponentState, LabError, Progress } from '../../../lab/ports.ts';
import type { Topology } from '../../../model/topology.ts';
import type { Kubectl } from '../cluster/cluster.ts';
import type { Install } from './manifests.ts';

const condition = z.object({ type: z.string(), status: z.string(), message: z.string().optional() });
const waiting = z.object({ reason: z.string().optional(), message: z.string().optional() });
const containerStatus = z.object({
  state: z.object({ waiting: waiting.optional() }).optional(),
});

const item = z.object({
  kind: z.string(),
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.object({ nodeName: z.string().optional() }).optional(),
  status: z
    .object({
      phase: z.string().optional(),
      conditions: z.array(condition).optional(),
      initContainerStatuses: z.array(containerStatus).optional(),
      containerStatuses: z.array(containerStatus).optional(),
    })
    .optional(),
});
const list = z.object({ items: z.array(item) });
type Item = z.infer<typeof item>;

/** Reasons for which nothing is waited any longer in silence: somebody should read them. */
const FAILING = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'InvalidImageName',
  'CrashLoopBackOff',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** What has to be there before pods can be networked, in the order of showing: `every` means one on each node. */
const PARTS: Readonly<Record<Install, readonly { readonly app: string; readonly every?: true }[]>> = {
  manifest: [{ app: 'calico-node', every: true }, { app: 'calico-kube-controllers' }, { app: 'kube-dns' }],
  operator: [
    { app: 'tigera-operator' },
    { app: 'calico-typha' },
    { app: 'calico-node', every: true },
    { app: 'calico-kube-controllers' },
    { app: 'calico-apiserver' },
    { app: 'kube-dns' },
  ],
};

/** What the operator tells of its own work, for the custom resources that a lab's cluster gets. */
const STATUSES: Readonly<Record<Install, readonly string[]>> = {
  manifest: [],
  operator: ['ippools', 'tiers', 'calico', 'apiserver', 'goldmane', 'whisker'],
};

const conditionOf = ({ status }: Item, type: string): z.infer<typeof condition> | undefined =>
  status?.conditions?.find((one) => one.type === type && one.status === 'True');

const isTrue = (of: Item, type: string): boolean => conditionOf(of, type) !== undefined;

/**
 * @param listed the `kubectl get nodes,pods --all-namespaces -o json` of a cluster, with `tigerastatuses` where the operator is
 * @returns one component for each part that is wanted, also when nothing of it is there yet
 */
export function componentsOf(
  listed: unknown,
  install: Install,
  topology: Topology,
): readonly ComponentState[] {
  const { items } = list.parse(listed);
  const nodes = items.filter(({ kind }) => kind === 'Node');
  const pods = items.filter(({ kind }) => kind === 'Pod');
  return [
    ...PARTS[install].flatMap(({ app, every }) => {
      const own = pods.filter(({ metadata }) => metadata.labels?.['k8s-app'] === app);
      if (!every) return [together(app === 'kube-dns' ? 'coredns' : app, own)];
      return topology.nodes.map(({ name }) =>
        together(
          `${app} on ${name}`,
          own.filter(({ spec }) => spec?.nodeName === name),
        ),
      );
    }),
    ...topology.nodes.map(({ name }): ComponentState => {
      const node = nodes.find(({ metadata }) => metadata.name === name);
      return { name: `node ${name}`, state: node && isTrue(node, 'Ready') ? 'ready' : 'waiting' };
    }),
    ...STATUSES[install].map((name) =>
      operatorsWord(
        name,
        items.find(({ kind, metadata }) => kind === 'TigeraStatus' && metadata.name === name),
      ),
    ),
  ];
}

function operatorsWord(name: string, status: Item | undefined): ComponentState {
  const called = `tigerastatus ${name}`;
  if (!status) return { name: called, state: 'waiting' };
  const degraded = conditionOf(status, 'Degraded');
  if (!degraded && isTrue(status, 'Available')) return { name: called, state: 'ready' };
  const message = (degraded ?? conditionOf(status, 'Progressing'))?.message;
  return {
    name: called,
    state: degraded ? 'failing' : 'waiting',
    ...(message ? { says: message } : {}),
  };
}

function together(name: string, pods: readonly Item[]): ComponentState {
  if (pods.length > 0 && pods.every((pod) => isTrue(pod, 'Ready'))) return { name, state: 'ready' };
  const reasons = pods.flatMap(reasonsOf);
  const failing = reasons.find(({ reason }) => FAILING.has(reason));
  if (failing) return { name, state: 'failing', says: said(failing) };
  const [first] = reasons;
  return { name, state: 'waiting', ...(first ? { says: said(first) } : {}) };
}

interface Reason {
  readonly reason: string;
  readonly message?: string | undefined;
}

const reasonsOf = ({ status }: Item): readonly Reason[] =>
  [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(({ state }) =>
    state?.waiting?.reason === undefined
      ? []
      : [{ reason: state.waiting.reason, message: state.waiting.message }],
  );

const said = ({ reason, message }: Reason): string =>
  message === undefined || !FAILING.has(reason) ? reason : `${reason}: ${message}`;

export interface ReadyOptions {
  readonly install: Install;
  readonly topology: Topology;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Milliseconds: until it is given up, and between two looks. */
  readonly patience?: number;
  readonly pause?: number;
  /** Called now and then while something is not ready, to wake who has backed off. */
  readonly nudge?: () => Promise<void>;
}

const PATIENCE = 600_000;
const PAUSE = 1_500;
/** Looks between two nudges: about a minute. */
const NUDGE_AFTER = 40;

/** Looks until every part is ready; the error names those that are not. */
export async function untilReady(kubectl: Kubectl, options: ReadyOptions): Promise<Result<void, LabError>> {
  const { signal, patience = PATIENCE } = options;
  const patient = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  let components: readonly ComponentState[] = [];
  for (let looks = 1; !patient.aborted; looks++) {
    const looked = await look(kubectl, options, patient);
    if (!looked.ok && !patient.aborted) return looked;
    if (looked.ok && looked.value) {
      components = looked.value;
      options.onProgress?.(telling(components));
      if (components.every(isReady)) return ok(undefined);
    }
    await rest(looks, options, patient);
  }
  return err(signal.aborted ? INTERRUPTED : notReady(components));
}

/** Between two looks. */
async function rest(
  looks: number,
  { nudge, pause = PAUSE }: ReadyOptions,
  signal: AbortSignal,
): Promise<void> {
  if (looks % NUDGE_AFTER === 0) await nudge?.();
  await wait(pause, undefined, { signal }).catch(() => undefined);
}

/** Undefined while the API server does not answer: it may be on its way too. */
async function look(
  kubectl: Kubectl,
  { install, topology }: ReadyOptions,
  signal: AbortSignal,
): Promise<Result<readonly ComponentState[] | undefined, LabError>> {
  const kinds = STATUSES[install].length > 0 ? 'nodes,pods,tigerastatuses' : 'nodes,pods';
  const argv = ['get', kinds, '--all-namespaces', '--output=json'];
  const listed = await kubectl(argv, { signal, seconds: 20 });
  if (!listed.ok) return listed;
  const { exitCode, stdout } = listed.value;
  return ok(exitCode === 0 ? componentsOf(JSON.parse(stdout), install, topology) : undefined);
}

const isReady = ({ state }: ComponentState): boolean => state === 'ready';

function telling(components: readonly ComponentState[]): Progress {
  const ready = components.filter(isReady).length;
  return {
    phase: 'Waiting for Calico',
    fraction: ready / components.length,
    detail: `${ready} of ${components.length} parts are ready`,
    components,
  };
}

const INTERRUPTED: LabError = {
  code: 'interrupted',
  message: 'Waiting for Calico was given up.',
  remedy: 'Start the lab again when you like.',
};

function notReady(components: readonly ComponentState[]): LabError {
  const missing = components.filter((component) => !isReady(component));
  const told = missing.map(({ name, says }) => (says === undefined ? name : `${name} (${says})`));
  return {
    code: 'calico-not-ready',
    message: `Calico did not become ready: ${told.join(', ') || 'the cluster told nothing of it'}.`,
    remedy: 'Look at what the machine page says of memory, disk and kernel, then start the lab again.',
  };
}
