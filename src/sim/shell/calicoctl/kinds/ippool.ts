/**
 * IPPool: checked before it is written, and deleted in steps so that no address of it is handed out meanwhile.
 * Source: calicoctl/calicoctl/resourcemgr/ippool.go, libcalico-go/lib/clientv3/ippool.go, Calico v3.32.1.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { parseIpCidr } from '../../../../model/ip-family.ts';
import { checkPool, withPoolDefaults, type PoolContext } from '../../../cni/calico/ippool.ts';
import { validatorErrors } from '../../../cni/calico/ippool-validator.ts';
import { IPAM_BLOCKS, IP_POOLS } from '../../../cni/calico/kinds.ts';
import { IP_POOL_SPEC } from '../../../cni/calico/crd-schemas.ts';
import type { Client } from '../client.ts';
import { invalid, members, type Outcome } from '../failure.ts';
import { ordered } from '../../../cni/calico/apiserver/metadata.ts';
import { customManager, field, nameOf, specOf } from './custom.ts';
import type { Identity, ResourceManager } from './manager.ts';

/** In the order of Go's struct. */
const FIELDS = [
  'cidr',
  'vxlanMode',
  'ipipMode',
  'natOutgoing',
  'disabled',
  'disableBGPExport',
  'blockSize',
  'nodeSelector',
  'namespaceSelector',
  'allowedUses',
  'assignmentMode',
];

/** Milliseconds between disabling a pool and taking its blocks. */
const DRAIN = 500;

const plain = customManager({
  kind: 'IPPool',
  plural: 'ippools',
  aliases: ['ippool', 'ippools', 'ipp', 'ipps', 'pool', 'pools'],
  headings: ['NAME', 'CIDR', 'SELECTOR'],
  wide: [
    'NAME',
    'CIDR',
    'NAT',
    'IPIPMODE',
    'VXLANMODE',
    'DISABLED',
    'DISABLEBGPEXPORT',
    'SELECTOR',
    'ASSIGNMENTMODE',
  ],
  cells: {
    NAME: nameOf,
    CIDR: field('cidr'),
    NAT: field('natOutgoing', 'false'),
    IPIPMODE: field('ipipMode', 'Never'),
    VXLANMODE: field('vxlanMode', 'Never'),
    DISABLED: field('disabled', 'false'),
    DISABLEBGPEXPORT: field('disableBGPExport', 'false'),
    SELECTOR: field('nodeSelector'),
    ASSIGNMENTMODE: field('assignmentMode'),
  },
  spec: IP_POOL_SPEC,
  read: (spec) => ordered(written(withPoolDefaults(spec)), FIELDS),
});

/** Without what Go's omitempty leaves out. */
function written(spec: JsonObject): JsonObject {
  const entries = Object.entries(spec).filter(([, value]) => value !== false && value !== '' && value !== 0);
  return Object.fromEntries(entries);
}

function checked(client: Client, resource: JsonObject, before?: PoolContext['before']): Outcome<JsonObject> {
  const { objects } = client;
  const spec = checkPool(nameOf(resource), specOf(resource), {
    pools: objects.list(IP_POOLS),
    blocks: objects.list(IPAM_BLOCKS).map((block) => String(block.spec?.['cidr'] ?? '')),
    ...(before && { before }),
  });
  return spec.ok ? { ok: true, value: { ...resource, spec: written(spec.value) } } : invalid(spec.error);
}

async function remove(client: Client, identity: Identity): Promise<Outcome<JsonObject>> {
  if (identity.name === '') return plain.delete(client, identity);
  const pool = plain.get(client, identity);
  if (!pool.ok) return pool;
  if (specOf(pool.value)['disabled'] !== true) {
    const disabled = plain.update(client, { ...pool.value, spec: { ...specOf(pool.value), disabled: true } });
    if (!disabled.ok) return disabled;
  }
  await client.clock.sleep(DRAIN);
  const cidr = parseIpCidr(String(specOf(pool.value)['cidr'] ?? ''));
  if (cidr) client.ipam.releasePoolAffinities(cidr);
  return plain.delete(client, identity);
}

export const IP_POOL: ResourceManager = {
  ...plain,
  errors: (resource) => validatorErrors(specOf(resource)),
  create: (client, resource) => {
    const valid = checked(client, resource);
    return valid.ok ? plain.create(client, valid.value) : valid;
  },
  update: (client, resource) => {
    const stored = client.objects.get(IP_POOLS, String(members(resource['metadata'])['name'] ?? ''));
    const valid = checked(client, resource, stored);
    return valid.ok ? plain.update(client, valid.value) : valid;
  },
  delete: remove,
};

/** One of several pools that together take the place of another, and so overlaps it: all other rules hold. */
export function createPart(client: Client, resource: JsonObject): Outcome<JsonObject> {
  const spec = checkPool(nameOf(resource), specOf(resource), { pools: [], blocks: [] });
  return spec.ok ? plain.create(client, { ...resource, spec: written(spec.value) }) : invalid(spec.error);
}

/** Takes a pool away and leaves its blocks with their nodes, for other pools hold them now. */
export function removeWhole(client: Client, name: string): void {
  client.objects.delete(IP_POOLS, name);
}
