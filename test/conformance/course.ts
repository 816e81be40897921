/** From packets at devices to how a flow went; the same for the simulator's packets and the kernel's. */
import { formatIp } from '../../src/model/ip-family.ts';
import type { Course, Facts, Outcome } from './flow.ts';
import { innermost, isToServer, packetText, TCP, type Crossing, type Packet } from './wire.ts';

/** `crossings` in the order they happened, at least within each stack. */
export function courseOf(outcome: Outcome, crossings: readonly Crossing[], sender: string): Course {
  const lines = crossings.map(
    ({ netns, device, direction, packet }) => `${netns} ${device} ${direction}: ${packetText(packet)}`,
  );
  return { outcome, crossings: [...new Set(lines)].sort(), facts: factsOf(crossings, sender) };
}

function factsOf(crossings: readonly Crossing[], sender: string): Facts {
  const requests = crossings.filter(({ packet }) => isRequest(innermost(packet)));
  // The journey's last stack is the one that has the packet in and not out again; the sender itself does not count.
  const left = new Set(requests.filter(({ direction }) => direction === 'out').map(({ netns }) => netns));
  const end = requests.findLast(
    ({ netns, direction, packet }) =>
      direction === 'in' && netns !== sender && !left.has(netns) && !('inner' in packet.content),
  );
  const seen = end && innermost(end.packet);
  const tunnelled = requests.find(({ packet }) => 'inner' in packet.content)?.packet.content.kind;
  return {
    arrivedAt: end?.netns,
    sourceSeen: seen && formatIp(seen.source),
    ttlSeen: seen?.ttl,
    encapsulation: tunnelled === 'vxlan' || tunnelled === 'ipip' ? tunnelled : 'none',
  };
}

/** On its way there, as servers' ports and TCP flags tell. */
function isRequest({ content, fragment, protocol }: Packet): boolean {
  switch (content.kind) {
    case 'echo-request':
      return true;
    case 'tcp':
      return (content.flags & (TCP.syn | TCP.ack)) === TCP.syn;
    case 'udp':
      return isToServer(content);
    default:
      return fragment?.offset === 0 && protocol !== 1;
  }
}
