/**
 * The pool controller: IPPools that an Installation lists are made, put back when somebody changes or deletes them, and deleted
 * when they leave the list. It touches only pools that it has labelled, or that are to the letter what the Installation says. The
 * first pools it writes to the stored kind; from then on everything goes through projectcalico.org/v3, and waits while that is away.
 * Source: pkg/controller/ippool/pool_controller.go, tigera/operator v1.42.3.
 */
import { jsonEquals, type JsonObject } from '../../../../base/json.ts';
import { handle } from '../../../kube/facade.ts';
import { storeUpdate } from '../../../kube/admission.ts';
import { textAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { withPoolDefaults as withPoolFields } from '../ippool.ts';
import { calicoV3Resources } from '../apiserver/resources.ts';
import { newMetadata } from '../datastore.ts';
import { API_VERSION, IP_POOLS } from '../kinds.ts';
import type { Operator } from './component.ts';
import { poolsOf } from './installation.ts';
import { apiServerIn, COMPLETE_FINALIZER, installationIn, INSTALLATIONS, MANAGED_BY } from './kinds.ts';
import { calicoPool, operatorPool, poolListFault, withPoolDefaults } from './pool-spec.ts';
import { degrade, fine, found, notFound } from './status.ts';

const COMPONENT = 'ippools';

export function reconcilePools(operator: Operator): void {
  const { tx } = operator;
  const installation = installationIn(tx);
  if (!installation) {
    notFound(tx, COMPONENT);
    return;
  }
  found(tx, COMPONENT, installation);
  if (installation.metadata.deletionTimestamp !== undefined) return;
  if (!installation.metadata.finalizers?.includes(COMPLETE_FINALIZER)) {
    degrade(tx, COMPONENT, 'ResourceNotReady', 'Waiting for Installation defaulting to occur');
    return;
  }
  const wanted = wantedPools(operator, installation);
  if (wanted) bringAbout(operator, wanted);
}

/** The pools of the Installation, filled in; undefined when there is something wrong with them. */
function wantedPools(
  { tx, registry, topology }: Operator,
  installation: KubeObject,
): readonly JsonObject[] | undefined {
  const names = tx.list(IP_POOLS).map((pool) => [textAt(pool.spec, 'cidr'), pool.metadata.name] as const);
  const { spec, fault } = withPoolDefaults(installation.spec ?? {}, { current: new Map(names), topology });
  if (fault !== undefined) {
    degrade(tx, COMPONENT, 'ResourceReadError', `error filling IP pool defaults: ${fault}`);
    return undefined;
  }
  const wrong = poolListFault(poolsOf(spec));
  if (wrong !== undefined) {
    degrade(tx, COMPONENT, 'InvalidConfigurationError', `error validating IP pool configuration: ${wrong}`);
    return undefined;
  }
  const type = registry.byName(INSTALLATIONS);
  if (type && !jsonEquals(spec, installation.spec)) {
    const generation = (installation.metadata.generation ?? 0) + 1;
    const metadata = { ...installation.metadata, generation };
    storeUpdate(tx, type, { ...installation, metadata, spec }, installation);
  }
  return poolsOf(spec);
}

const isLabelled = (pool: KubeObject): boolean => labelOf(pool) === MANAGED_BY.value;

/** As projectcalico.org/v3 shows it: the stored object keeps it in an annotation. */
const shownPool = calicoV3Resources.find(({ kind }) => kind === 'IPPool')?.view?.shown;

const labelOf = (pool: KubeObject): string | undefined =>
  (shownPool?.(pool) ?? pool).metadata.labels?.[MANAGED_BY.key];

interface Standing {
  readonly ours: ReadonlyMap<string, KubeObject>;
  readonly others: ReadonlySet<string>;
}

function standing(pools: readonly KubeObject[], wanted: readonly JsonObject[]): Standing {
  const isOurs = (pool: KubeObject): boolean =>
    isLabelled(pool) ||
    wanted.some((each) =>
      jsonEquals(each, operatorPool(pool.metadata.name, withPoolFields(pool.spec ?? {}))),
    );
  const cidr = (pool: KubeObject): string => textAt(pool.spec, 'cidr');
  return {
    ours: new Map(pools.filter(isOurs).map((pool) => [cidr(pool), pool])),
    others: new Set(pools.filter((pool) => !isOurs(pool)).map(cidr)),
  };
}

const UNAVAILABLE = 'IP pools while Calico API server is unavailable';

/** A pool of the list's that somebody else made is passed over, and is no reason to be degraded. */
function bringAbout(operator: Operator, wanted: readonly JsonObject[]): void {
  const { tx } = operator;
  const pools = tx.list(IP_POOLS);
  const { ours, others } = standing(pools, wanted);
  const isAvailable = textAt(apiServerIn(tx)?.status, 'state') === 'Ready';
  const mine = wanted.filter(({ cidr }) => !others.has(String(cidr)));
  const missed = mine.filter((pool) => isMissed(ours, pool));
  const listed = new Set(wanted.map(({ cidr }) => String(cidr)));
  const leaving = [...ours.values()].filter(({ spec }) => !listed.has(textAt(spec, 'cidr')));
  if (!isAvailable && pools.length > 0 && missed.length > 0)
    return degrade(tx, COMPONENT, 'ResourceNotReady', `Unable to modify ${UNAVAILABLE}`);
  if (!isAvailable && leaving.length > 0)
    return degrade(tx, COMPONENT, 'ResourceNotReady', `Unable to delete ${UNAVAILABLE}`);
  const why =
    firstFault(isAvailable ? mine : missed, 'Error creating / updating IPPools', (pool) =>
      pools.length === 0 ? writeStored(operator, pool) : writeShown(operator, pool),
    ) ??
    firstFault(leaving, 'Error deleting IPPools', ({ metadata }) =>
      ask(operator, { method: 'DELETE', path: `${V3_POOLS}/${metadata.name}` }),
    );
  if (why === undefined) fine(tx, COMPONENT);
  else degrade(tx, COMPONENT, 'ResourceUpdateError', why);
}

/** Works through them until one cannot be done. */
function firstFault<T>(
  all: readonly T[],
  doing: string,
  work: (each: T) => string | undefined,
): string | undefined {
  for (const each of all) {
    const why = work(each);
    if (why !== undefined) return `${doing}: ${why}`;
  }
  return undefined;
}

/** Not there, or not as it should be. */
function isMissed(ours: ReadonlyMap<string, KubeObject>, pool: JsonObject): boolean {
  const known = ours.get(String(pool['cidr']));
  return !known || !jsonEquals(withPoolFields(known.spec ?? {}), withPoolFields(calicoPool(pool)));
}

/** Before there is an API server: the stored kind, with the label on it. */
function writeStored({ tx }: Operator, pool: JsonObject): undefined {
  const { annotations: _, ...metadata } = newMetadata(tx, textAt(pool, 'name'), '');
  tx.put(IP_POOLS, {
    apiVersion: API_VERSION,
    kind: 'IPPool',
    metadata: { ...metadata, labels: { [MANAGED_BY.key]: MANAGED_BY.value } },
    spec: withPoolFields(calicoPool(pool)),
  });
  return undefined;
}

const V3_POOLS = '/apis/projectcalico.org/v3/ippools';

/** Creates the pool, or puts back its spec and its label; what others labelled stays. */
function writeShown(operator: Operator, pool: JsonObject): string | undefined {
  const name = textAt(pool, 'name');
  const known = operator.tx.get(IP_POOLS, undefined, name);
  const shown = known && shownPool?.(known);
  const labels = { ...shown?.metadata.labels, [MANAGED_BY.key]: MANAGED_BY.value };
  const { annotations } = shown?.metadata ?? {};
  const body = {
    apiVersion: 'projectcalico.org/v3',
    kind: 'IPPool',
    metadata: { ...metadataOf(shown), name, labels, ...(annotations && { annotations }) },
    spec: calicoPool(pool),
  };
  if (known && isSame(shown, body)) return undefined;
  return ask(
    operator,
    known ? { method: 'PUT', path: `${V3_POOLS}/${name}`, body } : { method: 'POST', path: V3_POOLS, body },
  );
}

const metadataOf = (shown: KubeObject | undefined): JsonObject =>
  (shown ? { creationTimestamp: shown.metadata.creationTimestamp } : {}) as JsonObject;

const isSame = (shown: KubeObject | undefined, body: JsonObject): boolean =>
  shown?.metadata.labels?.[MANAGED_BY.key] === MANAGED_BY.value &&
  jsonEquals(withPoolFields(shown.spec ?? {}), withPoolFields(body['spec'] as JsonObject));

/** What the API server says against it. */
function ask(
  { tx, registry }: Operator,
  request: { readonly method: 'POST' | 'PUT' | 'DELETE'; readonly path: string; readonly body?: JsonObject },
): string | undefined {
  const { code, body } = handle(tx, registry, request);
  return code < 300 ? undefined : textAt(body, 'message');
}
