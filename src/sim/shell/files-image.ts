/**
 * The files that places begin with: what a Debian-based machine or container shows of itself in `/etc`, and the learner's
 * home. Pods get the resolver configuration that kubelet writes (pkg/kubelet/network/dns) and its managed hosts file.
 */
import { assertNever } from '../../base/result.ts';
import { MACHINE_OS, NODE_OS, type OperatingSystem } from '../core/machine.ts';
import type { Place } from '../../model/place.ts';

export const LEARNER = 'learner';

export interface ImageFacts {
  /** The place's own addresses, for its hosts file: one of each family that it has. */
  readonly addresses?: readonly string[];
  /** What resolv.conf points to: the cluster's DNS service for pods. */
  readonly nameserver?: string;
  /** `cluster.local` */
  readonly clusterDomain?: string;
  /** What a pod asks for instead of the cluster's own resolver configuration. */
  readonly dns?: PodDns;
  /** More names of the hosts file, in order. */
  readonly hosts?: readonly { readonly address: string; readonly name: string }[];
  /** Files of the lab: absolute, or relative to the home directory. */
  readonly files?: readonly { readonly path: string; readonly text: string }[];
}

/** Of a pod's spec: `dnsPolicy`, and `dnsConfig` in its words. */
export interface PodDns {
  readonly policy: string;
  /** It runs in its node's network. */
  readonly hostNetwork: boolean;
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly { readonly name: string; readonly value?: string }[];
}

export function userOf(place: Place): string {
  return place.kind === 'workstation' ? LEARNER : 'root';
}

export function homeOf(place: Place): string {
  return place.kind === 'workstation' ? `/home/${LEARNER}` : '/root';
}

/** Where a shell starts. */
export function startDirectory(place: Place): string {
  return place.kind === 'pod' ? '/' : homeOf(place);
}

export function hostnameOf(place: Place): string {
  switch (place.kind) {
    case 'workstation':
      return 'workstation';
    case 'pod':
    case 'node':
    case 'host':
    case 'router':
      return place.name;
    default:
      return assertNever(place);
  }
}

/** Path -> text; a path that ends in `/` is an empty directory. */
export function imageFiles(place: Place, facts: ImageFacts = {}): Readonly<Record<string, string>> {
  const home = homeOf(place);
  const files: Record<string, string> = {
    '/dev/null': '',
    '/root/': '',
    '/tmp/': '',
    [`${home}/`]: '',
    '/etc/hostname': `${hostnameOf(place)}\n`,
    '/etc/hosts': hostsFile(place, facts),
    '/etc/os-release': osRelease(place.kind === 'node' ? NODE_OS : MACHINE_OS),
  };
  const resolver = resolverFile(place, facts);
  if (resolver !== '') files['/etc/resolv.conf'] = resolver;
  for (const { path, text } of facts.files ?? [])
    files[path.startsWith('/') ? path : `${home}/${path}`] = text;
  return files;
}

const osRelease = ({ version, codename, name }: OperatingSystem): string => `PRETTY_NAME="${name}"
NAME="Debian GNU/Linux"
VERSION_ID="${version}"
VERSION="${version} (${codename})"
VERSION_CODENAME=${codename}
ID=debian
`;

function hostsFile(place: Place, { addresses = [], hosts = [] }: ImageFacts): string {
  const own = addresses.map((address) => `${address}\t${hostnameOf(place)}`);
  const others = hosts.map((host) => `${host.address}\t${host.name}`);
  const first =
    place.kind === 'pod'
      ? ['# Kubernetes-managed hosts file.', '127.0.0.1\tlocalhost', ...POD_IPV6]
      : ['127.0.0.1\tlocalhost'];
  return `${[...first, ...own, ...others].join('\n')}\n`;
}

const POD_IPV6 = [
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
];

function resolverFile(place: Place, facts: ImageFacts): string {
  const { nameserver, clusterDomain = 'cluster.local', dns } = facts;
  const servers = nameserver === undefined ? [] : [nameserver];
  if (place.kind !== 'pod') return resolverText(servers, [], []);
  const cluster: ResolverParts = {
    nameservers: servers,
    searches: [`${place.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain],
    options: [{ name: 'ndots', value: '5' }],
  };
  return dns ? extended(isFromNode(dns) ? NO_PARTS : cluster, dns) : extended(cluster, NO_PARTS);
}

type ResolverParts = Pick<PodDns, 'nameservers' | 'searches' | 'options'>;

const NO_PARTS: ResolverParts = { nameservers: [], searches: [], options: [] };

/** Later options of the same name win, and what the pod adds stands last (appendDNSConfig, mergeDNSOptions). */
function extended(base: ResolverParts, added: ResolverParts): string {
  const kept = base.options.filter(({ name }) => !added.options.some((option) => option.name === name));
  return resolverText(
    [...new Set([...base.nameservers, ...added.nameservers])],
    [...new Set([...base.searches, ...added.searches])],
    [...kept, ...added.options],
  );
}

/** None starts from nothing, Default from the node's file, of which a lab's nodes have none (getPodDNSType). */
const isFromNode = ({ policy, hostNetwork }: PodDns): boolean =>
  policy === 'None' || policy === 'Default' || (policy === 'ClusterFirst' && hostNetwork);

function resolverText(
  servers: readonly string[],
  searches: readonly string[],
  options: PodDns['options'],
): string {
  const words = options.map(({ name, value }) => (value === undefined ? name : `${name}:${value}`));
  return [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}\n`] : []),
    ...servers.map((server) => `nameserver ${server}\n`),
    ...(words.length > 0 ? [`options ${words.join(' ')}\n`] : []),
  ].join('');
}
