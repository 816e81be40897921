/** The cluster's own kubeconfig, as kind wrote it for this machine, marked so that a file of ours is known again. */
import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { isJsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import { KUBECONFIG_MARK, type LabError } from '../../../lab/ports.ts';
import type { Cluster } from '../cluster/cluster.ts';

export async function ownKubeconfig({ folder, topology }: Cluster): Promise<Result<string, LabError>> {
  const text = await readFile(folder.kubeconfig, 'utf8').catch(() => undefined);
  const config: unknown = text === undefined ? undefined : parse(text);
  if (!isJsonObject(config as never)) {
    return err({
      code: 'kubeconfig-missing',
      message: `The cluster's kubeconfig ${folder.kubeconfig} is not there, or is none.`,
      remedy: 'Start the lab over: the cluster is made anew, your files are kept.',
    });
  }
  const extensions = [{ name: KUBECONFIG_MARK, extension: { topology: topology.name } }];
  return ok(stringify({ ...(config as object), extensions }, { indentSeq: false, lineWidth: 0 }));
}
