/**
 * Services: their kind and columns. What the server fills in stands in `service-allocation.ts`, what it refuses in
 * `service-validation.ts`. Source: k8s.io/kubernetes pkg/printers/internalversion/printers.go printService, Kubernetes 1.35.
 */
import type { JsonObject } from '../../../base/json.ts';
import type { Cidr, Ipv6 } from '../../../model/ip.ts';
import { listAt, numberAt, textAt, textsAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import { AGE_COLUMN, column, NAME_COLUMN, type ResourceType } from '../resource.ts';
import { formatLabels } from '../selector.ts';
import { builtin } from './builtin.ts';
import { completeService, SERVICES_NAME } from './service-allocation.ts';
import type { ServiceRanges } from './service-families.ts';
import { validateService } from './service-validation.ts';

function externalIp(service: KubeObject): string {
  const external = textsAt(service.spec, 'externalIPs');
  switch (textAt(service.spec, 'type')) {
    case 'LoadBalancer': {
      const ingress = listAt(service.status, 'loadBalancer', 'ingress').map(
        (item) => textAt(item, 'ip') || textAt(item, 'hostname'),
      );
      return [...ingress, ...external].join(',') || '<pending>';
    }
    case 'ExternalName':
      return textAt(service.spec, 'externalName');
    default:
      return external.join(',') || '<none>';
  }
}

function portText(port: JsonObject): string {
  const nodePort = numberAt(port, 'nodePort');
  const number = numberAt(port, 'port');
  return `${nodePort > 0 ? `${number}:${nodePort}` : number}/${textAt(port, 'protocol')}`;
}

/** The API server's --service-cluster-ip-range, as topologies have it. */
export interface ServiceCidrs {
  readonly serviceCidr: Cidr;
  readonly serviceCidr6?: Cidr<Ipv6>;
}

const rangesOf = ({ serviceCidr, serviceCidr6 }: ServiceCidrs): ServiceRanges =>
  serviceCidr6 ? [serviceCidr, serviceCidr6] : [serviceCidr];

export function services(cidrs: ServiceCidrs): ResourceType {
  const ranges = rangesOf(cidrs);
  return builtin(
    {
      kind: 'Service',
      plural: SERVICES_NAME,
      shortNames: ['svc'],
      categories: ['all'],
      columns: [
        NAME_COLUMN,
        column('Type', (service) => textAt(service.spec, 'type')),
        column('Cluster-IP', (service) => textsAt(service.spec, 'clusterIPs')[0] ?? '<none>'),
        column('External-IP', externalIp),
        column('Port(s)', (service) => listAt(service.spec, 'ports').map(portText).join(',') || '<none>'),
        AGE_COLUMN,
        column('Selector', (service) => formatLabels(service.spec?.['selector']), { priority: 1 }),
      ],
    },
    {
      status: true,
      nameRule: 'dns-1035',
      selectableFields: ['spec.clusterIP', 'spec.type'],
      defaults: (service, tx, before) => completeService(service, tx, before, ranges),
      validate: (service, before, tx) => validateService(service, before, tx, ranges),
    },
  );
}
