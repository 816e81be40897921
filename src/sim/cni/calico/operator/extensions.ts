/**
 * The operator's smaller controllers: Calico's API server, the tier of Calico's own policies, Goldmane and Whisker.
 * Source: pkg/controller/{apiserver,tiers,goldmane,whisker}, tigera/operator v1.42.3. Whoever they are for, the policies of the tier
 * are made together with it, and nobody owns them.
 */
import { jsonEquals, type JsonObject } from '../../../../base/json.ts';
import { completeUpdate, putStatus, storeUpdate } from '../../../kube/admission.ts';
import { handle } from '../../../kube/facade.ts';
import { textAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { calicoV3Resources } from '../apiserver/resources.ts';
import { ensure, type Operator, type Rendered } from './component.ts';
import { maintainFinalizer } from './finalizers.ts';
import {
  API_SERVER_FINALIZER,
  API_SERVERS,
  apiServerIn,
  DEFAULT,
  GOLDMANE_FINALIZER,
  GOLDMANES,
  installationIn,
  WHISKER_FINALIZER,
  WHISKERS,
  type Component,
} from './kinds.ts';
import {
  API_SERVER_POLICY,
  CALICO_TIER,
  CORE_POLICIES,
  DNS_POLICY,
  GOLDMANE_POLICY,
  WHISKER_POLICY,
} from './render/policies.ts';
import { renderApiServer, renderGoldmane, renderWhisker } from './render/extensions.ts';
import { degrade, fine, found, notFound } from './status.ts';

/** The Installation's spec once the core controller has filled it in. */
function installedSpec({ tx }: Operator, component: Component): JsonObject | undefined {
  const installation = installationIn(tx);
  if (!installation) {
    const why = 'Installation not found: installations.operator.tigera.io "default" not found';
    degrade(tx, component, 'ResourceNotFound', why);
    return undefined;
  }
  if (textAt(installation.spec, 'variant') !== '') return installation.spec;
  degrade(tx, component, 'ResourceNotReady', 'Waiting for Installation Variant to be set');
  return undefined;
}

export function reconcileApiServer(operator: Operator): void {
  bringAbout(operator, apiServerIn(operator.tx), {
    component: 'apiserver',
    deployment: 'calico-apiserver',
    finalizer: API_SERVER_FINALIZER,
    render: renderApiServer,
  });
}

export function reconcileGoldmane(operator: Operator): void {
  bringAbout(operator, operator.tx.get(GOLDMANES, undefined, DEFAULT), {
    component: 'goldmane',
    deployment: 'goldmane',
    finalizer: GOLDMANE_FINALIZER,
    render: renderGoldmane,
  });
}

export function reconcileWhisker(operator: Operator): void {
  const { tx } = operator;
  const whisker = tx.get(WHISKERS, undefined, DEFAULT);
  if (whisker && !tx.get(GOLDMANES, undefined, DEFAULT)) {
    found(tx, 'whisker', whisker);
    const why = 'Goldmane CR not present; Goldmane is pre requisite for Whisker';
    degrade(tx, 'whisker', 'ResourceNotFound', why);
    return;
  }
  bringAbout(operator, whisker, {
    component: 'whisker',
    deployment: 'whisker',
    finalizer: WHISKER_FINALIZER,
    filledIn: (spec) => ({ notifications: 'Enabled', ...spec }),
    render: renderWhisker,
  });
}

interface Extension {
  readonly component: Component;
  readonly deployment: string;
  /** Its hold on the Installation. */
  readonly finalizer: string;
  /** With the defaults that are written back to the API. */
  readonly filledIn?: (own: JsonObject) => JsonObject;
  /** `spec`: the Installation's. */
  readonly render: (spec: JsonObject, own: JsonObject) => readonly Rendered[];
}

function bringAbout(
  operator: Operator,
  resource: KubeObject | undefined,
  { component, deployment, finalizer, filledIn, render }: Extension,
): void {
  const { tx } = operator;
  if (!resource) {
    notFound(tx, component);
    maintainFinalizer(operator, undefined, { finalizer, deployment });
    return;
  }
  found(tx, component, resource);
  const spec = installedSpec(operator, component);
  if (!spec) return;
  const filled = filledIn ? written(operator, resource, filledIn(resource.spec ?? {})) : resource;
  found(tx, component, filled);
  maintainFinalizer(operator, filled, { finalizer, deployment });
  for (const object of render(spec, filled.spec ?? {})) ensure(operator, object, filled);
  fine(tx, component, { deployments: [deployment] });
}

function written({ tx, registry }: Operator, resource: KubeObject, spec: JsonObject): KubeObject {
  const type = registry.byKind(resource.apiVersion, resource.kind);
  if (!type) return resource;
  return storeUpdate(tx, type, completeUpdate(tx, type, { ...resource, spec }, resource), resource);
}

/** What the APIServer resource tells once everything is available: other controllers wait for it. */
export function tellApiServer({ tx, registry }: Operator): void {
  const resource = apiServerIn(tx);
  const type = registry.byName(API_SERVERS);
  if (resource && type) putStatus(tx, type, resource, { ...resource.status, state: 'Ready' });
}

/** It has no resource of its own; it waits until projectcalico.org/v3 answers. */
export function reconcileTiers(operator: Operator): void {
  const { tx } = operator;
  if (!installationIn(tx)) {
    notFound(tx, 'tiers');
    return;
  }
  found(tx, 'tiers');
  if (textAt(apiServerIn(tx)?.status, 'state') !== 'Ready') {
    degrade(tx, 'tiers', 'ResourceNotReady', 'Waiting for Tigera API server to be ready');
    return;
  }
  const why = firstRefusal(operator, [
    CALICO_TIER,
    DNS_POLICY,
    ...CORE_POLICIES,
    API_SERVER_POLICY,
    ...(tx.get(GOLDMANES, undefined, DEFAULT) ? [GOLDMANE_POLICY] : []),
    ...(tx.get(WHISKERS, undefined, DEFAULT) ? [WHISKER_POLICY] : []),
  ]);
  if (why === undefined) fine(tx, 'tiers');
  else degrade(tx, 'tiers', 'ResourceUpdateError', `Error creating / updating resource: ${why}`);
}

function firstRefusal(operator: Operator, objects: readonly Rendered[]): string | undefined {
  for (const object of objects) {
    const why = ensureShown(operator, object);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** Creates an object of projectcalico.org/v3 or puts its spec back; the error is the API server's. */
function ensureShown({ tx, registry }: Operator, desired: Rendered): string | undefined {
  const type = calicoV3Resources.find(({ kind }) => kind === desired.kind);
  if (!type?.view) return undefined;
  const { namespace, name } = desired.metadata;
  const stored = tx.get(type.view.of.name, namespace, name);
  const shown = stored && type.view.shown(stored);
  if (shown && holds(shown, desired)) return undefined;
  const home = namespace === undefined ? '' : `/namespaces/${namespace}`;
  const path = `/apis/projectcalico.org/v3${home}/${type.plural}`;
  const body = { ...desired, ...(shown && { metadata: { ...shown.metadata, ...desired.metadata } }) };
  const { resourceVersion: _, uid: _u, ...metadata } = body.metadata;
  const answer = handle(tx, registry, {
    method: shown ? 'PUT' : 'POST',
    path: shown ? `${path}/${name}` : path,
    body: { ...body, metadata } as unknown as JsonObject,
  });
  return answer.code < 300 ? undefined : textAt(answer.body, 'message');
}

/** Everything that is wanted is there. */
const holds = (shown: KubeObject, desired: Rendered): boolean =>
  Object.entries(desired.spec ?? {}).every(([key, value]) => jsonEquals(shown.spec?.[key], value));
