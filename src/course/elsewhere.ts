/**
 * The same lab where its pods get other addresses: those that they have are reserved. On a real cluster nobody knows which one
 * a pod gets, and what a lesson prints has to hold there too. Left out: addresses of tunnels, which nodes take before the lab
 * is made.
 */
import { isJsonObject, type JsonObject } from '../base/json.ts';
import { ok, type Result } from '../base/result.ts';
import type { LabEnvironment, LabError, Probe } from '../lab/ports.ts';

/** @param here the lab as it is when it is opened */
export async function elsewhere(
  environment: LabEnvironment,
  here: Pick<Probe, 'objects'>,
  signal: AbortSignal,
): Promise<Result<LabEnvironment, LabError>> {
  const pods = await here.objects({ resource: 'pods' }, signal);
  if (!pods.ok) return pods;
  const taken = pods.value.flatMap(ownAddresses);
  if (taken.length === 0) return ok(environment);
  const reserved = { file: 'taken-addresses.yaml', text: reservation(taken) };
  return ok({ ...environment, start: [reserved, ...environment.start] });
}

/** Of a pod that does not share its node's: Calico gave them. */
function ownAddresses({ spec, status }: JsonObject): readonly string[] {
  if (isJsonObject(spec) && spec.hostNetwork === true) return [];
  const addresses = isJsonObject(status) && Array.isArray(status.podIPs) ? status.podIPs : [];
  return addresses.flatMap((each: unknown) =>
    isJsonObject(each) && typeof each.ip === 'string' ? [each.ip] : [],
  );
}

const reservation = (addresses: readonly string[]): string => `apiVersion: projectcalico.org/v3
kind: IPReservation
metadata:
  name: taken-addresses
spec:
  reservedCIDRs:
${addresses.map((address) => `    - ${address}/${address.includes(':') ? 128 : 32}\n`).join('')}`;
