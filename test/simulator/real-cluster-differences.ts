/**
 * Where the simulator may differ from the recorded real cluster, one reviewed reason each: what no two clusters share, what was
 * peculiar to the recorded one, and what the simulator leaves out. Whatever still differs is a mistake of the simulator.
 */
import { comparing, type Difference, type Unordered } from './transcripts-differences.ts';

const RECORDED_PODS = 'coredns-7d764666f9|calico-kube-controllers-687fc57cb8|calico-node|kube-proxy';

/** What no two clusters share. */
const VOLATILE: readonly Difference[] = [
  {
    reason: 'Times.',
    rewrites: [
      [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME'],
      [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+ \+0000 UTC)?/g, 'TIME'],
      [/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000/g, 'TIME'],
      [/ on \w{3} \w{3} +\d+ [\d:]+ \d+$/, ' on TIME'],
      [/\b\d\d:\d\d:\d\d\b(?!:)/g, 'CLOCK'],
    ],
  },
  {
    reason: 'How old things are. In YAML, and behind `for`, such words say something else.',
    of: /^(kubectl (?!.*-o yaml)|calicoctl get (?!.*-o yaml))/,
    rewrites: [[/(?<= )(?<! for )(\d+[smhd]){1,2}(?= |$)/g, 'AGE']],
  },
  {
    reason: 'Columns are as wide as the ages and names in them.',
    of: /^(kubectl (get|describe|-n \S+ describe)|calicoctl get)/,
    rewrites: [
      [/ +$/, ''],
      [/(?<=\S) {2,}/g, '  '],
      [/-{2,}(?= |$)/g, '--'],
    ],
  },
  {
    reason: 'Identifiers and versions of objects are drawn or counted anew in each cluster.',
    rewrites: [
      [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'UID'],
      [/\b[0-9a-f]{64}\b/g, 'ID'],
      [/(resourceVersion: )"\d+"/, '$1"N"'],
      [/(clusterGUID: )[0-9a-f]{32}/, '$1GUID'],
      [/^(\s*)(Boot ID|Machine ID|System UUID):.*/, '$1$2: ID'],
    ],
  },
  {
    reason: 'Controllers give random suffixes; the hash of the template before them is no chance.',
    rewrites: [
      [new RegExp(`\\b(${RECORDED_PODS})-[a-z0-9]{5}\\b`, 'g'), '$1-RANDOM'],
      [/(--687fc57cb8|--7d764666f9)--[a-z0-9]{5}-eth0/, '$1--RANDOM-eth0'],
      [/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-RANDOM'],
      [/\/kube-dns-[a-z0-9]{5}\b/, '/kube-dns-RANDOM'],
    ],
  },
  {
    reason:
      "The name of a pod's interface is a hash of the pod's name: only a, b and c have no chance in theirs.",
    rewrites: [[/cali(?!acd53aa4120|ff6fc35a693|dbc51878acf)[0-9a-f]{11}\b/g, 'caliRANDOM']],
  },
  {
    reason: 'Felix marks a rule with a hash of its chain, and so with the names of interfaces in it.',
    of: /^iptables-save/,
    rewrites: [
      [
        /^(-A cali-(?:(?:from|to)-wl-dispatch|[ft]w-caliRANDOM) .*)-m comment --comment "cali:\S+"/,
        '$1MARKED',
      ],
    ],
  },
  {
    reason: 'Which of the pods with random names comes first depends on the names.',
    of: /^iptables-save/,
    rewrites: [[/^(-A cali-[ft]w-caliRANDOM .* -j cali-pr[io])-_[\w-]+$/, '$1-PROFILE']],
  },
  {
    reason: 'Round-trip times, and the time a run took.',
    of: /^ping/,
    rewrites: [
      [/time=[\d.]+ ms/, 'time=T ms'],
      [/, time \d+ms/, ', time Tms'],
      [/= [\d.]+\/[\d.]+\/[\d.]+\/[\d.]+ ms/, '= T/T/T/T ms'],
    ],
  },
  {
    reason: 'Counters of packets.',
    of: /^iptables-save/,
    rewrites: [[/ \[\d+:\d+\]$/, ' [N:N]']],
  },
  {
    reason: "The kernel draws a set's initval by chance.",
    of: /^ipset/,
    rewrites: [[/initval 0x[0-9a-f]+/, 'initval X']],
  },
  {
    reason:
      'Whether a neighbour was confirmed a moment ago, and whether a machine was spoken to, is a matter of seconds.',
    of: /^ip neigh/,
    drops: /^(10\.0\.|10\.244\.104\.[123] )/,
    rewrites: [[/(REACHABLE|STALE|DELAY|PROBE) $/, 'KNOWN ']],
  },
  {
    reason: 'Processes and their files are numbered as they come.',
    of: /^ss/,
    rewrites: [
      [/pid=\d+,fd=\d+/, 'pid=N,fd=N'],
      [/ {2,}/g, '  '],
      [/ +$/, ''],
    ],
  },
  {
    reason: 'How often BIRD heard and told what depends on how long it runs; timers run.',
    of: /^birdcl show protocols all/,
    rewrites: [
      [/^( {4}(?:Import|Export) (?:updates|withdraws):).*/, '$1 COUNTS'],
      [/^( {4}(?:Hold|Keepalive) timer: ).*/, '$1SECONDS'],
    ],
  },
];

/** What another cluster would not have had. */
const PECULIAR: readonly Difference[] = [
  {
    reason: 'Interfaces are numbered in the order in which they came; Docker had numbered a thousand before.',
    of: /^(ip|birdcl show interfaces)/,
    rewrites: [
      [/^\d+: /, 'N: '],
      [/@if\d+/g, '@ifN'],
      [/\(index=\d+\)/, '(index=N)'],
    ],
  },
  {
    reason: "containerd draws the names of pods' network namespaces.",
    of: /^ip/,
    rewrites: [[/link-netns cni-UID|link-netns cni-[0-9a-f-]+/, 'link-netns NAME']],
  },
  {
    reason: "The kernel draws the MACs of pods; the simulator's tell their addresses.",
    rewrites: [
      [/(dev caliacd53aa4120|dev califf6fc35a693|dev calidbc51878acf) lladdr \S+/, '$1 lladdr MAC'],
      [/(link\/ether )(a2:1a:64:30:86:7d|7a:00:0a:f4:a6:81)/, '$1MAC'],
      [/inet6 fe80::[0-9a-f:]+\/64/, 'inet6 LINK-LOCAL/64'],
    ],
  },
  {
    reason: "Docker's name server: its rules and its sockets.",
    of: /^(iptables-save|ss)/,
    drops: /DOCKER_|127\.0\.0\.11:/,
  },
  {
    reason: "containerd's port for streams is another one after each start; the simulator has none.",
    of: /^ss/,
    drops: /"containerd"/,
  },
  {
    reason: "kind's node image asks for strict reverse paths; labs, on kind too, do not.",
    of: /^sysctl/,
    rewrites: [[/^(net\.ipv4\.conf\.all\.rp_filter = )\d/, '$1N']],
  },
  {
    reason: 'The machine, the system in its nodes, the patch release.',
    rewrites: [
      [/Debian GNU\/Linux \d+ \(\w+\)/, 'Debian GNU/Linux'],
      [/\b6\.\d+\.\d+\+deb13-amd64|\b6\.18\.44\b/, 'KERNEL'],
      [/containerd:\/\/\d+\.\d+\.\d+/, 'containerd://VERSION'],
      [/v1\.35\.\d/g, 'v1.35.N'],
      [/^( +(cpu|ephemeral-storage|memory): +)\d+(Ki)?$/, '$1AMOUNT'],
      [/ \(\d+%\)/g, ' (SHARE)'],
      [/(imageID|Image ID): .*/, '$1: DIGEST'],
      [/^(Git commit: +[0-9a-f]{9})[0-9a-f]*/, '$1'],
    ],
  },
  {
    reason:
      'Its manifest said CrossSubnet before the first start, and had three more variables for a build without cgo, which the recording leaves out; so the template has another hash, which go-dump.test.ts makes of it.',
    of: /^kubectl -n kube-system (get|describe) pod\/calico-node/,
    rewrites: [
      [/(CALICO_IPV4POOL_(IPIP|VXLAN): +)\w+/, '$1MODE'],
      [/( value: )(Always|Never|CrossSubnet)$/, '$1MODE'],
      [/(controller-revision-hash[:=] ?)(6b7c4c7dc|7b4966fcc)/, '$1HASH'],
    ],
  },
  {
    reason:
      'calico-kube-controllers was never ready there: its probes did not find the file that its process writes.',
    of: /^kubectl get/,
    rewrites: [
      [/(calico-kube-controllers\S*) +[01]\/1( .*)/, '$1  N/1$2'],
      [/(deployment\.apps\/calico-kube-controllers +N\/1 +1) +[01]/, '$1  N'],
      [/(replicaset\.apps\/calico-kube-controllers\S* +1 +1) +[01]/, '$1  N'],
    ],
  },
  {
    reason: 'Where a variable of Go lies in memory.',
    of: /^calicoctl ipam show --show-configuration/,
    rewrites: [
      [/\(0x[0-9a-f]+\) */, '(POINTER) '],
      [/(?<=[|+]) +(?=VALUE)|(?<=VALUE) +|-{10,}\+$|(?<=\| (?:false|true)) +| +(?=0 \|)/g, ' '],
    ],
  },
];

/** What the simulator leaves out, or adds. */
const LEFT_OUT: readonly Difference[] = [
  {
    reason: "The simulator's nodes are labelled with their segment, and called as kind calls its own.",
    rewrites: [
      [/,topology\.kubernetes\.io\/zone=[\w-]+/, ''],
      [/,"topology\.kubernetes\.io\/zone":"[\w-]+"/, ''],
    ],
    drops: /^ +topology\.kubernetes\.io\/zone[=:]|^ProviderID:/,
  },
  {
    reason: 'A cluster of the simulator begins with its nodes ready; what led there has no events.',
    of: /^kubectl (describe node|-n kube-system describe)/,
    drops:
      /^Events: |^Events:$|^ {2}Type +Reason +Age|^ {2}-+ +-+ +---- +---- +-+$|RegisteredNode|FailedScheduling|FailedCreatePodSandBox|SandboxChanged|Unhealthy/,
  },
  {
    reason: 'ClusterNetworkPolicy, of another project, is not served.',
    of: /^kubectl get crd/,
    drops: /clusternetworkpolicies\.policy\.networking\.k8s\.io/,
  },
  {
    reason: 'The files of kubeadm, of the kubelets and of the API server are not kept in the cluster.',
    of: /^kubectl get cm/,
    drops:
      /cluster-info|extension-apiserver-authentication|legacy-service-account-token-tracking|kubeadm-config|kubelet-config/,
  },
  {
    reason:
      'Of the accounts that controllers work with only those of pods are there, and so are their profiles.',
    of: /^calicoctl get profiles/,
    drops:
      /^ksa\.kube-system\.(?!calico-|coredns|default|kube-proxy)\S+|^ksa\.kube-system\.[a-z-]+-controller\S*/,
  },
  {
    reason: 'Endpoints of a slice are in the order of a map.',
    of: /^kubectl get svc/,
    rewrites: [[/10\.244\.104\.[12],10\.244\.104\.[12]/, 'BOTH']],
  },
  {
    reason: 'Sequence numbers of blocks are nanoseconds there, which JSON in JavaScript cannot hold.',
    of: /ipamblocks/,
    rewrites: [[/(sequenceNumber: |"\d+": )\d+/, '$1N']],
  },
  {
    reason:
      'BIRD also tells its neighbours what it learnt from the kernel: its own blackhole, and the blocks that Felix routes to nodes of its own subnet. So it knows ways of local preference 2147483647 and preference 200, of which no packet makes use: in VXLAN nothing of BIRD is programmed.',
    of: /^birdcl show (route|protocols all)/,
    drops: /\(200\/[\d?]\)|ELEVATED/,
    rewrites: [
      [/^( {2}Routes: ).*/, '$1COUNTS'],
      [/ \* (?=\()/, ' '],
    ],
  },
];

const NO_ORDER: readonly Unordered[] = [
  { of: /^(bridge fdb|ip neigh|ss |ip route show table all|birdcl show route)/, begins: /^/ },
  { of: /^(ip -4 addr|ip -d link$|birdcl show interfaces)/, begins: /^(?![ \t])/ },
  { of: /^ipset list/, begins: /^Name:/ },
  { of: /^kubectl get ipamhandles/, begins: /^- apiVersion/ },
  { of: /^(kubectl (get (svc|pods|all|ds|cm)|describe node)|calicoctl get workloadendpoints)/, begins: /^/ },
];

export const REAL_CLUSTER_DIFFERENCES: readonly Difference[] = [...VOLATILE, ...PECULIAR, ...LEFT_OUT];

const compared = comparing(REAL_CLUSTER_DIFFERENCES, NO_ORDER);

/** One output with everything reviewed taken out of it. */
export function comparableWithReal(run: string, lines: readonly string[]): readonly string[] {
  const whole = run.startsWith('birdcl show route') ? pathByPath(lines) : lines;
  const rows = compared(run, whole);
  if (run.startsWith('ipset list')) return rows.map((set) => set.split(' | ').toSorted().join(' | '));
  return run.startsWith('iptables-save')
    ? [...rows.filter((row) => !PORTAL.test(row)), ...portals(rows)]
    : rows;
}

/** kube-proxy writes the doors of services in the order of a map. */
const PORTAL = /^-A KUBE-SERVICES -d /;
const portals = (rows: readonly string[]): readonly string[] =>
  rows.filter((row) => PORTAL.test(row)).toSorted();

/** `show route` names a prefix once and goes on with its other paths, and with their attributes: here each path is a line. */
function pathByPath(lines: readonly string[]): readonly string[] {
  let prefix = '';
  const paths: string[] = [];
  for (const line of lines) {
    const [, begun = '', path = ''] = /^(\S*) +((?:via|dev|blackhole).*)$/.exec(line) ?? [];
    if (path === '') {
      if (line.startsWith('\t')) paths[paths.length - 1] = `${paths.at(-1) ?? ''} | ${line.trim()}`;
      else paths.push(line);
      continue;
    }
    if (begun !== '') prefix = begun;
    paths.push(`${prefix} ${path}`);
  }
  return paths;
}
