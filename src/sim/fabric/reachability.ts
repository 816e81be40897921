/**
 * Whether cables and routers leave a way between a lab's machines: what a kubelet needs to be heard of. It looks at what is
 * switched on and plugged in, not at routes and rules that somebody may have broken.
 */
import type { Topology } from '../../model/topology.ts';
import type { NetnsId } from '../../model/trace.ts';

interface Port {
  readonly segment: string;
  readonly device: string;
}

/** Names of nodes that no way leads to from the control plane's node; none when that is off or there is none. */
export function cutOffNodes(
  { nodes, routers }: Topology,
  works: (machine: NetnsId, device: string) => boolean,
): ReadonlySet<string> {
  const home = nodes.find(({ role }) => role === 'control-plane');
  if (!home || !works(`node/${home.name}`, 'lo')) return new Set();
  const reached = new Set(works(`node/${home.name}`, 'eth0') ? [home.segment] : []);
  const bridges = routers.map(({ name, ports }) =>
    ports
      .map((port, at): Port => ({ segment: port.segment, device: `eth${at}` }))
      .filter(({ device }) => works(`router/${name}`, device))
      .map(({ segment }) => segment),
  );
  for (let before = -1; before < reached.size;) {
    before = reached.size;
    for (const segments of bridges)
      if (segments.some((segment) => reached.has(segment))) for (const each of segments) reached.add(each);
  }
  const isCut = ({ name, segment }: (typeof nodes)[number]): boolean =>
    name !== home.name && !(reached.has(segment) && works(`node/${name}`, 'eth0'));
  return new Set(nodes.filter(isCut).map(({ name }) => name));
}
