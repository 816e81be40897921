/** Pods and what runs them, in `kubectl describe`. Source: k8s.io/kubectl/pkg/describe/describe.go v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { at, listAt, numberAt, objectAt, textAt } from '../../../kube/fields.ts';
import { formatLabelSelector, formatLabels, printSelector, selectorOf } from '../../../kube/selector.ts';
import { isControlledBy, newReplicaSet, replicaSetsOf } from '../deployments.ts';
import type { Call } from '../call.ts';
import {
  describeContainers,
  describeTemplate,
  describeVolumes,
  type ContainerContext,
} from './containers.ts';
import { controllerOf, longTime, type Document } from './document.ts';
import { qosClass } from './qos.ts';

export function describePod(page: Document, pod: JsonObject): void {
  podHead(page, pod);
  podStatus(page, pod);
  const context = (member: string): ContainerContext => ({
    statuses: listAt(pod, 'status', member),
    pod,
    indent: '',
  });
  if (listAt(pod, 'spec', 'initContainers').length > 0) {
    describeContainers(
      page,
      'Init Containers',
      listAt(pod, 'spec', 'initContainers'),
      context('initContainerStatuses'),
    );
  }
  describeContainers(page, 'Containers', listAt(pod, 'spec', 'containers'), context('containerStatuses'));
  const conditions = listAt(pod, 'status', 'conditions');
  if (conditions.length > 0) {
    page.line(0, 'Conditions:\n  Type\tStatus');
    for (const condition of conditions)
      page.line(1, `${textAt(condition, 'type')} \t${textAt(condition, 'status')} `);
  }
  describeVolumes(page, listAt(pod, 'spec', 'volumes'), '');
  page.line(0, `QoS Class:\t${textAt(pod, 'status', 'qosClass') || qosClass(pod)}`);
  page.labels('Node-Selectors', objectAt(pod, 'spec', 'nodeSelector'));
  page.tolerations('Tolerations', listAt(pod, 'spec', 'tolerations'));
}

function podHead(page: Document, pod: JsonObject): void {
  page.line(0, `Name:\t${textAt(pod, 'metadata', 'name')}`);
  page.line(0, `Namespace:\t${textAt(pod, 'metadata', 'namespace')}`);
  const priority = at(pod, 'spec', 'priority');
  if (typeof priority === 'number') page.line(0, `Priority:\t${priority}`);
  optional(page, 'Priority Class Name', textAt(pod, 'spec', 'priorityClassName'));
  optional(page, 'Runtime Class Name', textAt(pod, 'spec', 'runtimeClassName'));
  optional(page, 'Service Account', textAt(pod, 'spec', 'serviceAccountName'));
  const node = textAt(pod, 'spec', 'nodeName');
  page.line(0, `Node:\t${node === '' ? '<none>' : `${node}/${textAt(pod, 'status', 'hostIP')}`}`);
  const started = textAt(pod, 'status', 'startTime');
  if (started !== '') page.line(0, `Start Time:\t${longTime(started)}`);
  page.labels('Labels', objectAt(pod, 'metadata', 'labels'));
  page.annotations('Annotations', objectAt(pod, 'metadata', 'annotations'));
}

function podStatus(page: Document, pod: JsonObject): void {
  const deleted = textAt(pod, 'metadata', 'deletionTimestamp');
  const phase = textAt(pod, 'status', 'phase');
  if (deleted !== '' && phase !== 'Failed' && phase !== 'Succeeded') {
    page.line(0, `Status:\tTerminating (lasts ${page.age(deleted)})`);
    page.line(0, `Termination Grace Period:\t${numberAt(pod, 'metadata', 'deletionGracePeriodSeconds')}s`);
  } else page.line(0, `Status:\t${phase}`);
  optional(page, 'Reason', textAt(pod, 'status', 'reason'));
  optional(page, 'Message', textAt(pod, 'status', 'message'));
  optional(page, 'SeccompProfile', textAt(pod, 'spec', 'securityContext', 'seccompProfile', 'type'));
  page.line(0, `IP:\t${textAt(pod, 'status', 'podIP')}`);
  const ips = listAt(pod, 'status', 'podIPs');
  page.line(0, ips.length === 0 ? 'IPs:\t<none>' : 'IPs:');
  for (const ip of ips) page.line(1, `IP:\t${textAt(ip, 'ip')}`);
  optional(page, 'Controlled By', controllerOf(pod));
  optional(page, 'NominatedNodeName', textAt(pod, 'status', 'nominatedNodeName'));
}

function optional(page: Document, title: string, value: string): void {
  if (value !== '') page.line(0, `${title}:\t${value}`);
}

export function describeDeployment(page: Document, deployment: JsonObject, call: Call): void {
  heading0(page, deployment);
  page.line(0, `CreationTimestamp:\t${longTime(textAt(deployment, 'metadata', 'creationTimestamp'))}`);
  page.labels('Labels', objectAt(deployment, 'metadata', 'labels'));
  page.annotations('Annotations', objectAt(deployment, 'metadata', 'annotations'));
  page.line(0, `Selector:\t${printSelector(selectorOf(objectAt(deployment, 'spec', 'selector')))}`);
  const status = objectAt(deployment, 'status');
  const counts = [
    `${numberAt(deployment, 'spec', 'replicas')} desired`,
    `${numberAt(status, 'updatedReplicas')} updated`,
    `${numberAt(status, 'replicas')} total`,
    `${numberAt(status, 'availableReplicas')} available`,
    `${numberAt(status, 'unavailableReplicas')} unavailable`,
  ];
  page.line(0, `Replicas:\t${counts.join(' | ')}`);
  page.line(0, `StrategyType:\t${textAt(deployment, 'spec', 'strategy', 'type')}`);
  page.line(0, `MinReadySeconds:\t${numberAt(deployment, 'spec', 'minReadySeconds')}`);
  const rolling = objectAt(deployment, 'spec', 'strategy', 'rollingUpdate');
  if (Object.keys(rolling).length > 0) {
    page.line(
      0,
      `RollingUpdateStrategy:\t${String(rolling['maxUnavailable'])} max unavailable, ${String(rolling['maxSurge'])} max surge`,
    );
  }
  describeTemplate(page, objectAt(deployment, 'spec', 'template'));
  reasonedConditions(page, deployment);
  const sets = replicaSetsOf(call, deployment);
  const current = newReplicaSet(deployment, sets);
  if (sets.length > 0) {
    page.line(0, `OldReplicaSets:\t${replicaSetTexts(sets.filter((set) => set !== current))}`);
    page.line(0, `NewReplicaSet:\t${replicaSetTexts(current ? [current] : [])}`);
  }
}

function heading0(page: Document, object: JsonObject): void {
  page.line(0, `Name:\t${textAt(object, 'metadata', 'name')}`);
  page.line(0, `Namespace:\t${textAt(object, 'metadata', 'namespace')}`);
}

function replicaSetTexts(sets: readonly JsonObject[]): string {
  const texts = sets.map(
    (set) =>
      `${textAt(set, 'metadata', 'name')} (${numberAt(set, 'status', 'replicas')}/${numberAt(set, 'spec', 'replicas')} replicas created)`,
  );
  return texts.length === 0 ? '<none>' : texts.join(', ');
}

function reasonedConditions(page: Document, object: JsonObject): void {
  const conditions = listAt(object, 'status', 'conditions');
  if (conditions.length === 0) return;
  page.line(0, 'Conditions:\n  Type\tStatus\tReason');
  page.line(1, '----\t------\t------');
  for (const one of conditions)
    page.line(1, `${textAt(one, 'type')} \t${textAt(one, 'status')}\t${textAt(one, 'reason')}`);
}

export function describeReplicaSet(page: Document, set: JsonObject, call: Call): void {
  heading0(page, set);
  page.line(0, `Selector:\t${formatLabelSelector(objectAt(set, 'spec', 'selector'))}`);
  page.labels('Labels', objectAt(set, 'metadata', 'labels'));
  page.annotations('Annotations', objectAt(set, 'metadata', 'annotations'));
  optional(page, 'Controlled By', controllerOf(set));
  page.line(
    0,
    `Replicas:\t${numberAt(set, 'status', 'replicas')} current / ${numberAt(set, 'spec', 'replicas')} desired`,
  );
  page.line(0, `Pods Status:\t${podCounts(call, set)}`);
  describeTemplate(page, objectAt(set, 'spec', 'template'));
  reasonedConditions(page, set);
}

export function describeDaemonSet(page: Document, set: JsonObject, call: Call): void {
  heading0(page, set);
  page.line(0, `Selector:\t${printSelector(selectorOf(objectAt(set, 'spec', 'selector')))}`);
  page.line(0, `Node-Selector:\t${formatLabels(objectAt(set, 'spec', 'template', 'spec', 'nodeSelector'))}`);
  page.labels('Labels', objectAt(set, 'metadata', 'labels'));
  page.annotations('Annotations', objectAt(set, 'metadata', 'annotations'));
  const status = objectAt(set, 'status');
  page.line(0, `Desired Number of Nodes Scheduled: ${numberAt(status, 'desiredNumberScheduled')}`);
  page.line(0, `Current Number of Nodes Scheduled: ${numberAt(status, 'currentNumberScheduled')}`);
  page.line(
    0,
    `Number of Nodes Scheduled with Up-to-date Pods: ${numberAt(status, 'updatedNumberScheduled')}`,
  );
  page.line(0, `Number of Nodes Scheduled with Available Pods: ${numberAt(status, 'numberAvailable')}`);
  page.line(0, `Number of Nodes Misscheduled: ${numberAt(status, 'numberMisscheduled')}`);
  page.line(0, `Pods Status:\t${podCounts(call, set)}`);
  describeTemplate(page, objectAt(set, 'spec', 'template'));
}

function podCounts(call: Call, owner: JsonObject): string {
  const labelSelector = printSelector(selectorOf(objectAt(owner, 'spec', 'selector')));
  const pods = call.api
    .items(call.api.type('pods'), textAt(owner, 'metadata', 'namespace'), { labelSelector })
    .filter((pod) => isControlledBy(pod, textAt(owner, 'metadata', 'uid')));
  const inPhase = (phase: string): number =>
    pods.filter((pod) => textAt(pod, 'status', 'phase') === phase).length;
  return `${inPhase('Running')} Running / ${inPhase('Pending')} Waiting / ${inPhase('Succeeded')} Succeeded / ${inPhase('Failed')} Failed`;
}
