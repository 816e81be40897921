import { describe, expect, test } from 'vitest';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { parseCidr } from '../../model/ip.ts';
import { calicoResources } from '../cni/calico/resources.ts';
import { builtinRegistry } from './builtin-registry.ts';
import { at } from './fields.ts';
import { kindComponent, openApiDocument, openApiIndex } from './openapi.ts';

const serviceCidr = parseCidr('10.96.0.0/16');
if (!serviceCidr) throw new Error('no range');
const registry = builtinRegistry({ serviceCidr }).with(calicoResources);

const document = (root: string): JsonObject => {
  const found = openApiDocument(registry, root);
  if (!found) throw new Error(`no document ${root}`);
  return found;
};

const schema = (root: string, name: string) => at(document(root), 'components', 'schemas', name);

function references(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (!isJsonObject(value)) return [];
  const { $ref } = value;
  return [...(typeof $ref === 'string' ? [$ref] : []), ...Object.values(value).flatMap(references)];
}

describe('every document', () => {
  const roots = Object.keys(openApiIndex(registry)['paths'] as JsonObject);

  test('is in the index, by group and version', () => {
    expect(roots).toContain('api/v1');
    expect(roots).toContain('apis/crd.projectcalico.org/v1');
    expect(openApiDocument(registry, 'apis/nosuch/v1')).toBeUndefined();
  });

  test.each(roots)('%s has all that it refers to, and a schema for each of its kinds', (root) => {
    const schemas = at(document(root), 'components', 'schemas') as JsonObject;
    const missing = references(document(root)).filter(
      ($ref) => schemas[$ref.replace('#/components/schemas/', '')] === undefined,
    );
    expect(missing).toEqual([]);
    const kinds = registry.types.filter(({ group, version }) =>
      root.endsWith(group === '' ? `api/${version}` : `${group}/${version}`),
    );
    for (const type of kinds) {
      expect(schemas[kindComponent(type)]).toMatchObject({
        'x-kubernetes-group-version-kind': [{ group: type.group, kind: type.kind, version: type.version }],
      });
    }
  });
});

describe('a schema says what types.go says', () => {
  test('required fields, closed sets, list keys, formats', () => {
    expect(schema('api/v1', 'io.k8s.api.core.v1.ContainerPort')).toMatchObject({
      type: 'object',
      required: ['containerPort'],
      properties: {
        containerPort: { type: 'integer', format: 'int32' },
        protocol: { type: 'string', enum: ['SCTP', 'TCP', 'UDP'], default: 'TCP' },
      },
    });
    expect(at(schema('api/v1', 'io.k8s.api.core.v1.PodSpec'), 'properties', 'containers')).toMatchObject({
      type: 'array',
      items: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.Container' }] },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
    expect(at(schema('api/v1', 'io.k8s.api.core.v1.PodSpec'), 'properties', 'tolerations')).toMatchObject({
      'x-kubernetes-list-type': 'atomic',
    });
    expect(at(schema('api/v1', 'io.k8s.api.core.v1.PodStatus'), 'properties', 'startTime')).toMatchObject({
      allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Time' }],
    });
  });

  test('custom kinds in place, with what their definitions say', () => {
    const pool = schema('apis/crd.projectcalico.org/v1', 'org.projectcalico.crd.v1.IPPool');
    expect(at(pool, 'properties', 'spec')).toMatchObject({
      type: 'object',
      required: ['cidr'],
      properties: { vxlanMode: { enum: ['Never', 'Always', 'CrossSubnet'] } },
    });
  });

  test('and clients find fieldValidation where they may patch', () => {
    const patch = at(
      document('apis/apps/v1'),
      'paths',
      '/apis/apps/v1/namespaces/{namespace}/deployments/{name}',
      'patch',
    );
    expect(patch).toMatchObject({
      parameters: [
        { name: 'dryRun' },
        { name: 'fieldManager' },
        { name: 'fieldValidation' },
        { name: 'force' },
      ],
      'x-kubernetes-group-version-kind': { group: 'apps', kind: 'Deployment', version: 'v1' },
    });
  });
});
