/**
 * What a lab needs otherwise than Calico's manifests have it: which of a node's addresses is Calico's (the rack's, not
 * Docker's), and who makes the first pools. Variables are those of calico-node (Calico v3.32.1 node/pkg/lifecycle/startup);
 * the operator's fields are Installation's (tigera/operator v1.42.3 api/v1/installation_types.go).
 */
import { isMap, isSeq, parseAllDocuments, type Document, type YAMLMap } from 'yaml';
import type { JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { formatCidr } from '../../../model/ip.ts';
import { formatCidr6 } from '../../../model/ipv6.ts';
import type { Topology } from '../../../model/topology.ts';
import { CALICO_VERSION } from '../versions.ts';

export interface Tailoring {
  readonly topology: Topology;
  /** False: the lab brings its own pools, and Calico makes none. */
  readonly defaultPools: boolean;
}

type Variables = Readonly<Record<string, string>>;

/** Subnets in which nodes have their addresses, in the topology's order. */
const rackSubnets = ({ segments, nodes }: Topology): readonly Topology['segments'][number][] =>
  segments.filter(({ name }) => nodes.some(({ segment }) => segment === name));

export function nodeVariables({ topology, defaultPools }: Tailoring): Variables {
  const racks = rackSubnets(topology);
  const racks6 = racks.flatMap(({ subnet6 }) => (subnet6 ? [formatCidr6(subnet6)] : []));
  const { podCidr6 } = topology;
  return {
    IP_AUTODETECTION_METHOD: `cidr=${racks.map(({ subnet }) => formatCidr(subnet)).join(',')}`,
    ...(defaultPools ? { CALICO_IPV4POOL_CIDR: formatCidr(topology.podCidr) } : { NO_DEFAULT_POOLS: 'true' }),
    ...(podCidr6
      ? {
          IP6: 'autodetect',
          IP6_AUTODETECTION_METHOD: `cidr=${racks6.join(',')}`,
          FELIX_IPV6SUPPORT: 'true',
          ...(defaultPools ? { CALICO_IPV6POOL_CIDR: formatCidr6(podCidr6) } : {}),
        }
      : {}),
  };
}

/** calico.yaml with these variables on the container calico-node, and IPv6 addresses asked for where there are any. */
export function tailorManifest(text: string, tailoring: Tailoring): Result<string, LabError> {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return err(foreign('it is empty'));
  const broken = documents.find(({ errors }) => errors.length > 0);
  if (broken) return err(foreign(broken.errors[0]?.message ?? 'it is no YAML'));
  const node = documents.map(nodeContainer).find((found) => found !== undefined);
  if (!node) return err(foreign('it has no container calico-node'));
  for (const [name, value] of Object.entries(nodeVariables(tailoring))) setVariable(node, name, value);
  if (tailoring.topology.podCidr6) documents.forEach(askForIpv6);
  return ok(documents.map(String).join(''));
}

function nodeContainer(document: Document): YAMLMap | undefined {
  if (document.get('kind') !== 'DaemonSet') return undefined;
  const containers = document.getIn(['spec', 'template', 'spec', 'containers']);
  if (!isSeq(containers)) return undefined;
  return containers.items.filter(isMap).find((container) => container.get('name') === 'calico-node');
}

function setVariable(container: YAMLMap, name: string, value: string): void {
  const variables = container.get('env');
  if (!isSeq(variables)) {
    container.set('env', [{ name, value }]);
    return;
  }
  const known = variables.items.filter(isMap).find((variable) => variable.get('name') === name);
  if (!known) {
    variables.add({ name, value });
    return;
  }
  known.delete('valueFrom');
  known.set('value', value);
}

/** calico-ipam gives pods addresses of IPv6 only when the CNI configuration asks for them. */
function askForIpv6(document: Document): void {
  const path = ['data', 'cni_network_config'];
  const configuration = document.getIn(path);
  if (document.get('kind') !== 'ConfigMap' || typeof configuration !== 'string') return;
  document.setIn(
    path,
    configuration.replace(
      /"type":\s*"calico-ipam"/,
      '"type": "calico-ipam", "assign_ipv4": "true", "assign_ipv6": "true"',
    ),
  );
}

/** What somebody applies beside the operator: the custom resources of the documentation with the lab's own addresses. */
export function customResources({ topology, defaultPools }: Tailoring): readonly JsonObject[] {
  const racks = rackSubnets(topology);
  const racks6 = racks.flatMap(({ subnet6 }) => (subnet6 ? [formatCidr6(subnet6)] : []));
  const { podCidr, podCidr6 } = topology;
  const pools = [
    pool('default-ipv4-ippool', formatCidr(podCidr), 26),
    ...(podCidr6 ? [pool('default-ipv6-ippool', formatCidr6(podCidr6), 122)] : []),
  ];
  return [
    custom('Installation', {
      calicoNetwork: {
        ipPools: defaultPools ? pools : [],
        nodeAddressAutodetectionV4: { cidrs: racks.map(({ subnet }) => formatCidr(subnet)) },
        ...(racks6.length > 0 ? { nodeAddressAutodetectionV6: { cidrs: racks6 } } : {}),
      },
    }),
    custom('APIServer', {}),
    custom('Goldmane', {}),
    custom('Whisker', {}),
  ];
}

const custom = (kind: string, spec: JsonObject): JsonObject => ({
  apiVersion: 'operator.tigera.io/v1',
  kind,
  metadata: { name: 'default' },
  spec,
});

const pool = (name: string, cidr: string, blockSize: number): JsonObject => ({
  name,
  blockSize,
  cidr,
  encapsulation: 'VXLANCrossSubnet',
  natOutgoing: 'Enabled',
  nodeSelector: 'all()',
});

const foreign = (why: string): LabError => ({
  code: 'foreign-manifest',
  message: `calico.yaml is not the manifest of Calico ${CALICO_VERSION}: ${why}.`,
  remedy:
    'Remove the file so that it is fetched again, or supply the right one by UNDERLAY_CALICO_MANIFESTS.',
});
