/**
 * `calicoctl ipam configure`.
 * Source: calicoctl/calicoctl/commands/ipam/configure.go, libcalico-go/lib/ipam SetIPAMConfig, Calico v3.32.1.
 */
import { jsonEquals, type JsonObject } from '../../../base/json.ts';
import { METADATA_ANNOTATION, NO_METADATA } from '../../cni/calico/datastore.ts';
import { API_VERSION, IPAM_CONFIGS } from '../../cni/calico/kinds.ts';
import { collection, type Client } from './client.ts';
import { asJson } from './failure.ts';
import type { Line } from './options.ts';
import type { Report } from './report.ts';

const refused = (error: string): Report => ({ stdout: '', error });

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

interface Setting {
  /** As the success line names it. */
  readonly name: string;
  readonly member: string;
  readonly value: boolean | number | string;
}

export function ipamConfigure(client: Client, line: Line): Report {
  const settings: Setting[] = [];
  for (const read of [strictAffinity(line), maxBlocks(line), persistence(line)]) {
    if (typeof read === 'string') return refused(read);
    if (read) settings.push(read);
  }
  if (settings.length === 0) return refused('at least one configuration option must be specified');
  const stored = client.objects.get(IPAM_CONFIGS, 'default')?.spec ?? {};
  const spec: JsonObject = {
    autoAllocateBlocks: true,
    strictAffinity: false,
    ...stored,
    ...Object.fromEntries(settings.map(({ member, value }) => [member, value])),
  };
  const problem = conflict(spec);
  if (problem !== undefined) return refused(`error: ${problem}`);
  const failure = write(client, spec);
  if (failure !== undefined) return refused(`error: ${failure}`);
  return {
    stdout: settings.map(({ name, value }) => `Successfully set ${name} to: ${String(value)}\n`).join(''),
  };
}

/** What nothing changes is not written. The text of a refusal by the CRD. */
function write(client: Client, { maxBlocksPerHost, ...rest }: JsonObject): string | undefined {
  const stored = client.objects.get(IPAM_CONFIGS, 'default');
  const spec = maxBlocksPerHost ? { ...rest, maxBlocksPerHost } : rest;
  if (stored && jsonEquals(stored.spec, spec)) return undefined;
  const metadata = stored?.metadata ?? {
    name: 'default',
    annotations: { [METADATA_ANNOTATION]: NO_METADATA },
  };
  const base = collection(IPAM_CONFIGS);
  const written = client.request(
    {
      method: stored ? 'PUT' : 'POST',
      path: stored ? `${base}/default` : base,
      body: asJson({ apiVersion: API_VERSION, kind: 'IPAMConfig', metadata, spec }),
    },
    'IPAMConfig(default)',
  );
  return written.ok ? undefined : written.error.text;
}

function conflict(spec: JsonObject): string | undefined {
  if (spec['strictAffinity'] !== true && spec['autoAllocateBlocks'] === false) {
    return "Cannot disable 'StrictAffinity' and 'AutoAllocateBlocks' at the same time";
  }
  if (Number(spec['maxBlocksPerHost'] ?? 0) > 0 && spec['strictAffinity'] !== true) {
    return 'MaxBlocksPerHost requires StrictAffinity to be enabled';
  }
  return undefined;
}

function strictAffinity(line: Line): Setting | string | undefined {
  const text = line.value('--strictaffinity') ?? '';
  if (text === '') return undefined;
  if (!TRUE.includes(text) && !FALSE.includes(text))
    return 'invalid value. Use true or false to set strictaffinity';
  return { name: 'StrictAffinity', member: 'strictAffinity', value: TRUE.includes(text) };
}

function maxBlocks(line: Line): Setting | string | undefined {
  const text = line.value('--max-blocks-per-host') ?? '';
  if (text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text)) return 'invalid value for maxblockhost. Use a valid number';
  return { name: 'MaxBlocksPerHost', member: 'maxBlocksPerHost', value: Number(text) };
}

function persistence(line: Line): Setting | string | undefined {
  const text = line.value('--kubevirt-ip-persistence') ?? '';
  if (text === '') return undefined;
  if (text !== 'Enabled' && text !== 'Disabled') {
    return 'invalid value for --kubevirt-ip-persistence. Use Enabled or Disabled';
  }
  return { name: 'KubeVirtVMAddressPersistence', member: 'kubeVirtVMAddressPersistence', value: text };
}
