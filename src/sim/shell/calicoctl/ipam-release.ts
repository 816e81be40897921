/**
 * `calicoctl ipam release`: one address, or all that every given report of `ipam check -o` calls leaked.
 * Source: calicoctl/calicoctl/commands/ipam/release.go, libcalico-go/lib/ipam ReleaseIPs, Calico v3.32.1.
 */
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import { formatIp, parseIp } from '../../../model/ip-family.ts';
import type { Release } from '../../cni/calico/ipam/ipam.ts';
import { CALICO_VERSION, CLUSTER_INFORMATIONS, IPAM_HANDLES } from '../../cni/calico/kinds.ts';
import { listAt, objectAt, textAt } from '../../kube/fields.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { CommandIo } from '../command.ts';
import type { Client } from './client.ts';
import { isLocked } from './datastore-lock.ts';
import { contentOf } from './files.ts';
import { badAddress } from './ipam-show.ts';
import type { Line } from './options.ts';
import type { Report } from './report.ts';

const refused = (error: string): Report => ({ stdout: '', error });

export function ipamRelease(io: CommandIo, client: Client, line: Line): Report {
  const files = line.values('--from-report');
  if (files.length > 0) return fromReports(io, client, { files, force: line.has('--force') });
  const text = line.value('--ip');
  if (text === undefined) return { stdout: '' };
  const address = parseIp(text);
  if (address === undefined) return badAddress(text);
  const spelt = formatIp(address);
  if (!client.ipam.releaseAddress(address)) return refused(`IP address ${spelt} is not assigned`);
  return { stdout: `Successfully released IP address ${spelt}\n` };
}

interface Asked {
  readonly files: readonly string[];
  readonly force: boolean;
}

function fromReports(io: CommandIo, client: Client, asked: Asked): Report {
  const cluster = client.objects.get(CLUSTER_INFORMATIONS, 'default');
  const read = readReports(io, asked, textAt(cluster, 'spec', 'clusterGUID'));
  const { warnings } = read;
  if (read.error !== undefined) return { stdout: warnings.join(''), error: read.error };
  const problem = untimely(cluster, read.reports, asked);
  if (problem !== undefined) return { stdout: warnings.join(''), error: problem };
  const lockWarning = isLocked(client)
    ? []
    : ['WARNING: Data store is not locked. Ignoring due to --force option\n'];
  const released = [...releaseAddresses(client, read.reports), ...releaseHandles(client, read.reports)];
  return {
    stdout: [...warnings, ...lockWarning, ...released, 'You may now unlock the data store.\n'].join(''),
  };
}

/** At least one report must be of the cluster as it is, and nothing may move meanwhile. */
function untimely(
  cluster: KubeObject | undefined,
  reports: readonly JsonObject[],
  { force }: Asked,
): string | undefined {
  const revision = cluster?.metadata.resourceVersion;
  if (!reports.some((report) => report['clusterInformationRevision'] === revision)) {
    return 'the provided reports are all stale - at least one should be up-to-date. Please generate a new report while the data store is locked and try again';
  }
  return force || cluster?.spec?.['datastoreReady'] === false
    ? undefined
    : 'data store is not locked. Either lock the data store, or re-run with --force';
}

interface ReadReports {
  readonly reports: readonly JsonObject[];
  readonly warnings: readonly string[];
  readonly error?: string;
}

function readReports(io: CommandIo, { files, force }: Asked, guid: string): ReadReports {
  const warnings: string[] = [];
  const reports: JsonObject[] = [];
  for (const file of files) {
    const read = readReport(io, file);
    if (!read.ok) return { reports, warnings, error: read.error };
    const problem = mismatch(file, read.value, guid);
    if (problem && (problem.grave || !force)) return { reports, warnings, error: problem.text };
    if (problem) {
      warnings.push(
        'WARNING: Report was produced using a different version of calicoctl. Ignoring due to --force option\n',
      );
    }
    reports.push(read.value);
  }
  return { reports, warnings };
}

function readReport(io: CommandIo, file: string): Result<JsonObject, string> {
  const text = contentOf(io, file);
  if (text === undefined) return err(`open ${file}: no such file or directory`);
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return ok(value);
    return err(
      `json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go value of type ipam.Report`,
    );
  } catch (problem) {
    if (!(problem instanceof SyntaxError)) throw problem;
    return err(text.trim() === '' ? 'unexpected end of JSON input' : `${file} is no report of ipam check -o`);
  }
}

interface Mismatch {
  /** --force does not help. */
  readonly grave: boolean;
  readonly text: string;
}

function mismatch(file: string, report: JsonObject, guid: string): Mismatch | undefined {
  if (textAt(report, 'clusterGUID') !== guid) {
    const text = `cluster does not match the provided report (${file}): mismatched cluster GUID. Refusing to release`;
    return { grave: true, text };
  }
  const version = textAt(report, 'version');
  if (version === CALICO_VERSION) return undefined;
  const text = `the provided report (${file}) was produced using a different version (${version}) of calicoctl. Refusing to release`;
  return { grave: false, text };
}

/** By address, those that every report calls unused, in the words of the last one. */
function unusedIn(reports: readonly JsonObject[]): ReadonlyMap<string, JsonObject> {
  return reports
    .map(unused)
    .reduce((common, report) => new Map([...report].filter(([address]) => common.has(address))));
}

function unused(report: JsonObject): ReadonlyMap<string, JsonObject> {
  const allocations = objectAt(report, 'allocations');
  const all = Object.keys(allocations).flatMap((address) => listAt(allocations, address));
  return new Map(all.filter(({ inUse }) => inUse !== true).map((each) => [textAt(each, 'ip'), each]));
}

/** What has changed hands since the report was made is left alone, and with it the rest of its block. */
function releaseAddresses(client: Client, reports: readonly JsonObject[]): readonly string[] {
  const wanted = unusedIn(reports);
  if (wanted.size === 0) return ["Report didn't contain any leaked IPs to clean up.\n"];
  const { count, unallocated, error } = client.ipam.release([...wanted.values()].flatMap(releaseOf));
  return [
    `Releasing ${wanted.size} old IPs...\n`,
    error === undefined
      ? `Released ${count} IPs successfully\n`
      : `An error occurred while releasing some IPs: ${error}.  Problems are often caused by an out-of-date IPAM report.  Try regenerating the IPAM report and retry.\n`,
    ...(unallocated.length > 0
      ? [`${unallocated.length} addresses marked as leaked in the report had already been cleaned up.\n`]
      : []),
  ];
}

function releaseOf(reported: JsonObject): readonly Release[] {
  const address = parseIp(textAt(reported, 'ip'));
  const handle = textAt(reported, 'handle');
  if (address === undefined) return [];
  return [{ address, sequence: Number(reported['sequenceNumber'] ?? 0), ...(handle !== '' && { handle }) }];
}

function releaseHandles(client: Client, reports: readonly JsonObject[]): readonly string[] {
  const wanted = strayIn(reports);
  if (wanted.length === 0) return ["Report didn't contain any handles to clean up.\n"];
  const stored = client.objects.list(IPAM_HANDLES);
  const marks = wanted.map((handle) => {
    const found = stored.find(({ spec }) => spec?.['handleID'] === handle['ID']);
    const same =
      found?.metadata.resourceVersion === handle['Revision'] && found?.metadata.uid === handle['UID'];
    if (!found || !same) return 'x';
    client.objects.delete(IPAM_HANDLES, found.metadata.name);
    return '.';
  });
  const done = marks.filter((mark) => mark === '.').length;
  return [
    `Deleting ${wanted.length} handles...\nKey: '.' = Deleted OK; 'x' = skip, handle missing/changed.\n`,
    `${marks.join('')}\nReleased ${done} handles; ${wanted.length - done} skipped; 0 errors.\n`,
  ];
}

/** Handles that every report calls leaked and that did not change in between. */
function strayIn(reports: readonly JsonObject[]): readonly JsonObject[] {
  const [first = [], ...others] = reports.map((report) => listAt(report, 'leakedHandles'));
  return others.reduce(
    (common, report) =>
      report.filter(({ ID, Revision }) =>
        common.some((each) => each['ID'] === ID && each['Revision'] === Revision),
      ),
    first,
  );
}
