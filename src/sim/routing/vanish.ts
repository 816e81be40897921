/** Daemons whose machine loses power: nobody says a word, and nothing is left in any kernel. Their peers find out by themselves. */
import type { NetnsId } from '../../model/trace.ts';
import type { RoutingState, SpeakerKey } from './routing-state.ts';
import { peerKey, speakerKey } from './routing-state.ts';

export function vanished(routing: RoutingState, netns: NetnsId): RoutingState {
  return [netns, speakerKey({ netns, daemon: 'bird6' })].reduce(withoutSpeaker, routing);
}

function withoutSpeaker(routing: RoutingState, name: SpeakerKey): RoutingState {
  const speaker = routing.speakers.get(name);
  if (!speaker) return routing;
  let { peers, work, routine } = routing;
  for (const neighbour of speaker.config.neighbours) {
    const key = peerKey(name, neighbour.name);
    peers = peers.delete(key);
    work = work.cancel(key);
    routine = routine.cancel(key);
  }
  // The speaker's own timer, for what it inherited.
  routine = routine.cancel(peerKey(name, ''));
  return { ...routing, speakers: routing.speakers.delete(name), peers, work, routine };
}
