/**
 * Looks at everything that a real cluster needs, in an order in which each look can stand on the ones before: the engine,
 * the programs beside it, what the engine says of itself, and what a container on it finds. Nothing is kept between looks.
 */
import type { Result } from '../../../base/result.ts';
import type { Finding } from '../../../lab/care.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Docker } from '../docker/docker.ts';
import { probeName } from './before-making.ts';
import { engineFindings } from './engine-findings.ts';
import { downloadFinding, firewallFinding, mtuFinding, subnetFinding } from './network-findings.ts';
import { probe, type ProbeReport } from './probe.ts';
import { probeFindings, unprobed } from './probe-findings.ts';
import {
  contextFinding,
  dockerCommandFinding,
  kindFinding,
  privilegedFinding,
  type ProgramSearch,
} from './program-findings.ts';

export interface Doctor {
  readonly connect: () => Promise<Result<Docker, LabError>>;
  readonly search: ProgramSearch;
  /** The tool image's reference when it is there; looking builds nothing. */
  readonly toolImage: (docker: Docker, signal: AbortSignal) => Promise<Result<string | undefined, LabError>>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Look {
  readonly findings: readonly Finding[];
  /** What was found of the kernel; absent when nothing could be probed. */
  readonly report?: ProbeReport;
}

export interface LookOptions {
  readonly signal: AbortSignal;
  readonly onFinding?: (finding: Finding) => void;
}

export async function lookAround(doctor: Doctor, { signal, onFinding }: LookOptions): Promise<Look> {
  const findings: Finding[] = [];
  const add = (...found: readonly (Finding | undefined)[]): void => {
    for (const finding of found) {
      if (!finding) continue;
      findings.push(finding);
      onFinding?.(finding);
    }
  };
  const connected = await doctor.connect();
  add(engineFinding(connected), connected.ok ? podmanFinding(connected.value) : undefined);
  add(await dockerCommandFinding(doctor.search), await kindFinding(doctor.search));
  add(await downloadFinding(doctor.search));
  if (!connected.ok) {
    add(...unprobed('It is looked at once a Docker Engine answers.'));
    return { findings };
  }
  const docker = connected.value;
  add(await contextFinding(docker, doctor.search));
  const info = await docker.info(signal);
  const { arch } = doctor.search;
  add(
    ...(info.ok ? engineFindings(info.value, arch) : [failedLook('engine-info', 'The engine', info.error)]),
  );
  add(await subnetFinding(docker, signal), await mtuFinding(docker, signal));
  add(await firewallFinding(doctor.search));
  const probed = await tryContainers(doctor, docker, signal);
  add(...probed.findings);
  return { findings, ...(probed.report ? { report: probed.report } : {}) };
}

function engineFinding(connected: Result<Docker, LabError>): Finding {
  const base = { id: 'docker', title: 'Docker' };
  if (!connected.ok) {
    const { message, remedy } = connected.error;
    return {
      ...base,
      state: 'limited',
      says: `${message} Simulated labs do not need it; real clusters do.`,
      remedy,
    };
  }
  const { endpoint, engine } = connected.value;
  const says = `Docker Engine ${engine.version} (API ${engine.apiVersion}) answers at ${endpoint.host}.`;
  return { ...base, state: 'good', says };
}

/** It answers like Docker and limits containers otherwise. */
function podmanFinding({ engine }: Docker): Finding | undefined {
  if (!engine.isPodman) return undefined;
  return {
    id: 'podman',
    title: 'Podman',
    state: 'limited',
    says: 'This engine is Podman, on which real clusters were never tried.',
    remedy:
      'Let its machine run with root (`podman machine set --rootful`), and write `pids_limit = 65536` and `log_driver = "k8s-file"` below `[containers]` in containers.conf.',
  };
}

async function tryContainers(doctor: Doctor, docker: Docker, signal: AbortSignal): Promise<Look> {
  const image = await doctor.toolImage(docker, signal);
  if (!image.ok)
    return { findings: [failedLook('tool-image', 'Tool image', image.error), ...unprobed(UNTRIED)] };
  if (image.value === undefined) {
    const says = 'It is built when the first real cluster is made, from Debian packages.';
    const tools: Finding = { id: 'tool-image', title: 'Tool image', state: 'good', says };
    return { findings: [tools, ...unprobed(UNTRIED)] };
  }
  const tools: Finding = {
    id: 'tool-image',
    title: 'Tool image',
    state: 'good',
    says: `${image.value} is there.`,
  };
  const privileged = await privilegedFinding(docker, { ...doctor.search, image: image.value, signal });
  const report = await probe(docker, { image: image.value, name: probeName(), signal });
  if (!report.ok)
    return {
      findings: [tools, privileged, failedLook('probe', 'Containers', report.error), ...unprobed(UNTRIED)],
    };
  return {
    findings: [tools, privileged, ...probeFindings(report.value, doctor.now())],
    report: report.value,
  };
}

const UNTRIED = 'It is tried in a container once the tool image is there.';

const failedLook = (id: string, title: string, { message, remedy }: LabError): Finding => ({
  id,
  title,
  state: 'limited',
  says: message,
  remedy,
});
