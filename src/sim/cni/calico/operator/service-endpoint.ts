/**
 * Where calico-node, the CNI plugin and Typha find the API server: where the operator found it, by the environment of its own process,
 * so that they need no kube-proxy to have begun. Source: pkg/controller/k8sapi/k8s-endpoint.go, tigera/operator v1.42.3.
 */
import { hostPort } from '../../../../model/host-port.ts';
import type { JsonObject } from '../../../../base/json.ts';
import { listAt, numberAt, textAt } from '../../../kube/fields.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import { variable } from './render/workloads.ts';

export interface ServiceEndpoint {
  readonly host: string;
  readonly port: string;
}

/** A kubelet tells each pod of the service `kubernetes`; undefined without one. */
export function kubernetesEndpoint(tx: ClusterTransaction): ServiceEndpoint | undefined {
  const { spec } = tx.get('services', 'default', 'kubernetes') ?? {};
  const host = textAt(spec, 'clusterIP');
  const port = numberAt(listAt(spec, 'ports')[0], 'port');
  return host === '' || host === 'None' || port === 0 ? undefined : { host, port: String(port) };
}

export const endpointVariables = (endpoint: ServiceEndpoint | undefined): readonly JsonObject[] =>
  endpoint
    ? [variable('KUBERNETES_SERVICE_HOST', endpoint.host), variable('KUBERNETES_SERVICE_PORT', endpoint.port)]
    : [];

/** For the CNI plugin; brackets around IPv6. */
export const apiRoot = ({ host, port }: ServiceEndpoint): string => `https://${hostPort(host, Number(port))}`;
