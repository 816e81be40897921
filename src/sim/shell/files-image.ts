/**
 * The files that places begin with: what a Debian-based machine or container shows of itself in `/etc`, and the learner's
 * home. Pods get the resolver configuration that kubelet writes (pkg/kubelet/network/dns) and its managed hosts file.
 */
import { assertNever } from '../../base/result.ts';
import { MACHINE_OS, NODE_OS, type OperatingSystem } from '../core/machine.ts';
import type { Place } from '../../model/place.ts';

export const LEARNER = 'learner';

export interface ImageFacts {
  /** The place's own address, for its hosts file. */
  readonly address?: string;
  /** What resolv.conf points to: the cluster's DNS service for pods. */
  readonly nameserver?: string;
  /** `cluster.local` */
  readonly clusterDomain?: string;
  /** More names of the hosts file, in order. */
  readonly hosts?: readonly { readonly address: string; readonly name: string }[];
  /** Files of the lab: absolute, or relative to the home directory. */
  readonly files?: readonly { readonly path: string; readonly text: string }[];
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
  if (facts.nameserver !== undefined)
    files['/etc/resolv.conf'] = resolverFile(place, facts, facts.nameserver);
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

function hostsFile(place: Place, { address, hosts = [] }: ImageFacts): string {
  const own = address === undefined ? [] : [`${address}\t${hostnameOf(place)}`];
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

function resolverFile(
  place: Place,
  { clusterDomain = 'cluster.local' }: ImageFacts,
  nameserver: string,
): string {
  if (place.kind !== 'pod') return `nameserver ${nameserver}\n`;
  const search = [`${place.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain].join(' ');
  return `search ${search}\nnameserver ${nameserver}\noptions ndots:5\n`;
}
