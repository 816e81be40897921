/**
 * Where the simulator may differ from the reference transcripts, one reviewed reason each. What the two labs do not share, and
 * what no two runs share, is rewritten or left out on both sides; whatever still differs is a mistake of the simulator.
 */

export interface Difference {
  readonly reason: string;
  /** Which command lines it concerns; all when absent. */
  readonly of?: RegExp;
  /** Lines that only one of the labs has. */
  readonly drops?: RegExp;
  /** A part of a line, and what stands for it on both sides. */
  readonly rewrites?: readonly (readonly [RegExp, string])[];
}

export const DIFFERENCES: readonly Difference[] = [
  {
    reason: 'Round-trip times and the time a run took are measurements.',
    of: /^(ping|traceroute)/,
    rewrites: [
      [/time=[\d.]+ ms/, 'time=T ms'],
      [/, time \d+ms/, ', time Tms'],
      [/= [\d.]+\/[\d.]+\/[\d.]+\/[\d.]+ ms/, '= T/T/T/T ms'],
      [/ {2}[\d.]+ ms/g, '  T ms'],
      [/, pipe \d+|^pipe \d+$/, ''],
    ],
  },
  {
    reason:
      'Clocks, ICMP identifiers, IP identifications, source ports and TCP numbers are chosen anew in each run.',
    of: /^tcpdump/,
    rewrites: [
      [/^\d\d:\d\d:\d\d\.\d+/, 'HH:MM:SS'],
      [/, id \d+,/g, ', id N,'],
      [/(10\.0\.\d+\.1[0-3])\.\d+ > (10\.0\.\d+\.1[0-3])\.4789/, '$1.PORT > $2.4789'],
    ],
  },
  {
    reason:
      'What the filter saw beyond the packets that were asked for depends on when the program was stopped.',
    of: /^tcpdump/,
    rewrites: [[/^\d+ packets? received by filter$/, 'N packets received by filter']],
  },
  {
    reason: 'Interfaces are numbered in the order in which they were made; the harness made the tunnel last.',
    of: /^(ip|bridge|tcpdump)/,
    rewrites: [
      [/^\d+: /, 'N: '],
      [/@if\d+/g, '@ifN'],
      [/ifindex \d+/, 'ifindex N'],
    ],
  },
  {
    reason: 'Network namespaces have the names that the container runtime, or the harness, gave them.',
    of: /^ip/,
    rewrites: [[/link-netns(id)? \S+/, 'link-netns NAME']],
  },
  {
    reason:
      'The harness gave each pod a permanent neighbour; Felix has no MAC for one with this datastore, so the kernels ask, and pods learn who asked.',
    of: /^ip neigh/,
    drops: /^10\.0\.\d\.1\d dev eth0 lladdr ee:ee:ee:ee:ee:ee /,
    rewrites: [[/( dev cali\w+ lladdr \S+) (PERMANENT|REACHABLE|STALE) $/, '$1 KNOWN ']],
  },
  {
    reason:
      "The harness's ports and pods came from `ip link add`: with a queue, and with no broadcast address; container engines and the CNI plugin make them otherwise.",
    of: /^ip/,
    rewrites: [
      [/ brd \d+\.\d+\.\d+\.\d+ scope /, ' scope '],
      [/^(N: (?:eth|cali)[^:]+: .* group default )qlen 1000/, '$1'],
      [/numtxqueues \d numrxqueues \d/, 'numtxqueues N numrxqueues N'],
    ],
  },
  {
    reason: 'Nobody switched IPv6 off in a pod of Calico; in the harness it was off everywhere.',
    of: /^ip/,
    drops: /^ {4}inet6 (fe80::|::1\/128)/,
  },
  {
    reason: 'Whether a neighbour was confirmed a moment ago depends on the seconds since.',
    of: /^ip neigh/,
    rewrites: [[/(REACHABLE|STALE|DELAY|PROBE) $/, 'REACHABLE ']],
  },
  {
    reason: 'Calico v3.32 gives its routes to pods, and those of BIRD, metric 1024; the harness gave none.',
    of: /^ip route/,
    rewrites: [[/ metric 1024 /, ' ']],
  },
  {
    reason: "The harness's router had `metric 0` in its BIRD; the topology's router has BIRD's default, 32.",
    of: /^ip route/,
    rewrites: [[/ proto bird metric 32 $/, ' proto bird ']],
  },
  {
    reason:
      'The simulator is a whole cluster: it has a control plane, whose node has a block and a tunnel address.',
    drops: /10\.0\.0\.10\b(?!\.)|10\.244\.235\.|66:a2:3e:62:72:a8|control_plane|Mesh_10_0_0_10/,
  },
  {
    reason: 'In modes (a) and (b) the harness had no outside host, so its router had no third port.',
    of: /^(ip route|birdc show route)/,
    drops: /203\.0\.113\.0\/24|^\tdev eth2$/,
  },
  {
    reason: 'BIRD tells when a session came up.',
    of: /^birdc/,
    rewrites: [[/\d\d:\d\d:\d\d\.\d+/g, 'HH:MM:SS']],
  },
  {
    reason: "The harness's outside host and its router's third port had MAC addresses drawn by chance.",
    of: /^tcpdump/,
    rewrites: [
      [/1a:b5:a9:b2:c0:0c|02:00:cb:00:71:01/g, 'MAC-OF-ROUTER'],
      [/be:92:4d:43:4f:f4|02:00:cb:00:71:0a/g, 'MAC-OF-OUTSIDE'],
    ],
  },
  {
    reason:
      'The comments that Felix marks its rules with were typed from memory in the harness, or left out.',
    of: /^iptables/,
    rewrites: [
      [/ -m comment --comment "cali:[^"]+"/, ''],
      [/ \/\* cali:\S+ \*\//, ''],
    ],
  },
  {
    reason:
      'The harness wrote the rules that natOutgoing needs; kube-proxy, and Felix for floating IPs, write more.',
    of: /^iptables-save -t nat/,
    drops: /KUBE-|cali-OUTPUT|cali-PREROUTING|cali-fip-dnat/,
  },
  {
    reason: 'In the raw table Felix also marks packets for host endpoints and for its reverse path check.',
    of: /^iptables-save -t raw/,
    drops: /-host-endpoint|cali-rpf-skip|MARK|-m mark/,
  },
  {
    reason: 'iptables-save says when it ran.',
    of: /^iptables-save/,
    rewrites: [[/ on \w{3} \w{3} +\d+ [\d:]+ \d+$/, ' on DATE']],
  },
  {
    reason:
      "The kernel draws a set's initval by chance, and memory, references and buckets follow the kernel's version.",
    of: /^ipset/,
    rewrites: [
      [/initval 0x[0-9a-f]+/, 'initval X'],
      [/^(Size in memory|References|Revision): .*/, '$1: N'],
    ],
  },
  {
    reason: 'Identifiers, and the seconds until an entry is forgotten, differ from run to run.',
    of: /^conntrack/,
    rewrites: [
      [/^(\w+ +\d+) \d+ /, '$1 SECONDS '],
      [/ id=\d+/g, ' id=N'],
    ],
  },
];

/** Tables that the kernel or BIRD lists in the order of a hash; a line that begins with a tab goes on with the row before it. */
const UNORDERED: readonly Unordered[] = [
  { of: /^(bridge fdb|ip neigh|conntrack -L|ip -br|birdc show route$)/, begins: /^(?!\t)/ },
];

/** The start and the end of a capture go to standard error; in a terminal, and in the transcripts, they frame it. */
export function asInTerminal(
  run: string,
  { stdout, stderr }: { readonly stdout: string; readonly stderr: string },
): string {
  if (!run.startsWith('tcpdump')) return stdout + stderr;
  const end = stderr.search(/^\d+ packets? captured$/m);
  return stderr.slice(0, end) + stdout + stderr.slice(end);
}

/** What is listed in no order of its own: which lines begin a row. */
export interface Unordered {
  readonly of: RegExp;
  readonly begins: RegExp;
}

/** Outputs with everything reviewed taken out of them. Blank lines frame them only. */
export const comparing =
  (differences: readonly Difference[], unordered: readonly Unordered[]) =>
  (run: string, lines: readonly string[]): readonly string[] => {
    const concerned = differences.filter(({ of }) => of?.test(run) ?? true);
    const kept = lines.filter((line) => line !== '' && !concerned.some(({ drops }) => drops?.test(line)));
    const rewritten = kept.map((line) =>
      concerned
        .flatMap(({ rewrites = [] }) => rewrites)
        .reduce((text, [part, stands]) => text.replace(part, stands), line),
    );
    const table = unordered.find(({ of }) => of.test(run));
    return table ? rows(rewritten, table.begins).toSorted() : rewritten;
  };

export const comparable = comparing(DIFFERENCES, UNORDERED);

function rows(lines: readonly string[], begins: RegExp): readonly string[] {
  const found: string[] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last === undefined || begins.test(line)) found.push(line);
    else found[found.length - 1] = `${last} | ${line.trim()}`;
  }
  return found;
}
