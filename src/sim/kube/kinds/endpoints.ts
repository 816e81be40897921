/**
 * Endpoints and EndpointSlices as printed.
 * Source: k8s.io/kubernetes pkg/printers/internalversion formatEndpoints, formatDiscoveryPorts, formatDiscoveryEndpoints;
 * the deprecation text is pkg/registry/core/endpoint/strategy.go's, Kubernetes 1.35.
 */
import { listAt, numberAt, textAt, textsAt } from '../fields.ts';
import { hostPort } from '../../../model/host-port.ts';
import type { KubeObject } from '../object.ts';
import { AGE_COLUMN, column, NAME_COLUMN, type ResourceType } from '../resource.ts';
import { builtin } from './builtin.ts';

const SHOWN = 3;

const shortList = (all: readonly string[], none: string): string => {
  if (all.length === 0) return none;
  const shown = all.slice(0, SHOWN).join(',');
  return all.length > SHOWN ? `${shown} + ${all.length - SHOWN} more...` : shown;
};

function subsetTexts(endpoints: KubeObject): readonly string[] {
  return listAt(endpoints, 'subsets').flatMap((subset) => {
    const addresses = listAt(subset, 'addresses').map((address) => textAt(address, 'ip'));
    const ports = listAt(subset, 'ports');
    if (ports.length === 0) return addresses;
    return ports.flatMap((port) => addresses.map((address) => hostPort(address, numberAt(port, 'port'))));
  });
}

/** A subset without ready addresses prints as nothing; no subset at all as `<none>`. */
const endpointsText = (endpoints: KubeObject): string =>
  shortList(subsetTexts(endpoints), listAt(endpoints, 'subsets').length === 0 ? '<none>' : '');

export const ENDPOINTS: ResourceType = builtin(
  {
    kind: 'Endpoints',
    plural: 'endpoints',
    shortNames: ['ep'],
    columns: [NAME_COLUMN, column('Endpoints', endpointsText), AGE_COLUMN],
  },
  { warning: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice' },
);

export const ENDPOINT_SLICES: ResourceType = builtin(
  {
    kind: 'EndpointSlice',
    plural: 'endpointslices',
    group: 'discovery.k8s.io',
    columns: [
      NAME_COLUMN,
      column('AddressType', (slice) => textAt(slice, 'addressType')),
      column('Ports', (slice) =>
        shortList(
          listAt(slice, 'ports').map((port) =>
            port['port'] === undefined ? textAt(port, 'name') || '*' : String(numberAt(port, 'port')),
          ),
          '<unset>',
        ),
      ),
      column('Endpoints', (slice) =>
        shortList(
          listAt(slice, 'endpoints').flatMap((endpoint) => textsAt(endpoint, 'addresses')),
          '<unset>',
        ),
      ),
      AGE_COLUMN,
    ],
  },
  { generation: true },
);
