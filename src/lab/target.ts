/** Where a flow goes: a place, a service by its cluster address, or a bare address. */
import { isJsonObject } from '../base/json.ts';
import { err, ok, type Result } from '../base/result.ts';
import { parseIpv4 } from '../model/ip.ts';
import { formatPlace, parsePlace } from '../model/place.ts';
import { parsed } from './fields.ts';
import type { LabError, Probe, ReachFlow } from './ports.ts';

export type Target = ReachFlow['to'];

export function parseTarget(text: string): Target | undefined {
  if (parseIpv4(text) !== undefined) return { kind: 'address', address: text };
  const service = /^service\/(?:([a-z0-9-]+)\/)?([a-z0-9-]+)$/.exec(text);
  if (service) return { kind: 'service', namespace: service[1] ?? 'default', name: service[2] ?? '' };
  return parsePlace(text);
}

export function formatTarget(target: Target): string {
  if (target.kind === 'address') return target.address;
  if (target.kind === 'service') {
    return target.namespace === 'default'
      ? `service/${target.name}`
      : `service/${target.namespace}/${target.name}`;
  }
  return formatPlace(target);
}

export const targetField = parsed(
  (text) => (text === 'workstation' ? undefined : parseTarget(text)),
  'a pod/<name>, service/<name>, node/<name>, host/<name>, router/<name> or an IPv4 address',
);

/** A target whose address the cluster itself knows, so that a check can compare with it. */
export const addressedTarget = targetField.refine(({ kind }) => kind !== 'host' && kind !== 'router', {
  error: 'the cluster knows no address of a host or router: write the address itself',
});

/** The IPv4 address of a target as the cluster or the topology knows it now; undefined while it has none. */
export async function addressOf(
  target: Target,
  probe: Probe,
  signal: AbortSignal,
): Promise<Result<string | undefined, LabError>> {
  switch (target.kind) {
    case 'address':
      return ok(target.address);
    case 'pod':
      return member(
        await probe.objects({ resource: 'pods', namespace: target.namespace, name: target.name }, signal),
        'status',
        'podIP',
      );
    case 'service':
      return member(
        await probe.objects({ resource: 'services', namespace: target.namespace, name: target.name }, signal),
        'spec',
        'clusterIP',
      );
    case 'node':
      return nodeAddress(await probe.objects({ resource: 'nodes', name: target.name }, signal));
    default:
      return err({
        code: 'target-without-address',
        message: `${formatPlace(target)} has no address that the cluster knows.`,
        remedy: 'The lab should name the address itself.',
      });
  }
}

type Objects = Awaited<ReturnType<Probe['objects']>>;

function member(found: Objects, part: 'status' | 'spec', key: string): Result<string | undefined, LabError> {
  if (!found.ok) return found;
  const holder = found.value[0]?.[part];
  const value = isJsonObject(holder) ? holder[key] : undefined;
  return ok(typeof value === 'string' ? value : undefined);
}

function nodeAddress(found: Objects): Result<string | undefined, LabError> {
  if (!found.ok) return found;
  const status = found.value[0]?.status;
  const addresses = isJsonObject(status) && Array.isArray(status.addresses) ? status.addresses : [];
  const internal: unknown = addresses.find(
    (entry: unknown) => isJsonObject(entry) && entry.type === 'InternalIP',
  );
  return ok(isJsonObject(internal) && typeof internal.address === 'string' ? internal.address : undefined);
}
