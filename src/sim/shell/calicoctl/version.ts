/** Versions: `calicoctl version`, and the check before other commands that client and cluster agree. */
import { CALICO_VERSION, CLUSTER_INFORMATIONS } from '../../cni/calico/kinds.ts';
import type { Client } from './client.ts';
import type { Line } from './options.ts';
import type { Report } from './report.ts';

/** The commit of the release. */
const GIT_REVISION = '0ca9d1b93';

export function version(client: Client, line: Line): Report {
  const own = `Client Version:    ${CALICO_VERSION}\nGit commit:        ${GIT_REVISION}\n`;
  if (line.has('--client')) return { stdout: own };
  const spec = client.objects.get(CLUSTER_INFORMATIONS, 'default')?.spec;
  if (!spec) {
    const missing = 'clusterinformations.crd.projectcalico.org "default" not found';
    return {
      stdout: own,
      error: `unable to retrieve Cluster Version or Type: resource does not exist: ClusterInformation(default) with error: ${missing}`,
    };
  }
  const shown = (value: unknown): string => String(value || 'unknown');
  return {
    stdout: `${own}Cluster Version:   ${shown(spec['calicoVersion'])}\nCluster Type:      ${shown(spec['clusterType'])}\n`,
  };
}

/** What is wrong with the pair of versions; undefined when nothing is, or when the cluster does not say. */
export function mismatch(client: Client, line: Line): string | undefined {
  const cluster = client.objects.get(CLUSTER_INFORMATIONS, 'default')?.spec?.['calicoVersion'];
  if (line.has('--allow-version-mismatch') || typeof cluster !== 'string' || cluster === '') return undefined;
  const plain = (text: string): string => text.replace(/^v/, '').split('-')[0] ?? '';
  if (plain(cluster) === plain(CALICO_VERSION)) return undefined;
  return `version mismatch.\nClient Version:   ${CALICO_VERSION}\nCluster Version:  ${cluster}\nUse --allow-version-mismatch to override`;
}
