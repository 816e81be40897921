/**
 * projectcalico.org/v3 as Calico's own API server serves it behind the aggregation layer: every object is a stored one of
 * crd.projectcalico.org/v1, converted, and every write goes through the checks of Calico's client library and then through
 * the rules of the stored kind. Only an install that runs that server registers these kinds.
 * Source: apiserver/pkg/storage/calico/{resource,*_storage}.go, libcalico-go/lib/backend/k8s/resources/resources.go, v3.32.1.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { err, ok, type Result } from '../../../../base/result.ts';
import { parseIpCidr } from '../../../../model/ip-family.ts';
import { invalidObject, unknownFailure, type Failure } from '../../../kube/failure.ts';
import { invalid } from '../../../kube/field-error.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { ALL_VERBS, column, NAME_COLUMN, type ResourceType } from '../../../kube/resource.ts';
import { object } from '../../../kube/schema.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import type { View } from '../../../kube/views.ts';
import { transactionDatastore } from '../datastore.ts';
import { Ipam } from '../ipam/ipam.ts';
import * as kinds from '../kinds.ts';
import { calicoResources } from '../resources.ts';
import { members, TIER_LABEL } from './defaults.ts';
import { V3_KINDS, type V3Kind } from './kinds.ts';
import { V3, v1Metadata, v3Metadata } from './metadata.ts';

const GROUP = 'projectcalico.org';

function shownOf(kind: V3Kind, stored: KubeObject): KubeObject {
  const spec = members(stored.spec);
  const shown = kind.read?.(spec) ?? spec;
  const metadata = v3Metadata(stored);
  const labels = { ...members(metadata['labels']), [TIER_LABEL]: shown['tier'] ?? 'default' };
  return {
    kind: kind.kind,
    apiVersion: V3,
    metadata: kind.tiered ? { ...metadata, labels } : metadata,
    spec: shown,
    ...(stored.status && { status: stored.status }),
  } as unknown as KubeObject;
}

/** The same object for the same stored one: lists and watches convert only what changed. */
function shownOnce(kind: V3Kind): View['shown'] {
  const known = new WeakMap<KubeObject, KubeObject>();
  return (stored) => {
    const shown = known.get(stored) ?? shownOf(kind, stored);
    known.set(stored, shown);
    return shown;
  };
}

/** Policies can only be made in a tier that exists. */
function withoutTier(kind: V3Kind, resource: JsonObject, tx: ClusterTransaction): Failure | undefined {
  if (!kind.tiered) return undefined;
  const tier = String(members(resource['spec'])['tier'] || 'default');
  if (tx.get(kinds.TIERS, undefined, tier)) return undefined;
  const { name, namespace } = members(resource['metadata']);
  const where = [`${GROUP}/${kind.plural}`, ...(kind.namespaced ? [namespace] : []), name].map(String);
  return unknownFailure(
    `StorageError: key not found, Code: 1, Key: /${where.join('/')}, ResourceVersion: 0, AdditionalErrorMsg: `,
  );
}

function keptOf(kind: V3Kind, type: Named): View['kept'] {
  return (written, before, tx): Result<KubeObject, Failure> => {
    if (kind.readOnly) return err(kind.readOnly(before ? 'Update' : 'Create'));
    const typed = written as unknown as JsonObject;
    const missing = before ? undefined : withoutTier(kind, typed, tx);
    if (missing) return err(missing);
    const resource = kind.complete?.(typed) ?? typed;
    const errors = kind.errors?.(resource, { tx, before }) ?? [];
    if (errors.length === 0) return ok(storedForm(kind, resource));
    const found = errors.map(({ name, reason, value }) => invalid(name, value, reason));
    return err(invalidObject(type, written.metadata.name, found));
  };
}

function storedForm(kind: V3Kind, { metadata, spec: typed, status }: JsonObject): KubeObject {
  return {
    apiVersion: kinds.API_VERSION,
    kind: kind.storedKind ?? kind.kind,
    metadata: v1Metadata(members(metadata), kind.tiered),
    spec: members(typed),
    ...(status !== undefined && { status }),
  } as unknown as KubeObject;
}

type Named = Pick<ResourceType, 'name' | 'group' | 'plural' | 'kind'>;

const IN_TIERS = [
  kinds.NETWORK_POLICIES,
  kinds.GLOBAL_NETWORK_POLICIES,
  kinds.STAGED_NETWORK_POLICIES,
  kinds.STAGED_GLOBAL_NETWORK_POLICIES,
];

const STATIC_TIERS = ['default', 'kube-admin', 'kube-baseline'];

function tierLeaving({ metadata: { name } }: KubeObject, tx: ClusterTransaction): Failure | undefined {
  const refused = (operation: string, why: string): Failure =>
    unknownFailure(`operation ${operation} is not supported on ${name}: ${why}`);
  if (STATIC_TIERS.includes(name)) return refused('Delete', `Cannot delete ${name} tier`);
  const isUsed = IN_TIERS.some((resource) => tx.list(resource).some(({ spec }) => spec?.['tier'] === name));
  return isUsed ? refused('delete', 'Cannot delete a non-empty tier') : undefined;
}

/** Disabled first, then without the blocks that nodes hold of it. */
function poolLeaving(pool: KubeObject, tx: ClusterTransaction): undefined {
  if (pool.spec?.['disabled'] !== true)
    tx.put(kinds.IP_POOLS, { ...pool, spec: { ...pool.spec, disabled: true } });
  const cidr = parseIpCidr(String(pool.spec?.['cidr'] ?? ''));
  if (cidr) new Ipam(transactionDatastore(tx)).releasePoolAffinities(cidr);
}

function leavingOf({ kind, readOnly }: V3Kind): View['leaving'] {
  if (readOnly) return () => readOnly('Delete');
  if (kind === 'Tier') return tierLeaving;
  return kind === 'IPPool' ? poolLeaving : undefined;
}

/** As every server without columns of its own shows its kinds. */
const CREATED_COLUMN = column('Created At', ({ metadata }) => metadata.creationTimestamp ?? null, {
  type: 'date',
});

function resourceType(kind: V3Kind): ResourceType {
  const stored = `${kind.stored ?? kind.plural}.${kinds.GROUP}`;
  const of = calicoResources.find(({ name }) => name === stored);
  if (!of) throw new Error(`no kind ${stored} is stored`);
  const names = { name: `${kind.plural}.${GROUP}`, group: GROUP, plural: kind.plural, kind: kind.kind };
  const leaving = leavingOf(kind);
  return {
    ...names,
    version: 'v3',
    singular: kind.kind.toLowerCase(),
    listKind: `${kind.kind}List`,
    shortNames: kind.shortNames ?? [],
    categories: [],
    namespaced: kind.namespaced ?? false,
    verbs: ALL_VERBS,
    columns: [NAME_COLUMN, CREATED_COLUMN],
    schema: object({ spec: kind.spec, ...(kind.status && { status: kind.status }) }),
    ...(kind.status && { status: true }),
    ...(kind.tiered && { selectableFields: ['spec.tier'] }),
    view: { of, shown: shownOnce(kind), kept: keptOf(kind, names), ...(leaving && { leaving }) },
  };
}

/** What an install with Calico's API server adds to the registry. */
export const calicoV3Resources: readonly ResourceType[] = V3_KINDS.map(resourceType);
