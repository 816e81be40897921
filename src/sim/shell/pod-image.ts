/**
 * What a pod contributes to the files its container begins with: its addresses for the hosts file (pkg/kubelet/kubelet_pods.go
 * managedHostsFileContent, Kubernetes 1.35), dnsPolicy and dnsConfig for its resolver (pkg/kubelet/network/dns).
 */
import { at, listAt, objectAt, textAt, textsAt } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import type { ImageFacts, PodDns } from './files-image.ts';

export const podImage = (pod: KubeObject): Pick<ImageFacts, 'addresses' | 'dns'> => ({
  addresses: listAt(pod.status, 'podIPs').map((item) => textAt(item, 'ip')),
  dns: podDns(pod),
});

function podDns({ spec }: KubeObject): PodDns {
  const config = objectAt(spec, 'dnsConfig');
  return {
    policy: textAt(spec, 'dnsPolicy') || 'ClusterFirst',
    hostNetwork: at(spec, 'hostNetwork') === true,
    nameservers: textsAt(config, 'nameservers'),
    searches: textsAt(config, 'searches'),
    options: listAt(config, 'options').map((option) => ({
      name: textAt(option, 'name'),
      ...(at(option, 'value') === undefined ? {} : { value: textAt(option, 'value') }),
    })),
  };
}
