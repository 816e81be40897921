/** What must hold of IPAM's objects at every moment, whatever was done before. */
import { formatIp, formatIpCidr, ipCidrContains } from '../../../../model/ip-family.ts';
import type { ClusterState } from '../../../kube/controller.ts';
import { BLOCK_AFFINITIES, IPAM_BLOCKS, IPAM_HANDLES } from '../kinds.ts';
import { podHandle } from '../names.ts';
import { affinityOf, readAffinity } from './affinity.ts';
import { addressOf, attributesOf, readBlock, type Block } from './block.ts';

/** Sentences about what is wrong; none when all is well. */
export function audit(state: ClusterState): readonly string[] {
  const blocks = state.store.list(IPAM_BLOCKS).flatMap((object) => readBlock(object) ?? []);
  return [
    ...blocks.flatMap(partition),
    ...overlaps(blocks),
    ...affinities(state, blocks),
    ...handles(state, blocks),
    ...sandboxes(state, blocks),
  ];
}

/** Each ordinal is taken or free, and each owner in the list owns something. */
function partition(block: Block): readonly string[] {
  const taken = block.allocations.flatMap((index, ordinal) => (index === null ? [] : [ordinal]));
  const all = [...taken, ...block.unallocated].sort((a, b) => a - b);
  const used = new Set(block.allocations.filter((index) => index !== null));
  return [
    ...(all.join() === block.allocations.map((_, ordinal) => ordinal).join()
      ? []
      : [`${block.text}: taken and free ordinals do not part the block`]),
    ...(used.size === block.attributes.length && [...used].every((index) => index < used.size)
      ? []
      : [`${block.text}: ${block.attributes.length} owners, ${used.size} of them own something`]),
  ];
}

function overlaps(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap((block, at) =>
    blocks
      .slice(at + 1)
      .filter(({ cidr }) => ipCidrContains(cidr, block.cidr.base) || ipCidrContains(block.cidr, cidr.base))
      .map(({ text }) => `${block.text} overlaps ${text}`),
  );
}

/** Blocks name their owner exactly when the owner's affinity names them. */
function affinities(state: ClusterState, blocks: readonly Block[]): readonly string[] {
  const claimed = state.store.list(BLOCK_AFFINITIES).flatMap((object) => {
    const affinity = readAffinity(object);
    return affinity
      ? [`${formatIpCidr(affinity.block)} ${affinityOf(affinity.owner)} ${affinity.state}`]
      : [];
  });
  const owned = blocks.flatMap(({ text, affinity }) =>
    affinity === undefined ? [] : [`${text} ${affinity} confirmed`],
  );
  const empty = blocks.filter(
    ({ affinity, attributes }) => affinity === undefined && attributes.length === 0,
  );
  return [
    ...difference(claimed, owned).map((each) => `affinity without its block: ${each}`),
    ...difference(owned, claimed).map((each) => `block without its affinity: ${each}`),
    ...empty.map(({ text }) => `${text} is empty and nobody's`),
  ];
}

/** Handles count what the blocks hold. */
function handles(state: ClusterState, blocks: readonly Block[]): readonly string[] {
  const held = blocks.flatMap((block) =>
    block.allocations.flatMap((_, ordinal) => {
      const handle = attributesOf(block, ordinal)?.handle_id;
      return handle === undefined ? [] : [`${handle} ${block.text}`];
    }),
  );
  const counted = state.store
    .list(IPAM_HANDLES)
    .flatMap(({ spec }) =>
      Object.entries((spec?.['block'] ?? {}) as Record<string, number>).flatMap(([block, count]) =>
        Array.from({ length: count }, () => `${String(spec?.['handleID'])} ${block}`),
      ),
    );
  return [
    ...difference(held, counted).map((each) => `held but not counted: ${each}`),
    ...difference(counted, held).map((each) => `counted but not held: ${each}`),
  ];
}

/** Every sandbox's addresses are its own, and IPAM knows it. */
function sandboxes(state: ClusterState, blocks: readonly Block[]): readonly string[] {
  const holders = new Map(
    blocks.flatMap((block) =>
      block.allocations.flatMap((_, ordinal) => {
        const holder = attributesOf(block, ordinal);
        return holder ? [[addressOf(block, ordinal), holder.handle_id] as const] : [];
      }),
    ),
  );
  return [...state.sandboxes.values()].flatMap(({ pod, containerId, network }) =>
    [network?.address, network?.address6].flatMap((address) =>
      address === undefined || holders.get(address) === podHandle(containerId)
        ? []
        : [`${pod} has ${formatIp(address)}, which is not given to it`],
    ),
  );
}

function difference(from: readonly string[], what: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const each of what) left.set(each, (left.get(each) ?? 0) + 1);
  return from.filter((each) => {
    const count = left.get(each) ?? 0;
    left.set(each, count - 1);
    return count <= 0;
  });
}
