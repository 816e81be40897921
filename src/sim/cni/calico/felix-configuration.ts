/**
 * FelixConfiguration as one node's Felix reads it: `node.<name>` over `default` over the built-in defaults.
 * Source: felix/config/config_params.go, Calico v3.32.1; only the parameters that the simulator honours.
 */
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../../../base/json.ts';
import { CALICO_VNI, VXLAN_PORT } from '../../../model/encapsulation.ts';
import { parseIpv4, type Ipv4 } from '../../../model/ip.ts';
import { memoize } from '../../core/memo.ts';
import type { Table } from '../../core/table.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { PortRange } from '../../net/netfilter-rules.ts';

export interface FelixConfiguration {
  /** Undefined: as the pools say. */
  readonly vxlanEnabled: boolean | undefined;
  readonly ipipEnabled: boolean | undefined;
  readonly vxlanPort: number;
  readonly vxlanVni: number;
  /** 0: from the host's MTU. */
  readonly vxlanMtu: number;
  readonly vxlanMtu6: number;
  readonly ipipMtu: number;
  /** Which of the host's interfaces count for its MTU; undefined: Felix's own pattern. */
  readonly mtuIfacePattern: string | undefined;
  readonly natOutgoingAddress: Ipv4 | undefined;
  /** natPortRange: source ports of what is masqueraded. */
  readonly natPorts: PortRange | undefined;
  /** iptablesNATOutgoingInterfaceFilter; may end in `+`. */
  readonly natOutInterface: string | undefined;
  readonly excludeHostsFromNat: boolean;
  readonly endpointToHostAction: 'ACCEPT' | 'DROP' | 'RETURN';
  readonly allowVxlanFromWorkloads: boolean;
  readonly allowIpipFromWorkloads: boolean;
  readonly failsafe: {
    readonly inbound: readonly FailsafePort[];
    readonly outbound: readonly FailsafePort[];
  };
  /** What lines of Log rules begin with; may name %t, %k, %p, %n. */
  readonly logPrefix: string;
}

/** A port of the host that policies do not close, for everybody or for one net. */
export interface FailsafePort {
  /** In small letters: `tcp`. */
  readonly protocol: string;
  readonly port: number;
  readonly net?: string;
}

const failsafePorts = (protocol: string, ports: readonly number[]): readonly FailsafePort[] =>
  ports.map((port) => ({ protocol, port }));

const CLUSTER_PORTS = failsafePorts('tcp', [179, 2379, 2380, 5473, 6443, 6666, 6667]);
const INBOUND = [...failsafePorts('tcp', [22]), ...failsafePorts('udp', [68]), ...CLUSTER_PORTS];
const OUTBOUND = [...failsafePorts('udp', [53, 67]), ...CLUSTER_PORTS];

/** What FELIX_DEFAULTENDPOINTTOHOSTACTION says in the manifest install. */
const MANIFEST_ENDPOINT_TO_HOST = 'Accept';

export function felixConfiguration(table: Table<KubeObject> | undefined, node: string): FelixConfiguration {
  return configurationOf(table?.get('/default')?.spec, table?.get(`/node.${node}`)?.spec);
}

/** Nodes that nothing is said about share one. */
const configurationOf = memoize(
  (global: Json | undefined, own: Json | undefined): FelixConfiguration =>
    wordedAs(canonicalJson({ ...(isJsonObject(global) && global), ...(isJsonObject(own) && own) })),
  8,
);

/** What says the same is the same: whole tables hang on it, also where a world was read from a file. */
const wordedAs = memoize((text: string): FelixConfiguration => {
  const spec = JSON.parse(text) as JsonObject;
  return {
    vxlanEnabled: flag(spec['vxlanEnabled']),
    ipipEnabled: flag(spec['ipipEnabled']),
    vxlanPort: count(spec['vxlanPort']) || VXLAN_PORT,
    vxlanVni: count(spec['vxlanVNI']) || CALICO_VNI,
    vxlanMtu: count(spec['vxlanMTU']),
    vxlanMtu6: count(spec['vxlanMTUV6']),
    ipipMtu: count(spec['ipipMTU']),
    mtuIfacePattern: someText(spec['mtuIfacePattern']),
    natOutgoingAddress: parseIpv4(String(spec['natOutgoingAddress'] ?? '')),
    natPorts: portRangeOf(spec['natPortRange']),
    natOutInterface: someText(spec['iptablesNATOutgoingInterfaceFilter']),
    excludeHostsFromNat: spec['natOutgoingExclusions'] === 'IPPoolsAndHostIPs',
    endpointToHostAction: endpointToHost(spec),
    allowVxlanFromWorkloads: spec['allowVXLANPacketsFromWorkloads'] === true,
    allowIpipFromWorkloads: spec['allowIPIPPacketsFromWorkloads'] === true,
    failsafe: {
      inbound: portsAt(spec['failsafeInboundHostPorts']) ?? INBOUND,
      outbound: portsAt(spec['failsafeOutboundHostPorts']) ?? OUTBOUND,
    },
    logPrefix: textOr(spec['logPrefix'], 'calico-packet'),
  };
}, 8);

function endpointToHost(spec: JsonObject): FelixConfiguration['endpointToHostAction'] {
  const action = String(spec['defaultEndpointToHostAction'] ?? MANIFEST_ENDPOINT_TO_HOST).toUpperCase();
  return action === 'DROP' || action === 'RETURN' ? action : 'ACCEPT';
}

/** Undefined when nothing is said; an empty list opens nothing. */
function portsAt(value: Json | undefined): readonly FailsafePort[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter(isJsonObject).map(({ protocol, port, net }) => ({
    protocol: textOr(protocol, 'TCP').toLowerCase(),
    port: count(port),
    ...(typeof net === 'string' && net !== '' && { net }),
  }));
}

/** `1000:2000`, or one number; a range that ends at 0 counts as none. */
function portRangeOf(value: Json | undefined): PortRange | undefined {
  const [first, last = first] = String(value ?? '')
    .split(':')
    .map((word) => (/^\d{1,5}$/.test(word) ? Number(word) : undefined));
  return first === undefined || last === undefined || last === 0 ? undefined : { first, last };
}

const someText = (value: Json | undefined): string | undefined => textOr(value, '') || undefined;

const textOr = (value: Json | undefined, otherwise: string): string =>
  typeof value === 'string' && value !== '' ? value : otherwise;
const flag = (value: Json | undefined): boolean | undefined =>
  typeof value === 'boolean' ? value : undefined;
const count = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);
