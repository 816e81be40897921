/** How the fake engine refuses: in moby's own words, through the table that a real engine's words go through. */
import { dockerError, INTERRUPTED, type DockerFault } from '../../src/engines/kind/docker/errors.ts';
import type { LabError } from '../../src/lab/ports.ts';

export { INTERRUPTED };

/** Remembers a call by name; the failure that it meets, if any. */
export type Call = (name: string, signal: AbortSignal) => Promise<LabError | undefined>;

export const refusal = (fault: DockerFault, subject?: string, pulling = false): LabError =>
  dockerError(fault, {
    host: 'unix:///run/fake-docker.sock',
    platform: 'linux',
    pulling,
    ...(subject !== undefined && { subject }),
  });

export const noSuchContainer = (name: string): LabError =>
  refusal({ status: 404, says: `No such container: ${name}` }, name);

export const notRunning = (name: string): LabError =>
  refusal({ status: 409, says: `container ${name} is not running` }, name);

/** Labels as Docker's filters mean them: a name, `name=value`, or several that all have to fit. */
export function labelled(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>> | string,
): boolean {
  if (typeof wanted !== 'string')
    return Object.entries(wanted).every(([name, value]) => labels[name] === value);
  const [name = '', value] = wanted.split(/=(.*)/s);
  return name in labels && (value === undefined || labels[name] === value);
}
