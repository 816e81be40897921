/**
 * The programs of a place as files: by name, or by a path in one of the directories that Debian has merged (/bin is
 * /usr/bin, and root's programs are found under both). Also what a real machine has and this one does not, so that nobody
 * takes a gap of the simulator for a fact about the machine.
 */
import type { Place } from '../../../model/place.ts';
import type { Host } from './scope.ts';

/** Builtins that exist as files too. */
const BOTH = new Set(['echo', 'printf', 'test', '[', 'true', 'false', 'pwd']);

const DIRECTORY = /^(\/usr)?\/s?bin\//;

/** True for a command, and for a builtin that is a program of its own on a real machine. */
export function isProgram(host: Host, name: string): boolean {
  return host.command(name) !== undefined || host.builtins.get(name)?.external === true || BOTH.has(name);
}

/** The name of the program that an absolute path leads to. */
export function programAt(host: Host, path: string): string | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (!isProgram(host, name)) return undefined;
  const file = host.pathOf(name);
  const merged = DIRECTORY.exec(path)?.[0].length === path.length - name.length && DIRECTORY.test(file);
  return path === file || merged ? name : undefined;
}

interface Gap {
  readonly places: readonly Place['kind'][];
  readonly instead: string;
}

const MACHINES: Gap['places'] = ['node', 'router', 'host'];

/** What a learner expects here, with what to use instead. Programs of kindest/node, and of an engineer's own machine. */
const GAPS: ReadonlyMap<string, Gap> = new Map([
  ['nft', { places: MACHINES, instead: 'iptables-save shows the same rules' }],
  ['sysctl', { places: MACHINES, instead: 'kernel settings are fixed' }],
  ['ps', { places: MACHINES, instead: 'kubectl get pods -o wide shows what runs where' }],
  ['crictl', { places: ['node'], instead: 'kubectl get pods -o wide shows what runs where' }],
  ['journalctl', { places: ['node'], instead: 'kubectl describe and kubectl get events tell what happened' }],
  ['systemctl', { places: ['node'], instead: 'nothing here is started or stopped by hand' }],
  ['ssh', { places: ['workstation'], instead: 'open a terminal at the node' }],
  ['docker', { places: ['workstation'], instead: 'open a terminal at the node' }],
  ['sudo', { places: ['workstation'], instead: 'nothing here needs it' }],
  ['helm', { places: ['workstation'], instead: 'use kubectl apply -f FILE' }],
]);

/** Parts of bash that this shell lacks. */
const MISSING_BUILTINS: ReadonlyMap<string, string> = new Map([
  ...['jobs', 'fg', 'bg', 'kill', 'wait', 'disown'].map(
    (name) => [name, 'there are no background jobs'] as const,
  ),
  ['trap', 'signals end a script at once'],
]);

/** Why a word is no command here; `command not found` where a real machine says so too. */
export function absenceOf({ place }: Host, name: string): string {
  const builtin = MISSING_BUILTINS.get(name);
  if (builtin !== undefined) return `${name}: not available in this shell: ${builtin}`;
  const gap = GAPS.get(name);
  return gap?.places.includes(place.kind) === true
    ? `${name}: not simulated in this lab: ${gap.instead}`
    : `${name}: command not found`;
}
