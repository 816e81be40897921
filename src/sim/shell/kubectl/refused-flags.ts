/**
 * Flags of the real kubectl that are refused here, each with what to do instead, so that none is called unknown that a
 * learner knows. At its initial value a flag asks for nothing and passes. Names and values: kubectl v1.32 to v1.35.
 */
import type { Verb } from './call.ts';
import type { Flags, FlagSpec } from './flags.ts';
import { bool, duration, int, list, text } from './verbs/shared-flags.ts';

/** Of every command. The help line is the reason, as it ends the sentence of the refusal. */
export const REFUSED_EVERYWHERE: readonly FlagSpec[] = [
  list('as-group', 'the server knows users by name alone; use --as'),
  text('as-uid', 'the server knows users by name alone; use --as'),
  ...['certificate-authority', 'client-certificate', 'client-key', 'tls-server-name'].map((name) =>
    text(name, 'no certificates stand between this kubectl and its cluster'),
  ),
  text('cluster', 'every context reaches the cluster of this lab'),
  text('server', 'every context reaches the cluster of this lab', { short: 's' }),
  ...['password', 'token', 'user', 'username'].map((name) =>
    text(name, 'nobody has to log in to this lab; use --as to speak as somebody else'),
  ),
  text('profile', 'this kubectl is not a program that could be profiled', { initial: 'none' }),
  text('profile-output', 'this kubectl is not a program that could be profiled', {
    initial: 'profile.pprof',
  }),
  int('v', 0, 'this kubectl keeps no log of its requests; use get --raw to see an answer', 'v'),
  text('vmodule', 'this kubectl keeps no log of its requests; use get --raw to see an answer'),
];

interface Refusal {
  readonly verbs: readonly string[];
  readonly flags: readonly FlagSpec[];
}

const SETTERS = ['set env', 'set image', 'set resources', 'set selector', 'set serviceaccount'];
const ROLLOUTS = ['history', 'pause', 'restart', 'resume', 'status', 'undo'].map((word) => `rollout ${word}`);

const KUSTOMIZED = [
  'annotate apply create delete describe edit expose get label patch replace run scale'.split(' '),
  ROLLOUTS,
  SETTERS.filter((path) => path !== 'set selector'),
].flat();

const REPLACING = 'use kubectl replace --force';
const PRUNING = 'nothing is pruned here; use kubectl delete -f FILE';
const RAW = 'use kubectl create, replace or delete -f FILE; only get takes --raw';
const LINE_TIMES = 'the lines of a log are kept here without their times';
const NOT_WAITED = 'pods are not waited for here; use kubectl wait --for=condition=Ready';
const CRLF = 'the editors of this lab end lines as Linux does';

const REFUSALS: readonly Refusal[] = [
  {
    verbs: KUSTOMIZED,
    flags: [text('kustomize', 'write the manifests out and use -f', { short: 'k' })],
  },
  {
    verbs: ['annotate', 'label', 'patch', 'wait', ...SETTERS],
    flags: [
      bool('local', 'objects are always read from the server; use --dry-run=client where nothing may change'),
    ],
  },
  {
    verbs: ['annotate', 'label', 'scale'],
    flags: [text('resource-version', 'use kubectl patch with metadata.resourceVersion in the patch')],
  },
  {
    verbs: ['apply'],
    flags: [
      text('cascade', REPLACING, { initial: 'background', bare: 'background' }),
      bool('force', REPLACING),
      int('grace-period', -1, REPLACING),
      duration('timeout', '0s', REPLACING),
      bool('wait', REPLACING),
      bool('all', PRUNING),
      bool('prune', PRUNING),
      list('prune-allowlist', PRUNING),
      text('selector', 'give -f a file with the wanted manifests only', { short: 'l' }),
      bool('openapi-patch', 'how lists merge is always read from the schema', { initial: 'true' }),
      bool('overwrite', 'what the manifest says always wins; look first with --dry-run=server -o yaml', {
        initial: 'true',
      }),
      text('subresource', 'use kubectl patch --subresource'),
    ],
  },
  {
    verbs: ['config view'],
    flags: [
      bool('flatten', 'the kubeconfig file of the lab names no other files'),
      text('merge', 'one kubeconfig file is read at a time', { initial: 'true', bare: 'true' }),
    ],
  },
  {
    verbs: ['create'],
    flags: [
      bool('edit', 'edit the file, or use kubectl edit afterwards'),
      text('raw', RAW),
      text('selector', 'give -f a file with the wanted manifests only', { short: 'l' }),
      bool('windows-line-endings', CRLF),
    ],
  },
  {
    verbs: ['create configmap'],
    flags: [
      bool('append-hash', 'choose a new name when the content changes'),
      list('from-env-file', 'use --from-literal for each line'),
    ],
  },
  {
    verbs: ['delete'],
    flags: [bool('interactive', 'look first with --dry-run=client', { short: 'i' }), text('raw', RAW)],
  },
  {
    verbs: ['edit'],
    flags: [text('subresource', 'use kubectl patch --subresource'), bool('windows-line-endings', CRLF)],
  },
  {
    verbs: ['exec'],
    flags: [
      list('filename', 'name the pod, or TYPE/NAME', 'f'),
      duration('pod-running-timeout', '1m0s', NOT_WAITED),
    ],
  },
  {
    verbs: ['expose', 'replace', 'run'],
    flags: [bool('save-config', 'use kubectl apply -f FILE')],
  },
  {
    verbs: ['get'],
    flags: [bool('server-print', 'tables always come from the server; use -o', { initial: 'true' })],
  },
  {
    verbs: ['logs'],
    flags: [
      bool('all-pods', 'use -l to choose pods by their labels'),
      int('limit-bytes', 0, 'use --tail'),
      int('max-log-requests', 5, 'any number of logs is followed at once'),
      duration('pod-running-timeout', '20s', NOT_WAITED),
      duration('since', '0s', LINE_TIMES),
      text('since-time', LINE_TIMES),
      bool('timestamps', LINE_TIMES),
    ],
  },
  { verbs: ['replace'], flags: [text('raw', RAW)] },
  {
    verbs: ['run'],
    flags: [
      text('cascade', 'with --rm the pod is deleted as kubectl delete does', {
        initial: 'background',
        bare: 'background',
      }),
      list('filename', 'use kubectl create -f FILE', 'f'),
      bool('force', 'use kubectl delete pod NAME --force afterwards'),
      int('grace-period', -1, 'use kubectl delete pod NAME --grace-period afterwards'),
      bool('leave-stdin-open', 'standard input ends with the session'),
      bool('privileged', 'use --overrides with a securityContext'),
      bool('recursive', 'use kubectl create -f FILE', { short: 'R' }),
      duration('timeout', '0s', 'use kubectl delete pod NAME --timeout afterwards'),
      bool('wait', 'use kubectl delete pod NAME afterwards'),
    ],
  },
  {
    verbs: ['scale'],
    flags: [duration('timeout', '0s', 'use kubectl rollout status, which waits for the pods')],
  },
  {
    verbs: ['set env'],
    flags: [bool('resolve', 'look into the config map or secret with kubectl get -o yaml')],
  },
];

/** What a command refuses; some take as their own what is refused everywhere else. */
export function refusedFlags({ path, flags }: Pick<Verb, 'path' | 'flags'>): readonly FlagSpec[] {
  const own = new Set(flags.map(({ name }) => name));
  const refused = REFUSALS.filter(({ verbs }) => verbs.includes(path)).flatMap((refusal) => refusal.flags);
  return [...refused, ...REFUSED_EVERYWHERE.filter(({ name }) => !own.has(name))];
}

/** The sentence for the first refused flag that asks for something; undefined when there is none. */
export function refusalOf(verb: Pick<Verb, 'path' | 'flags'>, flags: Flags): string | undefined {
  const asked = refusedFlags(verb).find(
    ({ name, initial }) => flags.given(name) && flags.text(name) !== initial,
  );
  return asked && `error: kubectl ${verb.path} --${asked.name} is not simulated here: ${asked.help}.`;
}
