/** The cluster's own kubeconfig, as kind wrote it for this machine, marked so that a file of ours is known again. */
import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { err, ok, type Result } from '../../../base/result.ts';
import { KUBECONFIG_MARK, type KubeconfigOptions, type LabError } from '../../../lab/ports.ts';
import type { Cluster } from '../cluster/cluster.ts';

/** As far as it is read; all of it is handed on. */
const schema = z.looseObject({
  clusters: z.array(z.looseObject({ cluster: z.looseObject({ server: z.url() }) })).min(1),
});

/** kind publishes the API on a port of 127.0.0.1 when it makes a cluster, and no other can be had any more. */
export async function ownKubeconfig(
  { folder, topology }: Pick<Cluster, 'folder' | 'topology'>,
  { port = 0 }: KubeconfigOptions = {},
): Promise<Result<string, LabError>> {
  const text = await readFile(folder.kubeconfig, 'utf8').catch(() => '');
  const read = schema.safeParse(parsed(text));
  if (!read.success) {
    return err({
      code: 'kubeconfig-missing',
      message: `The cluster's kubeconfig ${folder.kubeconfig} is not there, or is none.`,
      remedy: 'Start the lab over: the cluster is made anew, your files are kept.',
    });
  }
  const [first] = read.data.clusters;
  const { host, port: published } = new URL(first?.cluster.server ?? '');
  if (port !== 0 && String(port) !== published) {
    return err({
      code: 'port-fixed',
      message: `This cluster has listened on ${host} since it was made, and cannot listen on port ${port} too.`,
      remedy: 'Ask for no port: the kubeconfig names the one it has.',
    });
  }
  const extensions = [{ name: KUBECONFIG_MARK, extension: { topology: topology.name } }];
  return ok(stringify({ ...read.data, extensions }, { indentSeq: false, lineWidth: 0 }));
}

function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
