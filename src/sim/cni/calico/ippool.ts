/**
 * An IP pool: its defaults, and what Calico's own client refuses (calicoctl and Calico's controllers go through it; kubectl
 * meets only the CRD's rules). Checking has two layers: the client's, collected into one list, and, when that is clean, the
 * validator's.
 * Sources: libcalico-go/lib/clientv3/ippool.go, libcalico-go/lib/validator/v3/validator.go, Calico v3.32.1; the odd field
 * names and misworded reasons are upstream's.
 */
import type { Json, JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { Cidr, Ip, Ipv4, Ipv6 } from '../../../model/ip.ts';
import { isCidr6, parseIpCidr, type IpFamily } from '../../../model/ip-family.ts';
import type { KubeObject } from '../../kube/object.ts';
import { formatNetwork, networksOverlap, parseNetwork, type IpNetwork } from './ip-network.ts';
import { LINK_LOCAL, TOO_SMALL, validatorErrors } from './ippool-validator.ts';
import { strings, type ErroredField } from './validation.ts';

export type EncapMode = 'Never' | 'Always' | 'CrossSubnet';
export type PoolUse = 'Workload' | 'Tunnel' | 'LoadBalancer';

/** A pool with its defaults applied. */
export interface IpPool<Address extends Ip = Ipv4> {
  readonly name: string;
  readonly cidr: Cidr<Address>;
  readonly blockSize: number;
  readonly vxlanMode: EncapMode;
  readonly ipipMode: EncapMode;
  readonly natOutgoing: boolean;
  readonly disabled: boolean;
  readonly disableBgpExport: boolean;
  readonly nodeSelector: string;
  readonly namespaceSelector: string;
  readonly allowedUses: readonly string[];
  readonly assignmentMode: string;
}

/** Of a family; of any. */
export type PoolOf<Family extends IpFamily> = Family extends 4 ? IpPool : IpPool<Ipv6>;
export type AnyPool = PoolOf<IpFamily>;

const DEFAULT_USES: readonly PoolUse[] = ['Workload', 'Tunnel'];
const pools = new WeakMap<KubeObject, { readonly pool: AnyPool | undefined }>();

/** Pools of both families of a list of IPPool objects, in the order given; an unreadable one is passed over. */
export const allPools = (objects: Iterable<KubeObject>): readonly AnyPool[] =>
  [...objects].flatMap((object) => readPool(object) ?? []);

/** Pools of one family (IPv4 unless said) of such a list. */
export function readPools<Family extends IpFamily = 4>(
  objects: Iterable<KubeObject>,
  family: Family = 4 as Family,
): readonly PoolOf<Family>[] {
  const isOfFamily = ({ cidr }: AnyPool): boolean => isCidr6(cidr) === (family === 6);
  return allPools(objects).filter(isOfFamily) as PoolOf<Family>[];
}

export function readPool(object: KubeObject): AnyPool | undefined {
  const known = pools.get(object);
  if (known) return known.pool;
  const pool = parsePool(object);
  pools.set(object, { pool });
  return pool;
}

function parsePool(object: KubeObject): AnyPool | undefined {
  const spec = withPoolDefaults(object.spec ?? {});
  const cidr = parseIpCidr(String(spec['cidr'] ?? ''));
  if (!cidr) return undefined;
  const settings = {
    name: object.metadata.name,
    blockSize: Number(spec['blockSize']),
    vxlanMode: spec['vxlanMode'] as EncapMode,
    ipipMode: spec['ipipMode'] as EncapMode,
    natOutgoing: spec['natOutgoing'] === true,
    disabled: spec['disabled'] === true,
    disableBgpExport: spec['disableBGPExport'] === true,
    nodeSelector: String(spec['nodeSelector']),
    namespaceSelector: String(spec['namespaceSelector'] ?? ''),
    allowedUses: strings(spec['allowedUses']),
    assignmentMode: String(spec['assignmentMode']),
  };
  return isCidr6(cidr) ? { ...settings, cidr } : { ...settings, cidr };
}

/** A pool's spec as Calico's client reads it: whatever was left out has its default. */
export function withPoolDefaults(spec: JsonObject): JsonObject {
  const version = parseNetwork(String(spec['cidr'] ?? ''))?.version;
  return {
    ...spec,
    ...(!spec['blockSize'] && version && { blockSize: version === 4 ? 26 : 122 }),
    ...(strings(spec['allowedUses']).length === 0 && { allowedUses: DEFAULT_USES }),
    ...(!spec['nodeSelector'] && { nodeSelector: 'all()' }),
    ...(!spec['ipipMode'] && { ipipMode: 'Never' }),
    ...(!spec['vxlanMode'] && { vxlanMode: 'Never' }),
    ...(!spec['assignmentMode'] && { assignmentMode: 'Automatic' }),
  };
}

export interface PoolContext {
  /** The stored pool when this is an update. */
  readonly before?: KubeObject;
  /** Every stored pool. */
  readonly pools: readonly KubeObject[];
  /** CIDRs of all IPAM blocks. */
  readonly blocks: readonly string[];
}

/** Defaults and checks a pool as a client writes it. On success: the spec to store, CIDR in canonical form. */
export function checkPool(
  name: string,
  typed: JsonObject,
  context: PoolContext,
): Result<JsonObject, readonly ErroredField[]> {
  const text = String(typed['cidr'] ?? '');
  if (text === '') return err([{ name: CIDR, reason: 'IPPool CIDR must be specified' }]);
  const network = parseNetwork(text);
  if (!network) return err([{ name: CIDR, reason: 'IPPool CIDR must be a valid subnet', value: text }]);
  const spec = withPoolDefaults({ ...typed, cidr: formatNetwork(network) });
  const frozen = changedUses(spec, context.before);
  if (frozen) return err([frozen]);
  const found = [
    ...changedFields(spec, context.before),
    ...sizeErrors(spec, network),
    ...(context.before ? [] : overlaps(name, spec, network, context.pools)),
    ...encapsulationErrors(spec, network),
    ...rangeErrors(spec, network),
  ];
  if (found.length > 0) return err(found);
  const deeper = [
    ...validatorErrors(spec),
    ...(context.before ? [] : blockConflicts(spec, network, context.blocks)),
  ];
  return deeper.length > 0 ? err(deeper) : ok(spec);
}

const CIDR = 'IPPool.Spec.CIDR';
const BLOCK_SIZE = 'IPPool.Spec.BlockSize';
const field = (name: string, reason: string, value: Json | undefined): ErroredField => ({
  name,
  reason,
  value: value ?? '',
});

function changedUses(spec: JsonObject, before: KubeObject | undefined): ErroredField | undefined {
  const wasLoadBalancer = strings(before?.spec?.['allowedUses']).includes('LoadBalancer');
  const uses = strings(spec['allowedUses']);
  if (!wasLoadBalancer || uses.every((use) => use === 'LoadBalancer')) return undefined;
  return field(
    'IPPool.Spec.AllowedUses',
    'IPPool allowed use cannot be changed from LoadBalacer to Workload or Tunnel',
    uses,
  );
}

function changedFields(spec: JsonObject, before: KubeObject | undefined): readonly ErroredField[] {
  if (!before) return [];
  const old = withPoolDefaults(before.spec ?? {});
  const oldNetwork = parseNetwork(String(old['cidr'] ?? ''));
  const same = old['cidr'] === spec['cidr'] || (oldNetwork && formatNetwork(oldNetwork) === spec['cidr']);
  return [
    ...(same ? [] : [field(CIDR, 'IPPool CIDR cannot be modified', spec['cidr'])]),
    ...(old['blockSize'] === spec['blockSize']
      ? []
      : [field(BLOCK_SIZE, 'IPPool BlockSize cannot be modified', spec['blockSize'])]),
  ];
}

function sizeErrors(spec: JsonObject, network: IpNetwork): readonly ErroredField[] {
  const size = Number(spec['blockSize']);
  const [least, most] = network.version === 4 ? [20, 32] : [116, 128];
  return [
    ...(size < least || size > most
      ? [field(BLOCK_SIZE, `IPv${network.version} block size must be between ${least} and ${most}`, size)]
      : []),
    ...(spec['disabled'] !== true && network.length > size ? [field(CIDR, TOO_SMALL, spec['cidr'])] : []),
  ];
}

function overlaps(
  name: string,
  spec: JsonObject,
  network: IpNetwork,
  others: readonly KubeObject[],
): readonly ErroredField[] {
  return others.flatMap((other) => {
    const cidr = String(other.spec?.['cidr'] ?? '');
    const theirs = parseNetwork(cidr);
    if (other.metadata.name === name || !theirs || !networksOverlap(theirs, network)) return [];
    const reason = `IPPool(${name}) CIDR overlaps with IPPool(${other.metadata.name}) CIDR ${cidr}`;
    return [field(CIDR, reason, spec['cidr'])];
  });
}

function encapsulationErrors(spec: JsonObject, network: IpNetwork): readonly ErroredField[] {
  const { vxlanMode, ipipMode } = spec;
  return [
    ...(vxlanMode !== 'Never' && ipipMode !== 'Never'
      ? [field('IPPool.Spec.VXLANMode', 'Cannot enable both VXLAN and IPIP on the same IPPool', vxlanMode)]
      : []),
    ...(network.version === 6 && ipipMode !== 'Never'
      ? [field('IPPool.Spec.IPIPMode', 'IPIP is not supported on an IPv6 IP pool', ipipMode)]
      : []),
  ];
}

function rangeErrors(spec: JsonObject, network: IpNetwork): readonly ErroredField[] {
  const linkLocal = LINK_LOCAL[network.version];
  const overlapping = linkLocal.network && networksOverlap(linkLocal.network, network);
  return [
    ...(network.base === network.address
      ? []
      : [field(CIDR, 'IPPool CIDR is not strictly masked', spec['cidr'])]),
    ...(overlapping ? [field(CIDR, `IPPool CIDR overlaps with ${linkLocal.text}`, spec['cidr'])] : []),
  ];
}

function blockConflicts(
  spec: JsonObject,
  network: IpNetwork,
  blocks: readonly string[],
): readonly ErroredField[] {
  const conflicting = blocks.some((text) => {
    const block = parseNetwork(text);
    return block && block.length !== spec['blockSize'] && networksOverlap(block, network);
  });
  const reason = 'IPPool blocksSize conflicts with existing allocations that use a different blockSize';
  return conflicting ? [field(BLOCK_SIZE, reason, spec['blockSize'])] : [];
}
