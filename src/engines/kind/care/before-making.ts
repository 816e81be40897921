/**
 * What would make a cluster fail after minutes, found out in seconds before anything is made: whether nodes may be privileged,
 * whether the kernel has what the lab needs, and whether there is room. What only makes it slow or tight the doctor tells.
 */
import { randomBytes } from 'node:crypto';
import type { LabEnvironment, LabError } from '../../../lab/ports.ts';
import type { Docker } from '../docker/docker.ts';
import { ownContainer } from '../names.ts';
import { lackOf } from './lab-needs.ts';
import { LEAST_FREE } from './probe-findings.ts';
import { probe, type ProbeReport } from './probe.ts';
import { privilegedFinding, type ProgramSearch } from './program-findings.ts';

export interface BeforeMaking {
  readonly environment: LabEnvironment;
  readonly search: ProgramSearch;
  /** The tool image's reference. */
  readonly image: string;
  readonly signal: AbortSignal;
}

export interface Fitness {
  /** Undefined: a cluster can be made. */
  readonly obstacle?: LabError;
  /** What was found of the kernel, if it came to that. */
  readonly report?: ProbeReport;
}

export async function beforeMaking(
  docker: Docker,
  { environment, search, image, signal }: BeforeMaking,
): Promise<Fitness> {
  const privileged = await privilegedFinding(docker, { ...search, image, signal });
  if (privileged.state === 'limited') {
    const { says: message, remedy = '' } = privileged;
    return { obstacle: { code: 'not-privileged', message, remedy } };
  }
  const probed = await probe(docker, { image, name: probeName(), signal });
  if (!probed.ok) return { obstacle: probed.error };
  const report = probed.value;
  const obstacle = lackOf(environment, report.features) ?? noRoom(report);
  return { report, ...(obstacle && { obstacle }) };
}

/** Unique among containers. */
export const probeName = (): string => ownContainer(`underlay-${randomBytes(3).toString('hex')}`, 'probe');

function noRoom({ free }: ProbeReport): LabError | undefined {
  if (!(free < LEAST_FREE)) return undefined;
  return {
    code: 'docker-no-space',
    message: `The disk of the Docker Engine has ${(free / 1e9).toFixed(1)} GB left, and a cluster needs ${LEAST_FREE / 1e9} GB.`,
    remedy:
      'Remove clusters that earlier labs left (on the page This machine), or look at `docker system df`; then start the lab again.',
  };
}
