/** How a drawn packet is encapsulated, and how wide each of its layers is drawn. */
import type { PacketLayer } from '../../course/blocks.ts';
import type { Encapsulation } from '../../model/encapsulation.ts';

export function packetEncapsulation(layers: readonly PacketLayer[]): Encapsulation {
  const wrapping = layers.filter((layer) => layer.role === 'outer' || layer.role === 'tunnel');
  if (wrapping.some((layer) => /vxlan/i.test(layer.name))) return 'vxlan';
  return wrapping.some((layer) => /\bip/i.test(layer.name)) ? 'ipip' : 'none';
}

export function isWrapping(layer: PacketLayer): boolean {
  return layer.role === 'outer' || layer.role === 'tunnel';
}

export function totalBytes(layers: readonly PacketLayer[]): number {
  return layers.reduce((sum, layer) => sum + layer.bytes, 0);
}

/**
 * Shares of the width in per cent. True proportions would leave an 8-byte header no room beside 1,400 bytes of payload,
 * so a share grows with the square root of the bytes: order and differences stay visible.
 */
export function layerShares(layers: readonly PacketLayer[]): readonly number[] {
  const weights = layers.map((layer) => Math.sqrt(Math.max(layer.bytes, 1)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => (100 * weight) / total);
}
