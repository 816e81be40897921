/** Nodes in `kubectl describe`. Source: k8s.io/kubectl/pkg/describe/describe.go (describeNode, describeNodeResource) v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { at, listAt, objectAt, textAt, textsAt } from '../../../kube/fields.ts';
import type { Call } from '../call.ts';
import { ApiFailure } from '../failure.ts';
import { cpuText, memoryText, parseQuantity } from '../output/quantity.ts';
import { refOf } from '../targets.ts';
import { longTime, type Document } from './document.ts';

export function describeNode(page: Document, node: JsonObject, call: Call): void {
  const name = textAt(node, 'metadata', 'name');
  page.line(0, `Name:\t${name}`);
  page.line(0, `Roles:\t${roles(node)}`);
  page.labels('Labels', objectAt(node, 'metadata', 'labels'));
  page.annotations('Annotations', objectAt(node, 'metadata', 'annotations'));
  page.line(0, `CreationTimestamp:\t${longTime(textAt(node, 'metadata', 'creationTimestamp'))}`);
  page.taints('Taints', listAt(node, 'spec', 'taints'));
  page.line(0, `Unschedulable:\t${at(node, 'spec', 'unschedulable') === true}`);
  lease(page, call, name);
  conditions(page, listAt(node, 'status', 'conditions'));
  page.line(0, 'Addresses:');
  for (const address of listAt(node, 'status', 'addresses'))
    page.line(1, `${textAt(address, 'type')}:\t${textAt(address, 'address')}`);
  resourceList(page, 'Capacity', objectAt(node, 'status', 'capacity'));
  resourceList(page, 'Allocatable', objectAt(node, 'status', 'allocatable'));
  systemInfo(page, objectAt(node, 'status', 'nodeInfo'));
  const cidr = textAt(node, 'spec', 'podCIDR');
  if (cidr !== '') page.line(0, `PodCIDR:\t${cidr}`);
  const cidrs = textsAt(node, 'spec', 'podCIDRs');
  if (cidrs.length > 0) page.line(0, `PodCIDRs:\t${cidrs.join(',')}`);
  const provider = textAt(node, 'spec', 'providerID');
  if (provider !== '') page.line(0, `ProviderID:\t${provider}`);
  podsAndResources(page, node, podsOn(call, name));
}

const ROLE = 'node-role.kubernetes.io/';

function roles(node: JsonObject): string {
  const labels = objectAt(node, 'metadata', 'labels');
  const found = Object.entries(labels).flatMap(([key, value]) => {
    if (key.startsWith(ROLE) && key.length > ROLE.length) return [key.slice(ROLE.length)];
    return key === 'kubernetes.io/role' && value !== '' ? [String(value)] : [];
  });
  return found.length === 0 ? '<none>' : [...new Set(found)].sort().join(',');
}

function lease(page: Document, call: Call, node: string): void {
  const type = call.api.types.named('leases.coordination.k8s.io');
  let found: JsonObject;
  try {
    if (!type) throw new ApiFailure(404, { message: 'the server could not find the requested resource' });
    found = call.api.get(refOf(type, 'kube-node-lease', node));
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    return page.line(0, `Lease:\tFailed to get lease: ${error.detail}`);
  }
  const time = (member: string): string => {
    const value = textAt(found, 'spec', member);
    return value === '' ? '<unset>' : longTime(value);
  };
  page.line(0, 'Lease:');
  page.line(1, `HolderIdentity:\t${textAt(found, 'spec', 'holderIdentity') || '<unset>'}`);
  page.line(1, `AcquireTime:\t${time('acquireTime')}`);
  page.line(1, `RenewTime:\t${time('renewTime')}`);
}

function conditions(page: Document, all: readonly JsonObject[]): void {
  if (all.length === 0) return;
  page.line(0, 'Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage');
  page.line(1, '----\t------\t-----------------\t------------------\t------\t-------');
  for (const one of all) {
    const [beat, change] = ['lastHeartbeatTime', 'lastTransitionTime'].map((member) =>
      longTime(textAt(one, member)),
    );
    page.line(
      1,
      `${textAt(one, 'type')} \t${textAt(one, 'status')} \t${beat ?? ''} \t${change ?? ''} \t${textAt(one, 'reason')} \t${textAt(one, 'message')}`,
    );
  }
}

function resourceList(page: Document, title: string, resources: JsonObject): void {
  const names = Object.keys(resources).sort();
  if (names.length === 0) return;
  page.line(0, `${title}:`);
  for (const name of names) page.line(1, `${name}:\t${String(resources[name])}`);
}

const SYSTEM_INFO = [
  ['Machine ID', 'machineID'],
  ['System UUID', 'systemUUID'],
  ['Boot ID', 'bootID'],
  ['Kernel Version', 'kernelVersion'],
  ['OS Image', 'osImage'],
  ['Operating System', 'operatingSystem'],
  ['Architecture', 'architecture'],
  ['Container Runtime Version', 'containerRuntimeVersion'],
  ['Kubelet Version', 'kubeletVersion'],
  ['Kube-Proxy Version', 'kubeProxyVersion'],
] as const;

function systemInfo(page: Document, info: JsonObject): void {
  page.line(0, 'System Info:');
  for (const [title, member] of SYSTEM_INFO) page.line(1, `${title}:\t${textAt(info, member)}`);
}

function podsOn(call: Call, node: string): readonly JsonObject[] {
  return call.api.items(call.api.type('pods'), undefined, {
    fieldSelector: `spec.nodeName=${node},status.phase!=Failed,status.phase!=Succeeded`,
  });
}

interface Amounts {
  readonly cpu: number;
  readonly memory: number;
  readonly storage: number;
}

function podsAndResources(page: Document, node: JsonObject, pods: readonly JsonObject[]): void {
  const allocatable = objectAt(node, 'status', 'allocatable');
  const own = Object.keys(allocatable).length > 0 ? allocatable : objectAt(node, 'status', 'capacity');
  const room = amountsOf(own);
  page.line(0, `Non-terminated Pods:\t(${pods.length} in total)`);
  page.line(1, 'Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge');
  page.line(1, '---------\t----\t\t------------\t----------\t---------------\t-------------\t---');
  for (const pod of pods) {
    const [requests, limits] = [podAmounts(pod, 'requests'), podAmounts(pod, 'limits')];
    page.line(
      1,
      [
        `${textAt(pod, 'metadata', 'namespace')}\t${textAt(pod, 'metadata', 'name')}\t`,
        share(cpuText(requests.cpu), requests.cpu, room.cpu),
        share(cpuText(limits.cpu), limits.cpu, room.cpu),
        share(memoryText(requests.memory), requests.memory, room.memory),
        share(memoryText(limits.memory), limits.memory, room.memory),
        page.age(textAt(pod, 'metadata', 'creationTimestamp')),
      ].join('\t'),
    );
  }
  page.line(0, 'Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)');
  page.line(1, 'Resource\tRequests\tLimits');
  page.line(1, '--------\t--------\t------');
  const [requests, limits] = [total(pods, 'requests'), total(pods, 'limits')];
  page.line(
    1,
    `cpu\t${share(cpuText(requests.cpu), requests.cpu, room.cpu)}\t${share(cpuText(limits.cpu), limits.cpu, room.cpu)}`,
  );
  for (const [name, member] of [
    ['memory', 'memory'],
    ['ephemeral-storage', 'storage'],
  ] as const) {
    const [asked, limit, all] = [requests[member], limits[member], room[member]];
    page.line(1, `${name}\t${share(memoryText(asked), asked, all)}\t${share(memoryText(limit), limit, all)}`);
  }
  for (const name of Object.keys(own).sort())
    if (name.startsWith('hugepages-')) page.line(1, `${name}\t0 (0%)\t0 (0%)`);
}

function share(text: string, amount: number, room: number): string {
  return `${text} (${room === 0 ? 0 : Math.trunc((amount / room) * 100)}%)`;
}

function amountsOf(resources: JsonObject): Amounts {
  const amount = (name: string): number => parseQuantity(String(resources[name] ?? '0')) ?? 0;
  return { cpu: amount('cpu'), memory: amount('memory'), storage: amount('ephemeral-storage') };
}

const NOTHING: Amounts = { cpu: 0, memory: 0, storage: 0 };

const combine = (a: Amounts, b: Amounts, how: (x: number, y: number) => number): Amounts => ({
  cpu: how(a.cpu, b.cpu),
  memory: how(a.memory, b.memory),
  storage: how(a.storage, b.storage),
});

const plus = (x: number, y: number): number => x + y;

/** The containers together, or the greediest init container if that is more. */
function podAmounts(pod: JsonObject, member: 'requests' | 'limits'): Amounts {
  const of = (list: string): readonly Amounts[] =>
    listAt(pod, 'spec', list).map((container) => amountsOf(objectAt(container, 'resources', member)));
  const together = of('containers').reduce((sum, one) => combine(sum, one, plus), NOTHING);
  return of('initContainers').reduce((most, one) => combine(most, one, Math.max), together);
}

function total(pods: readonly JsonObject[], member: 'requests' | 'limits'): Amounts {
  return pods.reduce((sum, pod) => combine(sum, podAmounts(pod, member), plus), NOTHING);
}
