/**
 * BGPConfiguration as confd reads it: `default` speaks for the cluster, `node.<name>` for listening port and prefix
 * advertisements of one node. What is absent has upstream's default; without any resource there is a mesh in AS 64512.
 * Source: confd/pkg/backends/calico/client.go (updateBGPConfigCache), bgp_processor.go, Calico v3.32.1. Left out: log levels
 * and local workload peering.
 */
import type { Community } from '../../../../model/bgp.ts';
import { parseIpCidr, type IpCidr, type IpFamily } from '../../../../model/ip-family.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import { listAt, numberAt, textAt, textsAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { asNumber, durationSeconds, parseCommunity } from './scalars.ts';

export interface BgpConfiguration {
  readonly mesh: boolean;
  readonly asNumber: number;
  /** Seconds; BIRD's own when undefined. */
  readonly meshRestartTime: number | undefined;
  readonly meshPassword: SecretKey | undefined;
  /** Of the cluster; undefined is 179. */
  readonly listenPort: number | undefined;
  /** Of single nodes. */
  readonly nodeListenPorts: ReadonlyMap<string, number>;
  readonly bindsToNodeIp: boolean;
  /** Patterns of interfaces that `protocol direct` leaves alone. */
  readonly ignoredInterfaces: readonly string[];
  /** Whether BIRD programs routes of pools without VXLAN. */
  readonly programsClusterRoutes: boolean;
  /** Kernel metric of routes without a priority of their own, by family. */
  readonly normalPriorities: Readonly<Record<IpFamily, number>>;
  readonly services: ServiceRanges;
  readonly advertisements: readonly PrefixAdvertisement[];
  readonly nodeAdvertisements: ReadonlyMap<string, readonly PrefixAdvertisement[]>;
}

export interface SecretKey {
  readonly name: string;
  readonly key: string;
}

/** Which service addresses of either family may be announced. */
export interface ServiceRanges {
  readonly clusterIps: readonly IpCidr[];
  readonly externalIps: readonly IpCidr[];
  readonly loadBalancerIps: readonly IpCidr[];
  /** Load balancer ranges are announced whole, by every node. */
  readonly aggregate: boolean;
}

export interface PrefixAdvertisement {
  readonly prefix: IpCidr;
  readonly communities: readonly Community[];
}

const DEFAULT_AS = 64512;
const NORMAL_PRIORITY = 1024;
const NODE = 'node.';

export const readBgpConfiguration = memoize((table: Table<KubeObject> | undefined): BgpConfiguration => {
  const specs = new Map([...(table?.values() ?? [])].map(({ metadata, spec }) => [metadata.name, spec]));
  const spec = specs.get('default');
  const ofNodes = [...specs].flatMap(([name, each]): [string, KubeObject['spec']][] =>
    name.startsWith(NODE) ? [[name.slice(NODE.length), each]] : [],
  );
  return {
    mesh: spec?.['nodeToNodeMeshEnabled'] !== false,
    asNumber: asNumber(spec?.['asNumber']) ?? DEFAULT_AS,
    meshRestartTime: durationSeconds(textAt(spec, 'nodeMeshMaxRestartTime')),
    meshPassword: secretKey(spec, 'nodeMeshPassword'),
    listenPort: listenPort(spec),
    nodeListenPorts: new Map(
      ofNodes.flatMap(([node, each]): [string, number][] => {
        const port = listenPort(each);
        return port === undefined ? [] : [[node, port]];
      }),
    ),
    bindsToNodeIp: spec?.['bindMode'] === 'NodeIP',
    ignoredInterfaces: textsAt(spec, 'ignoredInterfaces'),
    programsClusterRoutes: spec?.['programClusterRoutes'] !== 'Disabled',
    normalPriorities: {
      4: numberAt(spec, 'ipv4NormalRoutePriority') || NORMAL_PRIORITY,
      6: numberAt(spec, 'ipv6NormalRoutePriority') || NORMAL_PRIORITY,
    },
    services: {
      clusterIps: ranges(spec, 'serviceClusterIPs'),
      externalIps: ranges(spec, 'serviceExternalIPs'),
      loadBalancerIps: ranges(spec, 'serviceLoadBalancerIPs'),
      aggregate: spec?.['serviceLoadBalancerAggregation'] !== 'Disabled',
    },
    advertisements: advertisements(spec),
    nodeAdvertisements: new Map(
      ofNodes
        .filter(([, each]) => each?.['prefixAdvertisements'] !== undefined)
        .map(([node, each]) => [node, advertisements(each)]),
    ),
  };
}, 2);

/** `password` or `nodeMeshPassword` of a spec. */
export function secretKey(spec: KubeObject['spec'], member: string): SecretKey | undefined {
  const key = textAt(spec, member, 'secretKeyRef', 'key');
  return key === '' ? undefined : { name: textAt(spec, member, 'secretKeyRef', 'name'), key };
}

const listenPort = (spec: KubeObject['spec']): number | undefined =>
  numberAt(spec, 'listenPort') || undefined;

const ranges = (spec: KubeObject['spec'], member: string): readonly IpCidr[] =>
  listAt(spec, member).flatMap((block) => parseIpCidr(textAt(block, 'cidr')) ?? []);

function advertisements(spec: KubeObject['spec']): readonly PrefixAdvertisement[] {
  const named = new Map(
    listAt(spec, 'communities').map((each) => [textAt(each, 'name'), textAt(each, 'value')]),
  );
  return listAt(spec, 'prefixAdvertisements').flatMap((each) => {
    const prefix = parseIpCidr(textAt(each, 'cidr'));
    const texts = textsAt(each, 'communities').map((text) =>
      parseCommunity(text) ? text : (named.get(text) ?? ''),
    );
    // Upstream keeps them as a set of texts and sorts it.
    const communities = [...new Set(texts)].sort().flatMap((text) => {
      const community = parseCommunity(text);
      return community ? [community] : [];
    });
    return prefix && communities.length > 0 ? [{ prefix, communities }] : [];
  });
}

/** Whether services have to be looked at. */
export const advertisesServices = ({ services }: BgpConfiguration): boolean =>
  services.clusterIps.length + services.externalIps.length + services.loadBalancerIps.length > 0;
