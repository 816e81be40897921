/**
 * Every kubectl command: what is honoured (the verbs, with their flags and provenance) and what is not, by group as
 * `kubectl help` lists them. Command names: kubectl v1.35.
 */
import type { Verb } from './call.ts';
import { APPLY } from './verbs/apply.ts';
import { CONFIG_VERBS } from './verbs/config.ts';
import { CREATE, CREATE_GENERATORS } from './verbs/create.ts';
import { DELETE } from './verbs/delete.ts';
import { DESCRIBE } from './verbs/describe.ts';
import { EXEC } from './verbs/exec.ts';
import { EXPOSE } from './verbs/expose.ts';
import { GET } from './verbs/get.ts';
import { ANNOTATE, LABEL } from './verbs/label.ts';
import { LOGS } from './verbs/logs.ts';
import { CORDON, TAINT, UNCORDON } from './verbs/nodes.ts';
import { PATCH } from './verbs/patch.ts';
import { ROLLOUT_HISTORY, ROLLOUT_RESTART, ROLLOUT_STATUS, ROLLOUT_UNDO } from './verbs/rollout.ts';
import { RUN } from './verbs/run.ts';
import { SCALE } from './verbs/scale.ts';
import { API_RESOURCES, API_VERSIONS, CLUSTER_INFO, VERSION } from './verbs/server-info.ts';
import { WAIT } from './verbs/wait.ts';

/** By path: `get`, `rollout status`, `create service clusterip`. */
export const HONOURED: readonly Verb[] = [
  ANNOTATE,
  API_RESOURCES,
  API_VERSIONS,
  APPLY,
  CLUSTER_INFO,
  ...CONFIG_VERBS,
  CORDON,
  CREATE,
  ...CREATE_GENERATORS,
  DELETE,
  DESCRIBE,
  EXEC,
  EXPOSE,
  GET,
  LABEL,
  LOGS,
  PATCH,
  ROLLOUT_HISTORY,
  ROLLOUT_RESTART,
  ROLLOUT_STATUS,
  ROLLOUT_UNDO,
  RUN,
  SCALE,
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
]);

/** Commands of the real kubectl that this one does not have, with what to do instead. */
export const NOT_SIMULATED: ReadonlyMap<string, string> = new Map([
  ['alpha', 'there is nothing experimental here'],
  ['attach', 'use kubectl exec -it POD -- sh to look into a pod'],
  ['auth', 'everything is allowed in this lab'],
  ['autoscale', 'use kubectl scale to set the size'],
  ['certificate', 'this cluster issues no certificates'],
  ['completion', 'this shell completes kubectl with the Tab key already'],
  ['cp', 'use kubectl exec POD -- cat FILE > FILE'],
  ['debug', 'use kubectl run -it --rm probe --image=busybox --restart=Never -- sh'],
  ['diff', 'use kubectl apply --dry-run=server -f FILE -o yaml and compare'],
  ['drain', 'use kubectl cordon NODE, then delete its pods'],
  ['edit', 'use kubectl get -o yaml > FILE, change it, and kubectl apply -f FILE'],
  ['events', 'use kubectl get events'],
  [
    'explain',
    'field documentation is not served yet; use kubectl get -o yaml to see the fields of an object',
  ],
  ['kustomize', 'write the manifests out and use kubectl apply -f'],
  ['plugin', 'there are no plugins'],
  ['port-forward', 'use kubectl exec POD -- curl localhost:PORT'],
  ['proxy', 'use kubectl get --output json to see API objects'],
  ['replace', 'use kubectl apply -f FILE'],
  ['set', 'use kubectl patch'],
  ['top', 'no CPU or memory is measured'],
  ['config delete-context', 'edit ~/.kube/config'],
  ['config rename-context', 'edit ~/.kube/config'],
  ['config set', 'use kubectl config set-context'],
  ['config set-cluster', 'every context reaches the cluster of this lab'],
  ['config set-credentials', 'everything is allowed in this lab'],
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
  ['rollout pause', 'use kubectl patch'],
  ['rollout resume', 'use kubectl patch'],
]);

/** Commands with subcommands only. */
export const PARENTS: ReadonlyMap<string, string> = new Map([
  ['config', 'Shows and changes the contexts of the kubeconfig file.'],
  ['create service', 'Creates a service of one of the types below.'],
  ['rollout', 'Follows, restarts or takes back the rollout of a deployment or daemon set.'],
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
