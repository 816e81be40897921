/** What commands do to the memory of a stack, besides what `memory.ts` forgets for them. */
import type { LearntNeighbour, NetnsMemory } from './netns.ts';

/** `ip neigh add ... nud reachable`: as if it had been learnt. */
export function learnByHand(memory: NetnsMemory, neighbour: LearntNeighbour): NetnsMemory {
  const others = memory.neighbours.filter(
    ({ address, device }) => address !== neighbour.address || device !== neighbour.device,
  );
  return { ...memory, neighbours: [...others, neighbour] };
}

/** A port that goes down, or to another bridge, takes the addresses behind it along. */
export function forgetStations(memory: NetnsMemory, device: string): NetnsMemory {
  const { stations = [] } = memory;
  const left = stations.filter((station) => station.device !== device && station.bridge !== device);
  return left.length === stations.length ? memory : { ...memory, stations: left };
}
