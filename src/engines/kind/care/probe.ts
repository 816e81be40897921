/**
 * What only a container can tell of the engine's machine: its kernel's features, tried by doing in a network namespace of
 * their own, its limits and its clock. The container is of our tool image, is given NET_ADMIN and nothing more, and is gone
 * afterwards. A feature that is a module is loaded by the kernel when it is asked for, where that is allowed.
 */
import { ok, type Result } from '../../../base/result.ts';
import type { KernelFeature } from '../../../lab/care.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Docker } from '../docker/docker.ts';
import { LABELS } from '../names.ts';

export interface ProbeReport {
  readonly features: Readonly<Record<KernelFeature, boolean>>;
  /** iptables can match on ipsets and by reverse path, as Felix's rules do. */
  readonly matches: boolean;
  readonly inotifyInstances: number;
  readonly inotifyWatches: number;
  /** Bytes free where the engine keeps containers. */
  readonly free: number;
  /** Bytes of memory that programs could still have (MemAvailable of proc(5)). */
  readonly available: number;
  /** Milliseconds since 1970, by the engine's machine. */
  readonly clock: number;
  /** What the first process of a container is called: `docker-init` when the engine puts one in front of everything. */
  readonly init: string;
}

const SCRIPT = String.raw`
tried() { name=$1; shift; if "$@" >/dev/null 2>&1; then echo "$name=yes"; else echo "$name=no"; fi; }
tried vxlan ip link add probe0 type vxlan id 1 dstport 4789
tried ipip ip link add probe1 type ipip local 127.0.0.2 remote 127.0.0.3
tried wireguard ip link add probe2 type wireguard
tried ipset ipset create probe hash:ip
tried matches sh -c 'iptables -w -t raw -A PREROUTING -m rpfilter --invert -j DROP && iptables -w -t raw -A PREROUTING -m set --match-set probe src -j DROP'
tried ipv6 sh -c 'test -e /proc/net/if_inet6 && ip6tables -w -t mangle -S'
echo "available=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo)"
echo "instances=$(cat /proc/sys/fs/inotify/max_user_instances)"
echo "watches=$(cat /proc/sys/fs/inotify/max_user_watches)"
echo "free=$(df --output=avail --block-size=1 / | tail -n 1 | tr -d ' ')"
echo "clock=$(date +%s%3N)"
echo "init=$(cat /proc/1/comm)"
`;

const KIBIBYTE = 1024;

/** Seconds for all of it. */
const PATIENCE = 20;

/** @param name unique among containers */
export async function probe(
  docker: Docker,
  { image, name, signal }: { readonly image: string; readonly name: string; readonly signal: AbortSignal },
): Promise<Result<ProbeReport, LabError>> {
  const started = await docker.containers.run(
    {
      name,
      image,
      labels: { [LABELS.role]: 'probe' },
      command: ['sleep', String(2 * PATIENCE)],
      network: 'none',
      capabilities: ['NET_ADMIN', 'NET_RAW'],
      transient: true,
      plainInit: true,
    },
    signal,
  );
  if (!started.ok) return started;
  try {
    const ran = await docker.containers.exec(name, ['sh', '-c', SCRIPT], { signal, seconds: PATIENCE });
    return ran.ok ? ok(parseProbe(ran.value.stdout)) : ran;
  } finally {
    await docker.containers.remove(name, new AbortController().signal);
  }
}

export function parseProbe(text: string): ProbeReport {
  const said = new Map(
    text.split('\n').flatMap((line) => {
      const at = line.indexOf('=');
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : [];
    }),
  );
  const yes = (name: string): boolean => said.get(name) === 'yes';
  const number = (name: string): number => Number(said.get(name) ?? Number.NaN);
  return {
    features: {
      vxlan: yes('vxlan'),
      ipip: yes('ipip'),
      wireguard: yes('wireguard'),
      ipset: yes('ipset'),
      ipv6: yes('ipv6'),
    },
    matches: yes('matches'),
    inotifyInstances: number('instances'),
    inotifyWatches: number('watches'),
    free: number('free'),
    available: number('available') * KIBIBYTE,
    clock: number('clock'),
    init: said.get('init') ?? '',
  };
}
