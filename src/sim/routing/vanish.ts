/** A daemon whose machine loses power: nobody says a word, and nothing is left in any kernel. Its peers find out by themselves. */
import type { NetnsId } from '../../model/trace.ts';
import type { RoutingState } from './routing-state.ts';
import { peerKey } from './routing-state.ts';

export function vanished(routing: RoutingState, netns: NetnsId): RoutingState {
  const speaker = routing.speakers.get(netns);
  if (!speaker) return routing;
  let { peers, work, routine } = routing;
  for (const { name } of speaker.config.neighbours) {
    const key = peerKey(netns, name);
    peers = peers.delete(key);
    work = work.cancel(key);
    routine = routine.cancel(key);
  }
  // The speaker's own timer, for what it inherited.
  routine = routine.cancel(`${netns} `);
  return { ...routing, speakers: routing.speakers.delete(netns), peers, work, routine };
}
