/** What a pod's spec says about its resolver: dnsPolicy and dnsConfig (Kubernetes 1.35, pkg/kubelet/network/dns). */
import { at, listAt, objectAt, textAt, textsAt } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import type { PodDns } from './files-image.ts';

export function podDns({ spec }: KubeObject): PodDns {
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
