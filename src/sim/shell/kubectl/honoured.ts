/**
 * Every kubectl command: what is honoured (the verbs, with their flags and provenance) and what is not, by group as
 * `kubectl help` lists them. Command names: kubectl v1.35.
 */
import type { Verb } from './call.ts';
import { APPLY } from './verbs/apply.ts';
import { AUTH_VERBS } from './verbs/auth.ts';
import { CONFIG_VERBS } from './verbs/config.ts';
import { CP } from './verbs/cp.ts';
import { CREATE, CREATE_GENERATORS } from './verbs/create.ts';
import { DELETE } from './verbs/delete.ts';
import { DESCRIBE } from './verbs/describe.ts';
import { DRAIN } from './verbs/drain.ts';
import { EDIT } from './verbs/edit.ts';
import { EVENTS } from './verbs/events.ts';
import { EXEC } from './verbs/exec.ts';
import { EXPLAIN } from './verbs/explain.ts';
import { EXPOSE } from './verbs/expose.ts';
import { GET } from './verbs/get.ts';
import { ANNOTATE, LABEL } from './verbs/label.ts';
import { LOGS } from './verbs/logs.ts';
import { CORDON, TAINT, UNCORDON } from './verbs/nodes.ts';
import { PATCH } from './verbs/patch.ts';
import { PLAIN_REFUSALS } from './verbs/plain-refusals.ts';
import { PORT_FORWARD } from './verbs/port-forward.ts';
import { REPLACE } from './verbs/replace.ts';
import { ROLLOUT_HISTORY } from './verbs/rollout-history.ts';
import { ROLLOUT_PAUSE, ROLLOUT_RESUME } from './verbs/rollout-pause.ts';
import { ROLLOUT_RESTART, ROLLOUT_STATUS, ROLLOUT_UNDO } from './verbs/rollout.ts';
import { RUN } from './verbs/run.ts';
import { SCALE } from './verbs/scale.ts';
import { API_RESOURCES, API_VERSIONS, CLUSTER_INFO, VERSION } from './verbs/server-info.ts';
import { SET_ENV } from './verbs/set-env.ts';
import { SET_VERBS } from './verbs/set.ts';
import { WAIT } from './verbs/wait.ts';

/** By path: `get`, `rollout status`, `create service clusterip`. */
export const HONOURED: readonly Verb[] = [
  ANNOTATE,
  API_RESOURCES,
  API_VERSIONS,
  APPLY,
  ...AUTH_VERBS,
  CLUSTER_INFO,
  ...CONFIG_VERBS,
  CORDON,
  CP,
  CREATE,
  ...CREATE_GENERATORS,
  DELETE,
  DESCRIBE,
  DRAIN,
  EDIT,
  EVENTS,
  EXEC,
  EXPLAIN,
  EXPOSE,
  GET,
  LABEL,
  LOGS,
  PATCH,
  ...PLAIN_REFUSALS,
  PORT_FORWARD,
  REPLACE,
  ROLLOUT_HISTORY,
  ROLLOUT_PAUSE,
  ROLLOUT_RESTART,
  ROLLOUT_RESUME,
  ROLLOUT_STATUS,
  ROLLOUT_UNDO,
  RUN,
  SCALE,
  SET_ENV,
  ...SET_VERBS,
  TAINT,
  UNCORDON,
  VERSION,
  WAIT,
];

/** Other words for a path, as kubectl takes them. */
export const ALIASES: ReadonlyMap<string, string> = new Map([
  ['create cm', 'create configmap'],
  ['create deploy', 'create deployment'],
  ['create ns', 'create namespace'],
  ['create sa', 'create serviceaccount'],
  ['create svc', 'create service'],
  ['create svc clusterip', 'create service clusterip'],
  ['create svc loadbalancer', 'create service loadbalancer'],
  ['create svc nodeport', 'create service nodeport'],
  ['config use', 'config use-context'],
  ['event', 'events'],
  ['set sa', 'set serviceaccount'],
  ['top no', 'top node'],
  ['top nodes', 'top node'],
  ['top po', 'top pod'],
  ['top pods', 'top pod'],
]);

/** Commands of the real kubectl that this one does not have, with what to do instead. */
export const NOT_SIMULATED: ReadonlyMap<string, string> = new Map([
  ['alpha', 'there is nothing experimental here'],
  [
    'attach',
    'the containers here have no terminal of their own; use kubectl exec -it POD -- sh, or kubectl logs -f POD',
  ],
  ['auth reconcile', 'everything is allowed in this lab'],
  ['autoscale', 'no metrics are measured to scale by; use kubectl scale to set the size'],
  ['certificate', 'this cluster issues no certificates'],
  ['completion', 'this shell completes kubectl with the Tab key already'],
  ['debug', 'use kubectl run -it --rm probe --image=busybox --restart=Never -- sh'],
  ['diff', 'use kubectl apply --dry-run=server -f FILE -o yaml and compare'],
  ['kustomize', 'write the manifests out and use kubectl apply -f'],
  ['proxy', 'use kubectl get --output json to see API objects'],
  ['config set', 'use kubectl config set-context'],
  ['config set-cluster', 'every context reaches the cluster of this lab'],
  ['config set-credentials', 'everything is allowed in this lab'],
  ['set subject', 'everything is allowed in this lab'],
  ['cluster-info dump', 'use kubectl get all -A -o yaml'],
  ['create clusterrole', 'use kubectl apply -f FILE'],
  ['create cronjob', 'jobs are not run'],
  ['create ingress', 'no ingress controller runs here'],
  ['create job', 'jobs are not run'],
  ['create quota', 'quotas are not enforced'],
  ['create role', 'everything is allowed in this lab'],
  ['create rolebinding', 'everything is allowed in this lab'],
  ['create secret', 'use kubectl apply -f FILE'],
  ['create service externalname', 'use kubectl apply -f FILE'],
]);

/** Commands with subcommands only. */
export const PARENTS: ReadonlyMap<string, string> = new Map([
  ['auth', 'Asks who you are and what you may do.'],
  ['config', 'Shows and changes the contexts of the kubeconfig file.'],
  ['plugin', 'Lists the plugins of kubectl.'],
  ['create service', 'Creates a service of one of the types below.'],
  [
    'rollout',
    'Follows, pauses, restarts or takes back the rollout of a deployment, daemon set or stateful set.',
  ],
  [
    'set',
    'Changes single things of objects: images, environment variables, resources, service accounts, selectors.',
  ],
  ['top', 'Shows CPU and memory use, where it is measured.'],
]);

/** Every command of the real tool in its order, by the groups of `kubectl help`, which lists the honoured ones. */
export const GROUPS: readonly { readonly title: string; readonly names: readonly string[] }[] = [
  { title: 'Basic Commands (Beginner)', names: ['create', 'expose', 'run', 'set'] },
  { title: 'Basic Commands (Intermediate)', names: ['explain', 'get', 'edit', 'delete'] },
  { title: 'Deploy Commands', names: ['rollout', 'scale', 'autoscale'] },
  {
    title: 'Cluster Management Commands',
    names: ['certificate', 'cluster-info', 'top', 'cordon', 'uncordon', 'drain', 'taint'],
  },
  {
    title: 'Troubleshooting and Debugging Commands',
    names: ['describe', 'logs', 'attach', 'exec', 'port-forward', 'proxy', 'cp', 'auth', 'debug', 'events'],
  },
  { title: 'Advanced Commands', names: ['diff', 'apply', 'patch', 'replace', 'wait', 'kustomize'] },
  { title: 'Settings Commands', names: ['label', 'annotate', 'completion'] },
  {
    title: 'Other Commands',
    names: ['alpha', 'api-resources', 'api-versions', 'config', 'plugin', 'version'],
  },
];
