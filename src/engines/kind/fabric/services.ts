/** What runs at a place and what its files say: names of machines, BIRD, the outside host's services, packet filters. */
import { sysctlDevice, type Observed } from './observed.ts';
import type { PlacePlan } from './plan.ts';

type Command = readonly string[];

const BIRD_FILE = '/etc/bird/bird.conf';

export function serviceCommands(plan: PlacePlan, seen: Observed): readonly Command[] {
  if (plan.kind === 'node')
    return [...settingsCommands(plan, seen), ...nameCommands(plan, seen), ...addedNames(plan, seen)];
  return [
    ...filterCommands(seen),
    ...fileCommand('/etc/hosts', ['127.0.0.1\tlocalhost', ...plan.hosts], seen.hosts),
    // Nobody here resolves names: a program that asks is told so at once.
    ...(seen.resolver === '' ? [] : [written('/etc/resolv.conf', [])]),
    ...birdCommands(plan, seen),
    ...(plan.answers && !seen.processes.has('answer') ? [['/usr/local/lib/underlay/answer', plan.name]] : []),
  ];
}

/** In the node's own files, which its sidecar sees below its init system's root. */
const SETTINGS_FOLDER = '/proc/1/root/etc/sysctl.d';
const SETTINGS_FILE = `${SETTINGS_FOLDER}/99-underlay.conf`;

/**
 * systemd-sysctl sets kind's values whenever a node starts, and may come to it after the fabric was laid: of files in
 * sysctl.d the last by name wins (sysctl.d(5)), and this is ours. Devices are left out: at that time `eth0` is Docker's.
 */
function settingsCommands({ sysctls }: PlacePlan, { settings }: Observed): readonly Command[] {
  const lines = Object.entries(sysctls).flatMap(([key, value]) =>
    sysctlDevice(key) === undefined ? [`${key}=${value}`] : [],
  );
  const command = fileCommand(SETTINGS_FILE, ["# Underlay: what this node's lab needs", ...lines], settings);
  return command.length === 0 ? [] : [['mkdir', '-p', SETTINGS_FOLDER], ...command];
}

/** A node's sidecar has a name of its own, so that the prompt says where one is; kubelet's is left alone. */
const nameCommands = ({ name }: PlacePlan, { hostname }: Observed): readonly Command[] =>
  hostname === name ? [] : [['hostname', name]];

/** Docker and kind have lines of their own in a node's hosts file. */
function addedNames({ hosts }: PlacePlan, seen: Observed): readonly Command[] {
  const missing = hosts.filter((line) => !seen.hosts.includes(line));
  return missing.length === 0
    ? []
    : [['bash', '-c', 'printf "%s\\n" "$@" >> "$0"', '/etc/hosts', ...missing]];
}

const fileCommand = (path: string, lines: readonly string[], there: readonly string[]): readonly Command[] =>
  lines.join('\n') === there.join('\n') ? [] : [written(path, lines)];

/** In place: Docker mounts some of these files, and one that is mounted cannot be replaced. */
const written = (path: string, lines: readonly string[]): Command =>
  lines.length === 0
    ? ['truncate', '--size=0', path]
    : ['bash', '-c', 'printf "%s\\n" "$@" > "$0"', path, ...lines];

/** Also those that Docker has for its own name server, which is not asked here. */
const filterCommands = ({ filtered, sets }: Observed): readonly Command[] => [
  ...(filtered ? [['nft', 'flush', 'ruleset']] : []),
  ...(sets.length > 0 ? [['ipset', 'destroy']] : []),
];

function birdCommands({ bird }: PlacePlan, seen: Observed): readonly Command[] {
  const runs = seen.processes.has('bird');
  if (bird === undefined) return runs ? [['killall', 'bird']] : [];
  const wrong = seen.bird !== bird.trim();
  return [
    ...(wrong ? [written(BIRD_FILE, bird.trim().split('\n'))] : []),
    ...(runs ? (wrong ? [['birdc', 'configure']] : []) : [['bird']]),
    ...(runs && seen.disabled.length > 0 ? [['birdc', 'enable', 'all']] : []),
  ];
}
