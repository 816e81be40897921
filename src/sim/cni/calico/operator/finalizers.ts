/**
 * What each of the operator's controllers holds the Installation by: from when its resource is there until nothing runs any more
 * that was made for it, so that pods are torn down while there is a CNI plugin.
 * Source: MaintainInstallationFinalizer, pkg/controller/utils/utils.go; pkg/render/finalizers.go, tigera/operator v1.42.3.
 */
import { storeUpdate } from '../../../kube/admission.ts';
import { podsWithLabel } from '../../../kube/controllers/ownership.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { Millis } from '../../../core/time.ts';
import type { Operator } from './component.ts';
import { CALICO_NAMESPACE, installationIn, INSTALLATIONS, OPERATOR } from './kinds.ts';

/** Between two looks at what still runs. */
const REMOVAL_RETRY: Millis = 10_000;

export interface Hold {
  readonly finalizer: string;
  /** In calico-system. */
  readonly deployment: string;
}

/** `resource`: the controller's own, undefined once it is gone. */
export function maintainFinalizer(
  operator: Operator,
  resource: KubeObject | undefined,
  { finalizer, deployment }: Hold,
): void {
  const { tx } = operator;
  const { metadata } = installationIn(tx) ?? {};
  const held = metadata?.finalizers ?? [];
  const isHeld = held.includes(finalizer);
  if (!metadata || isHeld === (resource !== undefined)) return;
  if (resource) {
    if (metadata.deletionTimestamp === undefined) write(operator, [...held, finalizer]);
  } else if (isGone(operator, deployment)) {
    write(
      operator,
      held.filter((name) => name !== finalizer),
    );
  } else tx.schedule(OPERATOR, 'reconcile', REMOVAL_RETRY);
}

/** Its pods, too. */
const isGone = ({ tx }: Operator, deployment: string): boolean =>
  !tx.get('deployments.apps', CALICO_NAMESPACE, deployment) &&
  podsWithLabel(tx, CALICO_NAMESPACE, 'k8s-app', deployment).length === 0;

function write({ tx, registry }: Operator, finalizers: readonly string[]): void {
  const installation = installationIn(tx);
  const type = registry.byName(INSTALLATIONS);
  if (!installation || !type) return;
  storeUpdate(
    tx,
    type,
    { ...installation, metadata: { ...installation.metadata, finalizers } },
    installation,
  );
}
