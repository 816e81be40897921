/**
 * Requests that no client would send. The API answers each with a status that means something, and whatever it accepts can
 * be lived with: every controller works on it, every stack is derived from it.
 */
import { describe, expect, test } from 'vitest';
import { isJsonObject, type Json, type JsonObject } from '../../src/base/json.ts';
import { apply } from '../../src/sim/apply.ts';
import { machinery } from '../../src/sim/create.ts';
import { CONTENT_TYPE, type ApiRequest, type ApiResponse } from '../../src/sim/kube/api.ts';
import { objectPath } from '../../src/sim/kube/path.ts';
import { settled, TOPOLOGY } from '../simulator/cluster.ts';
import { INPUTS, withstands } from './budget.ts';
import { mutatedJson, mutatedText, type Chance } from './mutation.ts';

const machines = machinery(TOPOLOGY);
const { world } = settled();
const NODES = TOPOLOGY.nodes.map(({ name }) => `node/${name}`);
/** Virtual milliseconds in which controllers come to what was accepted. */
const AFTERWARDS = 5_000;

interface Known {
  readonly collection: string;
  readonly path: string;
  readonly object: JsonObject;
}

/** Every object of a settled cluster. */
const known: readonly Known[] = machines.registry.types.flatMap((type) => {
  const listed = apply(
    world,
    { kind: 'request', request: { method: 'GET', path: objectPath(type, undefined) } },
    machines,
  );
  const { items } = listed.effect.body;
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

function damagedRequest(chance: Chance): ApiRequest {
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

/** The API server knows no better code for what server-side apply cannot read (fieldmanager/structuredmerge.go). */
const UNREADABLE_APPLY = /^failed to create typed (patch|live) object /;

/** A status that the API has, with a Status where it refuses. */
function expectSense({ code, body }: ApiResponse): void {
  if (code === 500 && UNREADABLE_APPLY.test(String(body['message']))) return;
  const refused = code >= 400 && code < 500;
  if (![200, 201, 202].includes(code) && !refused)
    throw new Error(`answered ${code}: ${JSON.stringify(body)}`);
  if (refused && body['kind'] !== 'Status') throw new Error(`refused ${code} without a Status`);
}

describe('the API', () => {
  test('knows objects of many kinds before anything is damaged', () => {
    expect(new Set(known.map(({ object }) => object['kind'])).size).toBeGreaterThan(20);
  });

  test(`withstands ${INPUTS} requests, and the cluster what was accepted of them`, () => {
    const accepted = { count: 0 };
    withstands({
      make: damagedRequest,
      read: (request) => {
        const answered = apply(world, { kind: 'request', request }, machines);
        expectSense(answered.effect);
        if (answered.world === world) return;
        accepted.count += 1;
        const to = world.cluster.now + AFTERWARDS;
        const later = apply(answered.world, { kind: 'advance', to }, machines);
        const network = machines.stacks.network(later.world);
        for (const node of NODES) network.netns(node);
      },
    });
    expect(accepted.count).toBeGreaterThan(INPUTS / 20);
  });
});
