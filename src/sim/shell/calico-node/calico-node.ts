/**
 * `calico-node` in the container of that name: the checks that the kubelet makes with it, as anybody may make them by hand.
 * Flags as Go's flag package reads them. Source: node/cmd/calico-node/main.go, Calico v3.32.1. Left out: every flag that
 * starts one of the node's programs, which run already, and what prints the node's state and flows.
 */
import type { Command, CommandIo } from '../command.ts';
import { isCalicoNode } from './image.ts';

const CHECKS = ['bird-live', 'bird-ready', 'bird6-live', 'bird6-ready', 'felix-live', 'felix-ready'];
const REFUSED = [
  ...['allocate-tunnel-addrs', 'allocate-tunnel-addrs-run-once', 'best-effort', 'bpf', 'complete-startup'],
  ...['confd', 'confd-confdir', 'confd-keep-stage-file', 'confd-run-once', 'felix', 'flows'],
  ...['hostpath-init', 'init', 'monitor-addresses', 'monitor-token', 'node-services', 'show-status'],
  ...['shutdown', 'startup', 'status-reporter', 'threshold-time', 'v'],
];

export const calicoNode: Command = {
  name: 'calico-node',
  summary: 'check whether Felix and BIRD are alive and ready',
  places: ['pod'],
  within: isCalicoNode,
  run,
  complete: () => CHECKS.map((check) => `-${check}`),
};

async function run(io: CommandIo): Promise<number> {
  const asked: string[] = [];
  for (const word of io.args) {
    // Go stops at the first word that is no flag.
    if (!/^--?[^-]/.test(word)) break;
    const flag = word.replace(/^--?/, '').replace(/=true$/, '');
    if (CHECKS.includes(flag)) asked.push(flag);
    else return complain(io, flag);
  }
  if (asked.length === 0) {
    await io.stdout.write(`No valid options provided. Usage:\n${USAGE}`);
    return 1;
  }
  const { place } = io;
  const outcome = place.kind === 'pod' ? io.agents.health(place, ['calico-node', ...asked]) : undefined;
  if (!outcome) return 1;
  await io.stdout.write(outcome.said);
  return outcome.ok ? 0 : 1;
}

/** The checks alone: in other words than the program's own. */
const USAGE = CHECKS.map((check) => `  -${check}\n`).join('');

async function complain(io: CommandIo, flag: string): Promise<number> {
  const name = flag.split('=')[0] ?? '';
  if (name === 'h' || name === 'help') {
    await io.stderr.write(`Usage of Calico:\n${USAGE}`);
    await io.stdout.write('flag: help requested\n');
    return 1;
  }
  const isKnown = CHECKS.includes(name) || REFUSED.includes(name);
  await (isKnown
    ? io.stderr.write(
        `calico-node: -${flag} is not simulated: the checks (-felix-ready, -bird-ready, …) are; what it starts runs already\n`,
      )
    : io.stdout.write(`flag provided but not defined: -${name}\n`));
  return 1;
}
