/** `calicoctl ipam show`. Source: calicoctl/calicoctl/commands/ipam/show.go, libcalico-go/lib/ipam GetUtilization, v3.32.1. */
import { formatIp, formatIpCidr, ipCidrContains, parseIp } from '../../../model/ip-family.ts';
import { addressOf, attributesOf, type Block } from '../../cni/calico/ipam/block.ts';
import { IpamStore } from '../../cni/calico/ipam/ipam-store.ts';
import { formatNetwork, networkSize, parseNetwork } from '../../cni/calico/ip-network.ts';
import { readPool } from '../../cni/calico/ippool.ts';
import { IP_POOLS, IPAM_CONFIGS } from '../../cni/calico/kinds.ts';
import { borderedTable } from './bordered-table.ts';
import type { Client } from './client.ts';
import type { Line } from './options.ts';
import type { Report } from './report.ts';

export function ipamShow(client: Client, line: Line): Report {
  const address = line.value('--ip');
  if (address !== undefined) return showAddress(client, address);
  if (line.has('--show-borrowed')) return showBorrowed(client);
  if (line.has('--show-configuration')) return showConfiguration(client);
  return { stdout: utilization(client, line.has('--show-blocks')) };
}

/** The real tool prints this one to standard output, and exits with 1. */
export const badAddress = (text: string): Report => ({
  stdout: `Error executing command: invalid IP address specified: ${text}\n`,
  error: '',
});

function showAddress(client: Client, text: string): Report {
  const address = parseIp(text);
  if (address === undefined) return badAddress(text);
  const spelt = formatIp(address);
  const owner = client.ipam.holder(address);
  if (!owner) return { stdout: `${spelt} is not assigned\n` };
  const attributes = Object.entries(owner.secondary).sort(([a], [b]) => (a < b ? -1 : 1));
  const active =
    attributes.length === 0
      ? 'No Active Owner attributes defined\n'
      : `Active Owner Attributes:\n${attributes.map(([key, value]) => `  ${key}: ${value}\n`).join('')}`;
  return { stdout: `IP ${spelt} is in use\nHandle ID: ${owner.handle_id ?? '<none>'}\n${active}` };
}

function utilization(client: Client, showBlocks: boolean): string {
  const blocks = new IpamStore(client.objects).blocks();
  const placed = new Set<Block>();
  const rows: (readonly string[])[] = [];
  for (const object of client.objects.list(IP_POOLS)) {
    const network = parseNetwork(String(object.spec?.['cidr'] ?? ''));
    if (!network) continue;
    const pool = readPool(object);
    const own = blocks.filter(
      (block) => pool && !placed.has(block) && ipCidrContains(pool.cidr, block.cidr.base),
    );
    for (const block of own) placed.add(block);
    const used = own.reduce((sum, block) => sum + inUse(block), 0);
    rows.push(row('IP Pool', formatNetwork(network), used, networkSize(network)));
    if (showBlocks) rows.push(...own.map(blockRow));
  }
  if (showBlocks) rows.push(...blocks.filter((block) => !placed.has(block)).map(blockRow));
  return borderedTable(['GROUPING', 'CIDR', 'IPS TOTAL', 'IPS IN USE', 'IPS FREE'], rows);
}

const inUse = (block: Block): number => block.allocations.length - block.unallocated.length;

const blockRow = (block: Block): readonly string[] =>
  row('Block', formatIpCidr(block.cidr), inUse(block), block.allocations.length);

function row(grouping: string, cidr: string, used: number, capacity: number): readonly string[] {
  const share = (count: number): string => `${general(count)} (${percent(count, capacity)}%)`;
  return [grouping, cidr, general(capacity), share(used), share(capacity - used)];
}

/** Go's %.5g. */
function general(value: number): string {
  if (value === 0) return '0';
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent < 5) return String(Number(value.toPrecision(5)));
  const [mantissa = '', power = ''] = value.toExponential(4).split('e');
  const digits = power.replace(/^([+-])(\d)$/, '$10$2');
  return `${String(Number(mantissa))}e${digits}`;
}

/** Go's %.f: halves go to the even neighbour. */
function percent(count: number, capacity: number): string {
  const value = (100 * count) / capacity;
  const floor = Math.floor(value);
  if (value - floor === 0.5) return String(floor % 2 === 0 ? floor : floor + 1);
  return String(Math.round(value));
}

function showBorrowed(client: Client): Report {
  const rows: (readonly string[])[] = [];
  let unclassified = 0;
  for (const block of new IpamStore(client.objects).blocks()) {
    const owner = block.affinity?.split(':').at(-1) ?? '';
    block.allocations.forEach((_, ordinal) => {
      const attributes = attributesOf(block, ordinal);
      if (!attributes) return;
      const { node, pod, namespace = '', type = '' } = attributes.secondary;
      if (node === undefined) unclassified += 1;
      else if (node !== owner) {
        const address = formatIp(addressOf(block, ordinal));
        const holder = pod === undefined ? [type, ''] : ['pod', `${namespace}/${pod}`];
        rows.push([address, node, formatIpCidr(block.cidr), owner, ...holder]);
      }
    });
  }
  const table = borderedTable(['IP', 'BORROWING-NODE', 'BLOCK', 'BLOCK OWNER', 'TYPE', 'ALLOCATED-TO'], rows);
  const note = `\nNote: found ${unclassified} IP allocations without an explicit node association. Unable to determine if they are borrowed.\n`;
  return { stdout: unclassified === 0 ? table : table + note };
}

/** An address as Go's heap has them. */
const SOMEWHERE = '0xc0006a24d0';

function showConfiguration(client: Client): Report {
  const { strictAffinity, autoAllocateBlocks, maxBlocksPerHost } = new IpamStore(client.objects).config();
  const persistence = client.objects.get(IPAM_CONFIGS, 'default')?.spec?.['kubeVirtVMAddressPersistence'];
  const rows = [
    ['StrictAffinity', String(strictAffinity)],
    ['AutoAllocateBlocks', String(autoAllocateBlocks)],
    ['MaxBlocksPerHost', String(maxBlocksPerHost)],
    // The real tool prints where the value lies in its memory, and not the value.
    [
      'KubeVirtVMAddressPersistence',
      `(*ipam.VMAddressPersistence)(${persistence === undefined ? 'nil' : SOMEWHERE})`,
    ],
  ];
  return { stdout: borderedTable(['PROPERTY', 'VALUE'], rows) };
}
