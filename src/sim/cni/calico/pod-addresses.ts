/**
 * A pod's addresses as Calico sees them: those that the kubelet shows, or, until it does, those that the CNI plugin noted.
 * Source: libcalico-go/lib/backend/k8s/conversion/conversion.go getPodIPs, Calico v3.32.1.
 */
import type { Ip } from '../../../model/ip.ts';
import { parseIp } from '../../../model/ip-family.ts';
import { listAt, textAt } from '../../kube/fields.ts';
import type { KubeObject } from '../../kube/object.ts';
import { annotation } from './kinds.ts';

export const POD_ANNOTATION = {
  podIp: 'cni.projectcalico.org/podIP',
  podIps: 'cni.projectcalico.org/podIPs',
  containerId: 'cni.projectcalico.org/containerID',
} as const;

/** The first family of the cluster comes first. */
export function podAddresses(pod: KubeObject): readonly Ip[] {
  const found = shownTexts(pod).flatMap((text) => parseIp(text.replace(/\/\d+$/, '')) ?? []);
  return found.length > 1 ? [...new Set(found)] : found;
}

function shownTexts(pod: KubeObject): readonly string[] {
  const shown = listAt(pod.status, 'podIPs');
  if (shown.length > 0) return shown.map((each) => textAt(each, 'ip'));
  const single = textAt(pod.status, 'podIP');
  if (single !== '') return [single];
  const noted = annotation(pod, POD_ANNOTATION.podIps) ?? annotation(pod, POD_ANNOTATION.podIp) ?? '';
  return noted === '' ? [] : noted.split(',');
}
