/**
 * Failures of a Docker Engine as values: one table from what a socket, an HTTP answer or a stream says to a code, a sentence
 * and a remedy. The words are moby's (API 1.41 to 1.51) and those of the registries behind it; who reads `code` need not
 * know them. The first row that fits is taken, so the narrow ones stand first.
 */
import type { LabError } from '../../../lab/ports.ts';

/** What went wrong between us and an engine, not yet put into words. */
export interface DockerFault {
  /** Of the socket or of TLS: `ENOENT`, `ECONNRESET`, ...; `TIMEOUT` when we waited too long. */
  readonly system?: string;
  /** HTTP status. */
  readonly status?: number;
  /** The engine's own words, or the system's. */
  readonly says: string;
}

export interface FaultContext {
  /** Where the engine is, as DOCKER_HOST spells it. */
  readonly host: string;
  readonly platform: NodeJS.Platform;
  /** What was asked for: a container's, network's or volume's name, an image's reference. */
  readonly subject?: string;
  /** An image was to be fetched from a registry: words about a network are about the registry's. */
  readonly pulling?: boolean;
}

export const INTERRUPTED: LabError = {
  code: 'interrupted',
  message: 'The question was given up before the Docker Engine answered.',
  remedy: 'Try again.',
};

/** The fault of anything that was thrown or came as an error: dockerode's errors, Node's, or text. */
export function faultOf(cause: unknown): DockerFault {
  if (typeof cause === 'string') return { says: cause.trim() };
  const { code, statusCode, json, message } = cause as {
    readonly code?: unknown;
    readonly statusCode?: unknown;
    readonly json?: { readonly message?: unknown } | null;
    readonly message?: unknown;
  };
  const told = typeof json?.message === 'string' ? json.message : undefined;
  const raw = typeof message === 'string' ? message : String(cause);
  return {
    ...(typeof code === 'string' && { system: code }),
    ...(typeof statusCode === 'number' && { status: statusCode }),
    says: (told ?? raw.replace(/^\(HTTP code \d+\) [^-]*- /, '')).trim(),
  };
}

export function dockerError(fault: DockerFault, context: FaultContext): LabError {
  const row = ROWS.find(({ when }) => fits(when, fault, context)) ?? REFUSED;
  const { code, message, remedy } = row;
  return { code, message: told(message, fault, context), remedy: told(remedy, fault, context) };
}

type Words = string | ((fault: DockerFault, context: FaultContext) => string);
type Condition = RegExp | ((fault: DockerFault, context: FaultContext) => boolean);

interface Row {
  readonly code: string;
  readonly when: Condition;
  readonly message: Words;
  readonly remedy: Words;
}

const told = (words: Words, fault: DockerFault, context: FaultContext): string =>
  typeof words === 'string' ? words : words(fault, context);

/** A pattern alone is about the words. */
const fits = (when: Condition, fault: DockerFault, context: FaultContext): boolean =>
  when instanceof RegExp ? when.test(fault.says) : when(fault, context);

function ofSocket(code: RegExp): Condition {
  return ({ system = '' }) => code.test(system);
}

function notFound(words: RegExp): Condition {
  return ({ status, says }) => status === 404 && words.test(says);
}

function ofPull(words?: RegExp): Condition {
  return ({ says }, { pulling = false }) => pulling && (words?.test(says) ?? true);
}

function ofNoPull(words: RegExp): Condition {
  return ({ says }, { pulling = false }) => !pulling && words.test(says);
}

/** The engine's words as one sentence. */
const words = ({ says }: DockerFault): string => `${says.replace(/\s+/g, ' ').replace(/[.:\s]+$/, '')}.`;

const subject = (_: DockerFault, context: FaultContext): string => context.subject ?? 'it';

/** How an engine is started, by platform. */
export const startRemedy = (platform: NodeJS.Platform): string => START[platform] ?? START_LINUX;

const START_LINUX = 'Start it (`sudo systemctl start docker`), or install Docker Engine.';
const START: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin:
    'Start Docker Desktop, Colima (`colima start`), Rancher Desktop or OrbStack, or install one of them.',
  win32:
    'Start Docker Desktop or Rancher Desktop (one inside a WSL distribution alone is out of reach), or install one of them.',
};

const OF_THE_SOCKET: readonly Row[] = [
  { ...INTERRUPTED, when: ofSocket(/^ABORT_ERR$/) },
  {
    code: 'docker-timeout',
    when: ofSocket(/^(TIMEOUT|ETIMEDOUT)$/),
    message: (_, { host }) => `The Docker Engine at ${host} takes too long to answer.`,
    remedy: 'Wait until it is less busy, or restart it; then try again.',
  },
  {
    code: 'docker-forbidden',
    when: ofSocket(/^(EACCES|EPERM)$/),
    message: (_, { host }) => `Docker is there, but ${host} may not be opened by this user.`,
    remedy: 'Add yourself to the group docker and log in again; do not run Underlay as root.',
  },
  {
    code: 'docker-tls',
    when: ofSocket(/^(CERT_|ERR_TLS|ERR_SSL|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO)/),
    message: (fault, { host }) => `The Docker Engine at ${host} could not be trusted: ${words(fault)}`,
    remedy: 'Look at the certificates of that context (DOCKER_CERT_PATH): ca.pem, cert.pem and key.pem.',
  },
  {
    code: 'docker-gone',
    when: ofSocket(/^(ENOENT|ECONN|EPIPE|EHOST|ENET|ENOTFOUND|EAI_|ERR_STREAM)/),
    message: (_, { host }) => `The Docker Engine at ${host} went away.`,
    remedy: (_, { platform }) => startRemedy(platform).replace(/, or install .*$/, '.'),
  },
  {
    code: 'docker-gone',
    when: /^(socket hang up|aborted|Premature close|other side closed)$/i,
    message: (_, { host }) => `The Docker Engine at ${host} went away.`,
    remedy: (_, { platform }) => startRemedy(platform).replace(/, or install .*$/, '.'),
  },
];

const OF_THE_MACHINE: readonly Row[] = [
  {
    code: 'inotify-exhausted',
    when: /inotify|fsnotify|too many open files/i,
    message: (fault) => `The machine of the Docker Engine has no inotify watches left: ${words(fault)}`,
    remedy: 'Allow more: `sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288`.',
  },
  {
    code: 'docker-no-space',
    when: /no space left on device|disk quota exceeded|not enough space|ENOSPC/i,
    message: 'The disk of the Docker Engine is full.',
    remedy:
      'Free some: `docker system df` shows what takes it, `docker system prune` removes what is unused.',
  },
  {
    code: 'docker-no-memory',
    when: /cannot allocate memory|out of memory/i,
    message: 'The machine of the Docker Engine has no memory left.',
    remedy: 'Stop other containers, or give the engine more memory in its settings.',
  },
  {
    code: 'docker-too-new',
    when: /client version \S+ is too old/i,
    message: (fault) => `The Docker Engine no longer speaks with Underlay: ${words(fault)}`,
    remedy: 'Install a newer Underlay.',
  },
  {
    code: 'docker-too-old',
    when: /client version \S+ is too new|minimum supported .*API|requires API version|API version .* is not supported/i,
    message: (fault) => `The Docker Engine is too old for Underlay: ${words(fault)}`,
    remedy: 'Install Docker Engine 20.10 or newer.',
  },
];

const OF_NAMES: readonly Row[] = [
  {
    code: 'no-such-container',
    when: /no such container|no such exec|no container with name or id/i,
    message: (fault, context) => `There is no container ${subject(fault, context)}.`,
    remedy: 'It was removed by something else; start the lab over.',
  },
  {
    code: 'no-such-file',
    when: /could not find the file/i,
    message: (fault, context) => `There is no file ${subject(fault, context)}.`,
    remedy: 'Look at the name with ls.',
  },
  {
    code: 'no-such-network',
    when: notFound(/network \S+ not found|no such network/i),
    message: (fault, context) => `There is no network ${subject(fault, context)}.`,
    remedy: 'It was removed by something else; start the lab over.',
  },
  {
    code: 'no-such-volume',
    when: /no such volume/i,
    message: (fault, context) => `There is no volume ${subject(fault, context)}.`,
    remedy: 'Nothing is to be done: it is gone already.',
  },
  {
    code: 'name-taken',
    when: /is already in use by container|already exists|name .* is in use/i,
    message: (fault, context) => `The name ${subject(fault, context)} is taken on this Docker Engine.`,
    remedy: 'Remove what has it, or start the lab over: it gets another name.',
  },
  {
    code: 'container-stopped',
    when: /is not running|container .* (is )?(stopped|has stopped)|cannot exec in a (stopped|restarting)/i,
    message: (fault, context) => `The container ${subject(fault, context)} does not run.`,
    remedy: 'Start it again, or reset the lab.',
  },
  {
    code: 'container-paused',
    when: /is paused/i,
    message: (fault, context) => `The container ${subject(fault, context)} is paused.`,
    remedy: 'Go on with it: `docker unpause`, with its name.',
  },
  {
    code: 'in-use',
    when: /has active endpoints|volume is in use|image is (being used|referenced)|must force\)?/i,
    message: (fault, context) => `${subject(fault, context)} is in use: ${words(fault)}`,
    remedy: 'Remove what uses it first.',
  },
];

const OF_NETWORKS: readonly Row[] = [
  {
    code: 'port-taken',
    when: /port is already allocated|ports are not available|bind: address already in use|failed to bind (host )?port/i,
    message: (fault) => `A port of this machine is taken: ${words(fault)}`,
    remedy: 'Stop what listens there; another lab, or another program.',
  },
  {
    code: 'subnet-taken',
    when: /pool overlaps|overlaps with (other|existing)|networks have overlapping|conflicts with (network|existing)/i,
    message: (fault, context) => `The subnet of ${subject(fault, context)} is used by another network.`,
    remedy: 'Remove networks that nobody uses (`docker network prune`), or leave the VPN that has it.',
  },
  {
    code: 'address-pool-exhausted',
    when: /non-overlapping IPv4 address pool|address pools have been (fully )?subnetted|no available network/i,
    message: 'The Docker Engine has no subnet left for another network.',
    remedy: 'Remove networks that nobody uses: `docker network prune`.',
  },
  {
    code: 'address-taken',
    when: ofNoPull(/address already in use/i),
    message: (fault) => `An address on the network is taken: ${words(fault)}`,
    remedy: 'Remove the container that has it, or start the lab over.',
  },
  {
    code: 'ipv6-unavailable',
    when: /ipv6/i,
    message: (fault) => `This Docker Engine has no IPv6: ${words(fault)}`,
    remedy: 'Labs without IPv6 work; IPv6 needs a kernel with ip6tables on the machine of the engine.',
  },
];

const OF_REGISTRIES: readonly Row[] = [
  {
    code: 'rate-limited',
    when: /toomanyrequests|too many requests|rate limit/i,
    message: (fault, context) => `The registry gives no more of ${subject(fault, context)} for now.`,
    remedy: 'Log in (`docker login`), or wait some hours; an offline bundle needs no registry.',
  },
  {
    code: 'unknown-registry',
    when: ofPull(/no such host|server misbehaving|name or service not known|name resolution/i),
    message: (fault, context) => `The registry of ${subject(fault, context)} is not found: ${words(fault)}`,
    remedy: 'Connect this machine to the network (and look at its DNS), or load an offline bundle.',
  },
  {
    code: 'registry-untrusted',
    when: /x509|certificate signed by unknown|tls: /i,
    message: (fault, context) => `The registry of ${subject(fault, context)} is not trusted: ${words(fault)}`,
    remedy: "Install your network's CA certificate for the Docker Engine, or load an offline bundle.",
  },
  {
    code: 'no-such-image',
    when: /no such image|manifest unknown|manifest for .* not found|no matching manifest|reference does not exist/i,
    message: (fault, context) => `There is no image ${subject(fault, context)}: ${words(fault)}`,
    remedy: 'Pull it, or load an offline bundle.',
  },
  {
    code: 'image-denied',
    when: /pull access denied|unauthorized|authentication required|access .* denied|denied: /i,
    message: (fault, context) => `The registry does not give ${subject(fault, context)} to this account.`,
    remedy: 'Log in to it: `docker login`, with the name of the registry.',
  },
  {
    code: 'pull-failed',
    when: ofPull(),
    message: (fault, context) => `${subject(fault, context)} could not be pulled: ${words(fault)}`,
    remedy: 'Look at the network and the proxy of the Docker Engine, or load an offline bundle.',
  },
];

const OF_THE_RUNTIME: readonly Row[] = [
  {
    code: 'cgroup-unusable',
    when: /error adding pid \d+ to cgroups|cgroups: cannot find cgroup mount destination|no such cgroup/i,
    message: (fault) =>
      `The machine of the Docker Engine cannot give containers their control groups: ${words(fault)}`,
    remedy: 'With WSL 2, run `wsl --update` and restart Docker; else boot it with cgroup v2.',
  },
  {
    code: 'kernel-too-old',
    when: /does not support cgroup namespaces/i,
    message: (fault) => `The kernel of the Docker Engine is too old for nodes: ${words(fault)}`,
    remedy: 'Use an engine on Linux 4.6 or newer; 5.8 or newer is better.',
  },
  {
    code: 'not-permitted',
    when: /operation not permitted|apply caps|unable to apply (caps|apparmor)|permission denied|cgroup/i,
    message: (fault) => `The Docker Engine may not do what a lab needs: ${words(fault)}`,
    remedy: 'Use an engine that runs privileged containers: not a nested one, and not a restricted account.',
  },
];

const REFUSED: Row = {
  code: 'docker-refused',
  when: /./,
  message: (fault, context) =>
    `The Docker Engine refused${context.subject === undefined ? '' : ` (${context.subject})`}: ${words(fault)}`,
  remedy: 'Run `underlay doctor`, which looks for the cause on this machine.',
};

const ROWS: readonly Row[] = [
  ...OF_THE_SOCKET,
  ...OF_THE_MACHINE,
  ...OF_NAMES,
  ...OF_NETWORKS,
  ...OF_REGISTRIES,
  ...OF_THE_RUNTIME,
];
