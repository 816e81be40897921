/**
 * Reading what `birdcl` prints, of BIRD 1.6 (Calico's) and of BIRD 2, whose columns and times differ: lines are known by
 * their words, never by their columns.
 */
export const BIRD_STATES = [
  'established',
  'idle',
  'connect',
  'active',
  'opensent',
  'openconfirm',
  'passive',
  'close',
  'down',
] as const;

export interface Session {
  readonly peer: string;
  readonly state: (typeof BIRD_STATES)[number];
  /** `Socket: No route to host` */
  readonly error?: string;
}

/** Sessions in `show protocols all`, in its order. */
export function bgpSessions(output: string): readonly Session[] {
  // A protocol's details are indented below its line.
  return output.split(/\n(?=\S)/).flatMap((block) => {
    const head = /^(\S+)\s+BGP\s+\S+\s+\S+\s+/.exec(block);
    const peer = /^\s+Neighbor address:\s*(\d+\.\d+\.\d+\.\d+)/m.exec(block)?.[1];
    if (!head || peer === undefined) return [];
    const word = (/^\s+BGP state:\s*(\S+)/m.exec(block)?.[1] ?? 'down').toLowerCase();
    const error = /^\s+Last error:\s*(.*\S)/m.exec(block)?.[1];
    const state = BIRD_STATES.find((each) => each === word) ?? 'down';
    return [{ peer, state, ...(error === undefined || state === 'established' ? {} : { error }) }];
  });
}

export interface LearntRoute {
  /** The neighbour that told it. */
  readonly from: string;
  /** `via 10.0.0.1 on eth0`, `unreachable` */
  readonly via: string;
  /** The best of all routes to its prefix. */
  readonly best: boolean;
}

const ROUTE = /^(?:\S+)?\s+(?:unicast\s+)?(via \S+ on \S+ |\w+ )?\[(\S+) [^\]]*?(?:from (\S+))?\]( \*)?/;

/** Routes learnt by BGP in `show route PREFIX all`. */
export function bgpRoutes(output: string): readonly LearntRoute[] {
  const lines = output.split('\n');
  const starts = lines.flatMap((line, at) => (/\[\S+ /.test(line) ? [at] : []));
  return starts.flatMap((start, at) => {
    const block = lines.slice(start, starts[at + 1]);
    const head = ROUTE.exec(block[0] ?? '');
    if (!head || !block.some((line) => /^\s+BGP\./.test(line))) return [];
    const [, target = '', , told, star] = head;
    // BIRD 2 writes the next hop on a line of its own.
    const below = block.map((line) => /^\s+(via \S+ on \S+)/.exec(line)?.[1]).find(Boolean);
    const via = below ?? target.trim();
    const gateway = /^via (\S+)/.exec(via)?.[1] ?? '';
    return [{ from: told ?? gateway, via, best: star !== undefined }];
  });
}
