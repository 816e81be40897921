/**
 * calico-kube-controllers' automatic host endpoints: with `node.hostEndpoint.autoCreate` each node gets one for all of its
 * interfaces, and one for each template that fits it. They carry the node's labels and allow everything until a policy selects
 * them. What somebody else changes in one is put back, and all go when they are switched off.
 * Source: kube-controllers/pkg/controllers/node/hostendpoints.go, Calico v3.32.1. Left out: templates with an interface pattern,
 * for nodes do not tell their interfaces here.
 */
import { jsonEquals, type Json, type JsonObject } from '../../../../base/json.ts';
import { ipCidrContains, parseIp, parseIpCidr } from '../../../../model/ip-family.ts';
import type { Change, Controller } from '../../../kube/controller.ts';
import { listAt, objectAt, textAt, textsAt } from '../../../kube/fields.ts';
import type { KubeObject, ObjectMeta } from '../../../kube/object.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import { v1Metadata, v3Metadata } from '../apiserver/metadata.ts';
import {
  annotation,
  API_VERSION,
  HOST_ENDPOINTS,
  KUBE_CONTROLLERS_CONFIGURATIONS,
  NODE_ANNOTATION,
  NODES,
} from '../kinds.ts';
import { evaluate, parseSelector, type Labels } from '../selector.ts';

const NAME = 'calico-host-endpoints';
const SUFFIX = 'auto-hep';
const CREATED_BY = ['projectcalico.org/created-by', 'calico-kube-controllers'] as const;
const DEFAULT_ALLOW = 'projectcalico-default-allow';
const EVERY_INTERFACE = '*';

/** Milliseconds until a change is seen. */
const DELAY = 10;

/** Keys: a node, or `*` for all of them and what is left over. */
export const hostEndpoints: Controller = {
  name: NAME,
  watches: [NODES, HOST_ENDPOINTS, KUBE_CONTROLLERS_CONFIGURATIONS],
  react: (change) => keysFor(change).map((key) => ({ key, after: DELAY })),
  reconcile: (tx, key) => {
    const own = tx.list(HOST_ENDPOINTS).filter(isOurs);
    const { autoCreate } = configured(tx);
    if (!autoCreate && own.length === 0) return;
    const nodes = key === '*' ? namesIn(tx, own) : [key];
    for (const node of nodes) tend(tx, node, own);
  },
};

function keysFor({ resource, before, after }: Change): readonly string[] {
  const object = after ?? before;
  if (!object) return [];
  switch (resource) {
    case KUBE_CONTROLLERS_CONFIGURATIONS:
      return jsonEquals(before?.spec, after?.spec) ? [] : ['*'];
    case HOST_ENDPOINTS:
      return isOurs(before ?? object) || isOurs(object) ? [nodeOf(object)] : [];
    default:
      return sameFacts(before, after) ? [] : [object.metadata.name];
  }
}

const nodeOf = ({ spec }: KubeObject): string => textAt(spec, 'node');

const sameFacts = (a: KubeObject | undefined, b: KubeObject | undefined): boolean =>
  a !== undefined && b !== undefined && jsonEquals(facts(a) as unknown as Json, facts(b) as unknown as Json);

const namesIn = (tx: ClusterTransaction, own: readonly KubeObject[]): readonly string[] => [
  ...new Set([...tx.list(NODES).map(({ metadata }) => metadata.name), ...own.map(nodeOf)]),
];

const labelsOf = (object: KubeObject): Labels => objectAt(v3Metadata(object), 'labels') as Labels;

const isOurs = (object: KubeObject): boolean => labelsOf(object)[CREATED_BY[0]] === CREATED_BY[1];

interface Settings {
  readonly autoCreate: boolean;
  readonly everywhere: boolean;
  readonly templates: readonly JsonObject[];
}

function configured(tx: ClusterTransaction): Settings {
  const spec = tx.get(KUBE_CONTROLLERS_CONFIGURATIONS, undefined, 'default')?.spec;
  const wished = objectAt(spec, 'controllers', 'node', 'hostEndpoint');
  return {
    autoCreate: textAt(wished, 'autoCreate') === 'Enabled',
    everywhere: textAt(wished, 'createDefaultHostEndpoint') !== 'Disabled',
    templates: listAt(wished, 'templates'),
  };
}

/** What of a node its host endpoints show. */
interface Facts {
  readonly labels: Labels;
  readonly addresses: readonly string[];
}

function facts(node: KubeObject): Facts {
  const tunnels = [
    NODE_ANNOTATION.address,
    NODE_ANNOTATION.address6,
    NODE_ANNOTATION.ipipTunnel,
    NODE_ANNOTATION.vxlanTunnel,
    NODE_ANNOTATION.vxlanTunnel6,
  ].map((key) => annotation(node, key)?.replace(/\/.*/, ''));
  const internal = listAt(node.status, 'addresses')
    .filter(({ type }) => type === 'InternalIP')
    .map((each) => textAt(each, 'address'));
  const addresses = [...tunnels, ...internal].filter((each) => each !== undefined && each !== '') as string[];
  return { labels: node.metadata.labels ?? {}, addresses: [...new Set(addresses)] };
}

interface Wanted {
  readonly name: string;
  readonly labels: Labels;
  readonly spec: JsonObject;
}

function tend(tx: ClusterTransaction, name: string, own: readonly KubeObject[]): void {
  const node = tx.get(NODES, undefined, name);
  const wanted = node ? wantedFor(node, configured(tx)) : [];
  const names = new Set(wanted.map((each) => each.name));
  for (const each of wanted) store(tx, each);
  for (const each of own)
    if (nodeOf(each) === name && !names.has(each.metadata.name))
      tx.delete(HOST_ENDPOINTS, undefined, each.metadata.name);
}

function wantedFor(node: KubeObject, settings: Settings): readonly Wanted[] {
  if (!settings.autoCreate) return [];
  const known = facts(node);
  const { name } = node.metadata;
  const whole = endpoint(`${name}-${SUFFIX}`, name, { ...known, device: EVERY_INTERFACE });
  return [
    ...(settings.everywhere ? [whole] : []),
    ...settings.templates.flatMap((each) => ofTemplate(name, known, each)),
  ];
}

function ofTemplate(node: string, { labels, addresses }: Facts, template: JsonObject): readonly Wanted[] {
  const selector = parseSelector(textAt(template, 'nodeSelector'));
  if (!selector.ok || !evaluate(selector.value, labels)) return [];
  const within = textsAt(template, 'interfaceCIDRs').flatMap((text) => parseIpCidr(text) ?? []);
  const chosen = addresses.filter((text) => {
    const address = parseIp(text);
    return address !== undefined && within.some((prefix) => ipCidrContains(prefix, address));
  });
  if (chosen.length === 0 || textAt(template, 'interfacePattern') !== '') return [];
  const all = { ...labels, ...(objectAt(template, 'labels') as Labels) };
  const name = `${node}-${textAt(template, 'generateName')}-${SUFFIX}`;
  return [endpoint(name, node, { labels: all, addresses: chosen, device: '' })];
}

const endpoint = (
  name: string,
  node: string,
  { labels, addresses, device }: Facts & { readonly device: string },
): Wanted => ({
  name,
  labels: { ...labels, [CREATED_BY[0]]: CREATED_BY[1] },
  spec: {
    ...(addresses.length === 0 ? {} : { expectedIPs: [...addresses] }),
    ...(device === '' ? {} : { interfaceName: device }),
    node,
    profiles: [DEFAULT_ALLOW],
  },
});

function store(tx: ClusterTransaction, { name, labels, spec }: Wanted): void {
  const before = tx.get(HOST_ENDPOINTS, undefined, name);
  const isSame =
    before &&
    jsonEquals(before.spec, spec) &&
    jsonEquals(labelsOf(before) as unknown as Json, labels as unknown as Json);
  if (isSame) return;
  const { creationTimestamp = tx.timestamp, uid = tx.uid(), generation = 0 } = before?.metadata ?? {};
  const shown = v1Metadata({ name, creationTimestamp, labels: labels as unknown as JsonObject });
  const metadata = { ...shown, uid, creationTimestamp, generation: generation + 1 } as unknown as ObjectMeta;
  tx.put(HOST_ENDPOINTS, { apiVersion: API_VERSION, kind: 'HostEndpoint', metadata, spec });
}
