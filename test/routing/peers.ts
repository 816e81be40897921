/** Daemons of routers of one AS that a test configures by hand. */
import { parseIp } from '../../src/model/ip-family.ts';
import { ipv4 } from '../../src/model/ip.ts';
import type { NeighbourConfig, SpeakerConfig } from '../../src/sim/routing/speaker-config.ts';

export function peer(name: string, text: string, more: Partial<NeighbourConfig> = {}): NeighbourConfig {
  const address = parseIp(text);
  if (address === undefined) throw new RangeError(`not an address: ${text}`);
  return { name, address, asNumber: 65001, localAs: 65001, passive: false, restartTime: 120, ...more };
}

export const speaker = (
  id: string,
  neighbours: readonly NeighbourConfig[],
  more: Partial<SpeakerConfig> = {},
): SpeakerConfig => ({
  process: `bird ${id}`,
  software: 'bird-2',
  routerId: ipv4(id),
  asNumber: 65001,
  blackholes: [],
  learnt: [],
  neighbours,
  exports: [{ accept: true }],
  kernel: [],
  normalMetric: false,
  ...more,
});
