/** Wordings: k8s.io/apimachinery pkg/api/validation/objectmeta.go, Kubernetes 1.35. */
import { describe, expect, test } from 'vitest';
import type { Json } from '../../base/json.ts';
import { TestCluster } from './cluster-fixture.ts';

const owned = (...ownerReferences: readonly Json[]) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'x', namespace: 'default', ownerReferences },
});

const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: '1' };

const said = (...references: readonly Json[]): string => {
  const { code, body } = new TestCluster().create(owned(...references));
  return `${code} ${(body as { message?: string }).message ?? ''}`;
};

describe('owner references', () => {
  test('of a whole owner are taken', () => {
    expect(said(owner, { ...owner, apiVersion: 'v1', uid: '2', controller: true })).toMatch(/^201/);
  });

  // Go reads a null among structures as one that is empty.
  test.each([[null], [{}]])('%j names nobody', (nobody) => {
    expect(said(nobody)).toBe(
      '422 ConfigMap "x" is invalid: [' +
        'metadata.ownerReferences[0].apiVersion: Invalid value: "": version must not be empty, ' +
        'metadata.ownerReferences[0].kind: Invalid value: "": must not be empty, ' +
        'metadata.ownerReferences[0].name: Invalid value: "": must not be empty, ' +
        'metadata.ownerReferences[0].uid: Invalid value: "": must not be empty]',
    );
  });

  test('have one controller', () => {
    expect(
      said({ ...owner, controller: true }, { ...owner, name: 'api', uid: '2', controller: true }),
    ).toMatch(
      /Only one reference can have Controller set to true\. Found "true" in references for web and api$/,
    );
  });
});
