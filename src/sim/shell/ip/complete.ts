/** Words that may follow on an `ip` line: objects, verbs, device names and the keywords of routes and neighbours. */
import type { CompletionIo } from '../command.ts';
import { hereOf } from '../network/here.ts';
import { abbreviates } from '../network/keywords.ts';
import { namespacesOf } from './netns.ts';
import { IP_OPTION_WORDS } from './options.ts';

const OBJECTS = ['address', 'link', 'neighbour', 'netns', 'route', 'rule', 'help'];

const VERBS: Readonly<Record<string, readonly string[]>> = {
  address: ['add', 'change', 'del', 'flush', 'replace', 'show', 'help'],
  link: ['add', 'delete', 'set', 'show', 'help'],
  neighbour: ['add', 'change', 'del', 'flush', 'get', 'replace', 'show', 'help'],
  netns: ['add', 'delete', 'exec', 'identify', 'list', 'help'],
  route: ['add', 'append', 'change', 'del', 'flush', 'get', 'replace', 'show', 'help'],
  rule: ['show'],
};

const WORDS: Readonly<Record<string, readonly string[]>> = {
  address: ['dev', 'scope', 'up'],
  link: [
    'dev',
    'up',
    'down',
    'mtu',
    'address',
    'name',
    'arp',
    'master',
    'nomaster',
    'netns',
    'type',
    'peer',
    'bridge',
    'dummy',
    'veth',
    'vxlan',
  ],
  neighbour: ['dev', 'lladdr', 'nud', 'permanent', 'proxy', 'to'],
  netns: [],
  route: [
    'default',
    'via',
    'dev',
    'proto',
    'scope',
    'src',
    'metric',
    'mtu',
    'onlink',
    'nexthop',
    'blackhole',
    'table',
    'from',
    'iif',
  ],
  rule: [],
};

export function completeIp(words: readonly string[], io: CompletionIo): readonly string[] {
  const before = words.slice(0, -1);
  const plain = before.filter((word) => !word.startsWith('-'));
  const [objectWord, verb] = plain;
  if (objectWord === undefined) return [...IP_OPTION_WORDS, ...OBJECTS];
  const object =
    OBJECTS.find((name) => abbreviates(objectWord, name) || objectWord.startsWith('neigh')) ?? '';
  if (verb === undefined) return VERBS[object] ?? [];
  if (object === 'netns' || before.at(-1) === 'netns') return namesOf(io);
  if (DEVICE_KEYWORDS.has(before.at(-1) ?? '')) return deviceNames(io);
  return [...(WORDS[object] ?? []), ...(object === 'link' || object === 'address' ? deviceNames(io) : [])];
}

const DEVICE_KEYWORDS = new Set(['dev', 'iif', 'oif', 'master']);

function namesOf(io: CompletionIo): readonly string[] {
  const here = hereOf(io);
  return here ? namespacesOf(io, here.id).map(({ name }) => name) : [];
}

export function deviceNames(io: CompletionIo): readonly string[] {
  return hereOf(io)?.netns.devices.map(({ name }) => name) ?? [];
}
