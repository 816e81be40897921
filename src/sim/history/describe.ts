/** What a transaction was, in a line for people: the request, the change of a stack, the packets, or how time passed. */
import { formatIp, formatIpCidr } from '../../model/ip-family.ts';
import { formatPlace } from '../../model/place.ts';
import type { Effects, Transaction, TransactionOf } from '../apply.ts';
import { Table } from '../core/table.ts';
import type { KubeObject } from '../kube/object.ts';
import { printRule } from '../net/netfilter-print.ts';
import type { Netfilter6Edit, NetfilterEdit } from '../net/edit-netfilter.ts';
import type { NetnsEdit } from '../net/edit.ts';
import type { LinkChange } from '../net/link-change.ts';
import type { World } from '../stacks.ts';
import type { LogEntry } from './event-log.ts';

/** `PATCH /api/v1/namespaces/default/pods/web`, `delete-route 10.244.0.0/26`, `http 10.244.0.5:80` */
export function describeTransaction(transaction: Transaction): string {
  const describe = DESCRIPTIONS[transaction.kind] as (transaction: Transaction) => string;
  return describe(transaction);
}

const DESCRIPTIONS: { readonly [K in keyof Effects]: (transaction: TransactionOf<K>) => string } = {
  advance: () => 'time passes',
  request: ({ request: { method, path } }) => `${method} ${path}`,
  edit: ({ netns, edit }) => `${netns}: ${editText(edit)}`,
  links: ({ netns, change }) => `${netns}: ${linkText(change)}`,
  machine: ({ machine, change }) => `${machine}: ${wordsOf(change)}`,
  fault: ({ name, seed }) => `fault ${name} ${seed}`,
  heal: ({ name }) => `heal ${name}`,
  echo: ({ request: { from, to } }) => `${from}: echo ${formatIp(to)}`,
  'udp-probe': ({ request: { from, to, destinationPort } }) =>
    `${from}: udp ${formatIp(to)}:${destinationPort}`,
  http: ({ request: { from, to, port, method, path } }) =>
    `${from}: http ${method} ${formatIp(to)}:${port}${path}`,
  tcp: ({ request: { from, to, port } }) => `${from}: tcp ${formatIp(to)}:${port}`,
};

/** The kind of the change, and what of the stack it was about. */
function editText(edit: NetnsEdit): string {
  const about = subjectOf(edit);
  return about === '' ? edit.kind : `${edit.kind} ${about}`;
}

function subjectOf(edit: NetnsEdit): string {
  switch (edit.kind) {
    case 'add-route':
      return formatIpCidr(edit.route.prefix);
    case 'delete-route':
      return formatIpCidr(edit.prefix);
    case 'add-neighbour':
    case 'learn-neighbour':
      return formatIp(edit.neighbour.address);
    case 'delete-neighbour':
    case 'proxy-neighbour':
      return formatIp(edit.address);
    case 'add-address':
    case 'delete-address':
      return `${formatIp(edit.address.address)}/${edit.address.length} dev ${edit.device}`;
    case 'add-device':
      return edit.added.name;
    case 'netfilter':
      return netfilterText(edit);
    default:
      return otherSubject(edit);
  }
}

function otherSubject(edit: NetnsEdit): string {
  switch (edit.kind) {
    case 'add-fdb':
      return `${edit.entry.mac} dev ${edit.entry.device}`;
    case 'delete-fdb':
      return `${edit.mac} dev ${edit.device}`;
    case 'set-link':
    case 'remove-device':
      return edit.device;
    case 'set-sysctl':
      return `${edit.key}=${edit.value}`;
    case 'add-namespace':
    case 'remove-namespace':
      return edit.name;
    case 'ipset':
      return `${edit.change.op} ${edit.set}`;
    case 'zero-counters':
      return `${edit.family === 6 ? 'ipv6 ' : ''}${edit.table}`;
    case 'open-socket':
    case 'close-socket':
      return `${edit.listener.protocol}/${edit.listener.port}`;
    default:
      return '';
  }
}

function netfilterText({ family, table, change }: NetfilterEdit | Netfilter6Edit): string {
  const chain = 'chain' in change ? (change.chain ?? '') : '';
  const about = `${family === 6 ? 'ipv6 ' : ''}${table} ${change.op}`;
  if ('rule' in change) return `${about} ${printRule(chain, change.rule, family)}`;
  return `${about} ${chain}`.trimEnd();
}

function linkText(change: LinkChange): string {
  switch (change.kind) {
    case 'create':
      return `create ${change.device.name}`;
    case 'delete-namespace':
      return `delete-namespace ${change.name}`;
    default:
      return `${change.kind} ${change.device}`;
  }
}

/** The members of a small change, one after the other. */
const wordsOf = (change: object): string =>
  Object.values(change)
    .filter((word) => typeof word !== 'object')
    .join(' ');

/** Who did it: `workstation`, the program that asked from outside of the lab, or nobody. */
export function whoOf({ by, transactions: [transaction] }: LogEntry): string | undefined {
  if (by) return formatPlace(by.place);
  if (transaction?.kind !== 'request') return undefined;
  return transaction.request.userAgent ?? 'a client';
}

const BARE_WORD = /^[\w@%+=:,./-]+$/;

/** The words as a shell would take them again. */
export function commandLine(argv: readonly string[]): string {
  return argv
    .map((word) => (BARE_WORD.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`))
    .join(' ');
}

/** So many objects are named when time has passed. */
const NAMED = 3;

/** What happened while time passed: the objects that came, changed and went. `before` is undefined when it is forgotten. */
export function describePassing(before: World | undefined, after: World): string {
  const told = before ? objectChanges(before, after) : [];
  if (told.length === 0) return 'time passes';
  const more = told.length > NAMED ? ` and ${told.length - NAMED} more` : '';
  return `time passes: ${told.slice(0, NAMED).join(', ')}${more}`;
}

/** `pods/default/web added` */
function objectChanges(before: World, after: World): readonly string[] {
  const { store } = after.cluster;
  const resources = store.resources.filter((resource) => !QUIET.has(resource));
  return resources.flatMap((resource) => {
    const old = before.cluster.store.table(resource) ?? Table.empty<KubeObject>();
    const differences = store.table(resource)?.differences(old) ?? [];
    return differences.map(({ key, before: was, after: is }) => {
      const verb = was ? (is ? 'changed' : 'removed') : 'added';
      return `${resource}/${key.replace(/^\//, '')} ${verb}`;
    });
  });
}

/** What controllers write all the time. */
const QUIET: ReadonlySet<string> = new Set(['events', 'leases', 'leases.coordination.k8s.io']);
