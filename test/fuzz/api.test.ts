/**
 * Requests that no client would send. The API answers each with a status that means something, and whatever it accepts can
 * be lived with: every controller works on it, every stack is derived from it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isJsonObject, type Json, type JsonObject } from '../../src/base/json.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import type { Topology } from '../../src/model/topology.ts';
import { apply, type Machinery } from '../../src/sim/apply.ts';
import { machinery } from '../../src/sim/create.ts';
import { Simulator, type World } from '../../src/sim/index.ts';
import { CONTENT_TYPE, type ApiRequest, type ApiResponse } from '../../src/sim/kube/api.ts';
import { objectPath } from '../../src/sim/kube/path.ts';
import { create, podBody, settled, TOPOLOGY } from '../simulator/cluster.ts';
import { INPUTS, PATIENT, withstands } from './budget.ts';
import { mutatedJson, mutatedText, type Chance } from './mutation.ts';

/** Virtual milliseconds in which controllers come to what was accepted. */
const AFTERWARDS = 5_000;

interface Known {
  readonly collection: string;
  readonly path: string;
  readonly object: JsonObject;
}

/** A cluster at rest, and every object of it. */
interface Subject {
  readonly world: World;
  readonly machines: Machinery;
  readonly known: readonly Known[];
}

function subjectOf(topology: Topology, { world }: { readonly world: World }): Subject {
  const machines = machinery(topology);
  const known = machines.registry.types.flatMap((type) => {
    const request = { method: 'GET', path: objectPath(type, undefined) } as const;
    const { items } = apply(world, { kind: 'request', request }, machines).effect.body;
    return (Array.isArray(items) ? items : []).filter(isJsonObject).map((item): Known => {
      const { metadata } = item;
      const name = isJsonObject(metadata) ? String(metadata['name']) : '';
      const namespace = isJsonObject(metadata) ? (metadata['namespace'] as string | undefined) : undefined;
      const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
      return {
        collection: objectPath(type, namespace),
        path: objectPath(type, namespace, name),
        object: { apiVersion, kind: type.kind, ...item },
      };
    });
  });
  return { world, machines, known };
}

/** Virtual milliseconds in which the operator has installed everything. */
const INSTALLED = 300_000;

/** Both families of addresses, the operator and what it installed, a Service, a pod and a host endpoint of both. */
function dualStack(): Subject {
  const file = 'labs/topologies/dual-stack.yaml';
  const topology = parseTopology(file, readFileSync(join(import.meta.dirname, '../..', file), 'utf8'));
  if (!topology.ok) throw new Error(JSON.stringify(topology.error));
  const cluster = new Simulator({
    topology: topology.value,
    seed: 1,
    epoch: Date.parse('2026-05-01T10:00:00Z'),
    defaultPool: true,
    install: 'operator',
  });
  cluster.settle(INSTALLED);
  for (const [collection, body] of DUAL_STACK_OBJECTS) {
    const { code, body: said } = create(cluster, collection, body);
    if (code !== 201) throw new Error(`${collection}: ${code} ${JSON.stringify(said)}`);
  }
  cluster.settle(INSTALLED);
  const subject = subjectOf(topology.value, cluster);
  return { ...subject, known: subject.known.filter(({ object }) => NAMES_IPV6.test(JSON.stringify(object))) };
}

/** An address or prefix among the lab's. */
const NAMES_IPV6 = /"fd00:/;

const DUAL_STACK_OBJECTS: readonly (readonly [collection: string, body: JsonObject])[] = [
  ['/api/v1/namespaces/default/pods', podBody('web', 'node1')],
  [
    '/api/v1/namespaces/default/services',
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: {
        type: 'LoadBalancer',
        selector: { app: 'web' },
        ports: [{ port: 80, nodePort: 30_080 }],
        ipFamilyPolicy: 'RequireDualStack',
        externalIPs: ['fd00:a::99', '10.0.0.99'],
      },
    },
  ],
  [
    '/apis/projectcalico.org/v3/ippools',
    {
      apiVersion: 'projectcalico.org/v3',
      kind: 'IPPool',
      metadata: { name: 'second-ipv6' },
      spec: { cidr: 'fd00:20::/64', blockSize: 122, vxlanMode: 'CrossSubnet', natOutgoing: true },
    },
  ],
  [
    '/apis/projectcalico.org/v3/hostendpoints',
    {
      apiVersion: 'projectcalico.org/v3',
      kind: 'HostEndpoint',
      metadata: { name: 'node1', labels: { host: 'node1' } },
      spec: { node: 'node1', interfaceName: 'eth0', expectedIPs: ['10.0.0.11', 'fd00:a::11'] },
    },
  ],
  [
    '/apis/projectcalico.org/v3/globalnetworkpolicies',
    {
      apiVersion: 'projectcalico.org/v3',
      kind: 'GlobalNetworkPolicy',
      metadata: { name: 'nets' },
      spec: {
        selector: 'all()',
        types: ['Ingress'],
        ingress: [
          { action: 'Allow', protocol: 'ICMPv6', ipVersion: 6, source: { nets: ['fd00:a::/64'] } },
          { action: 'Allow', protocol: 'TCP', destination: { nets: ['fd00:10:244::/56'], ports: [80] } },
        ],
      },
    },
  ],
];

const TOKENS = [
  '/',
  '//',
  '/namespaces/',
  '/status',
  '/log',
  '/scale',
  '/exec',
  '%2e%2e',
  'default',
  '?',
  'v1',
  '\u0000',
];
const QUERIES = [
  'limit',
  'continue',
  'labelSelector',
  'fieldSelector',
  'resourceVersion',
  'fieldManager',
  'dryRun',
  'fieldValidation',
  'propagationPolicy',
  'force',
];
const PATCHES = [
  CONTENT_TYPE.jsonPatch,
  CONTENT_TYPE.mergePatch,
  CONTENT_TYPE.strategicMergePatch,
  CONTENT_TYPE.applyPatch,
] as const;
const VALUES = ['1', '-1', 'All', 'a in (b', '!', 'metadata.name=x', 'AAAA', '', 'Strict', 'true'];

function renamed(object: Json, name: string): Json {
  if (!isJsonObject(object)) return object;
  const { metadata, ...rest } = object;
  return {
    ...rest,
    metadata: isJsonObject(metadata)
      ? { ...metadata, name, resourceVersion: '', uid: '' }
      : (metadata ?? null),
  };
}

function damagedRequest(chance: Chance, known: readonly Known[]): ApiRequest {
  const one = chance.of(known) as Known;
  const query = chance.below(3) === 0 ? { [chance.of(QUERIES) ?? '']: chance.of(VALUES) ?? '' } : {};
  const body = mutatedJson(chance, one.object);
  switch (chance.below(6)) {
    case 0:
      return { method: 'GET', path: mutatedText(chance, [one.path, one.collection], TOKENS), query };
    case 1:
      return { method: 'POST', path: one.collection, query, body: renamed(body, 'fuzzed') };
    case 2:
      return { method: 'PUT', path: one.path, query, body };
    case 3:
      return {
        method: 'PATCH',
        path: one.path,
        query: { fieldManager: 'fuzz', ...query },
        contentType: chance.of(PATCHES),
        body,
      };
    case 4:
      return {
        method: 'PATCH',
        path: one.path,
        contentType: CONTENT_TYPE.jsonPatch,
        body: operations(chance, one.object),
      };
    default:
      return { method: 'DELETE', path: chance.below(2) === 0 ? one.path : one.collection, query, body };
  }
}

function operations(chance: Chance, object: JsonObject): Json {
  const path = mutatedText(
    chance,
    ['/spec', '/metadata/labels', '/status/conditions/0', '/spec/containers/-'],
    ['/', '~1', '~', '-', '0', '9'],
  );
  return [
    {
      op: chance.of(['add', 'remove', 'replace', 'move', 'copy', 'test']),
      path,
      from: '/spec',
      value: mutatedJson(chance, object),
    },
  ];
}

/**
 * Errors of Go that no layer of the real servers gives a code, so that they are answered with 500 (ErrorToAPIStatus in
 * k8s.io/apiserver pkg/endpoints/handlers/responsewriters/status.go, v0.35.0).
 */
const WITHOUT_CODE: readonly RegExp[] = [
  // What server-side apply cannot read: k8s.io/apimachinery pkg/util/managedfields/internal/structuredmerge.go.
  /^failed to create typed (patch|live) object /,
  // The version that one object is asked for at: CacheDelegator.Get (pkg/storage/cacher/delegator.go) hands on the error of
  // ParseResourceVersion (pkg/storage/api_object_versioner.go), InterpretGetError has no case for it; lists answer 400.
  /^resourceVersion: Invalid value: .* strconv\.ParseUint: /,
  // Calico v3.32.1 apiserver/pkg/storage/calico/blockAffinity_storage.go, and aapiError in converter.go there.
  /^unable to (create|update|delete) block affinity\. Block affinity resources are read-only$/,
];

/** A status that the API has, with a Status where it refuses. */
function expectSense({ code, body }: ApiResponse): void {
  if (code === 500 && WITHOUT_CODE.some((text) => text.test(String(body['message'])))) return;
  const refused = code >= 400 && code < 500;
  if (![200, 201, 202].includes(code) && !refused)
    throw new Error(`answered ${code}: ${JSON.stringify(body)}`);
  if (refused && body['kind'] !== 'Status') throw new Error(`refused ${code} without a Status`);
}

describe.each([
  {
    name: 'a cluster of IPv4',
    subject: subjectOf(TOPOLOGY, settled()),
    kinds: ['Pod', 'Service', 'IPPool', 'IPAMBlock', 'Node'],
  },
  {
    name: 'a dual-stack cluster of the operator',
    subject: dualStack(),
    kinds: ['Installation', 'IPPool', 'IPAMBlock', 'Service', 'HostEndpoint', 'Node', 'Pod'],
  },
])('the API of $name', ({ subject: { world, machines, known }, kinds }) => {
  const nodes = world.topology.nodes.map(({ name }) => `node/${name}`);

  test('knows objects of many kinds before anything is damaged', () => {
    expect(known.map(({ object }) => object['kind'])).toEqual(expect.arrayContaining(kinds));
  });

  test(`withstands ${INPUTS} requests, and the cluster what was accepted of them`, PATIENT, () => {
    const accepted = { count: 0 };
    withstands({
      make: (chance) => damagedRequest(chance, known),
      read: (request) => {
        const answered = apply(world, { kind: 'request', request }, machines);
        expectSense(answered.effect);
        if (answered.world === world) return;
        accepted.count += 1;
        const to = world.cluster.now + AFTERWARDS;
        const later = apply(answered.world, { kind: 'advance', to }, machines);
        const network = machines.stacks.network(later.world);
        for (const node of nodes) network.netns(node);
      },
    });
    expect(accepted.count).toBeGreaterThan(INPUTS / 20);
  });
});
