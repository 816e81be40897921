/** What a change of netfilter rules by hand must look like to be taken back from a snapshot. */
import type { IpsetChange, IpsetEdit } from './net/edit-ipset.ts';
import type { NetfilterChange, NetfilterEdit } from './net/edit-netfilter.ts';
import {
  SET_DIRECTIONS,
  type CtState,
  type IpPort,
  type Match,
  type PortRange,
  type Rule,
  type Target,
} from './net/netfilter-rules.ts';
import {
  flag,
  list,
  number,
  object,
  oneOf,
  optional,
  spelt,
  text,
  union,
  unsigned,
} from './snapshot-shape.ts';
import type { Shape } from './snapshot-shape.ts';
import type { Cidr, Ipv4 } from '../model/ip.ts';

const address = unsigned<Ipv4>(32);
const port = unsigned(16);
const bits = unsigned(32);
const at: Shape<number> = (value): value is number => Number.isSafeInteger(value) && Number(value) >= 1;
const length: Shape<number> = (value): value is number => unsigned(8)(value) && value <= 32;
const cidr = object<Cidr>({ base: address, length });
const chainName = spelt<string>(/^[^\s]{1,28}$/);

type MatchOf<K extends Match['kind']> = Extract<Match, { readonly kind: K }>;
type TargetOf<K extends Target['kind']> = Extract<Target, { readonly kind: K }>;

const not = optional(flag);
const portRange = object<PortRange>({ first: port, last: port });
const ctState = oneOf<CtState>('NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED', 'SNAT', 'DNAT');

const match = union<Match>({
  source: object<MatchOf<'source'>>({ kind: oneOf('source'), cidr, not }),
  destination: object<MatchOf<'destination'>>({ kind: oneOf('destination'), cidr, not }),
  'in-interface': object<MatchOf<'in-interface'>>({ kind: oneOf('in-interface'), name: text, not }),
  'out-interface': object<MatchOf<'out-interface'>>({ kind: oneOf('out-interface'), name: text, not }),
  protocol: object<MatchOf<'protocol'>>({
    kind: oneOf('protocol'),
    protocol: unsigned(8),
    module: optional(flag),
    not,
  }),
  'destination-port': object<MatchOf<'destination-port'>>({
    kind: oneOf('destination-port'),
    port,
    last: optional(port),
    not,
  }),
  'source-port': object<MatchOf<'source-port'>>({
    kind: oneOf('source-port'),
    port,
    last: optional(port),
    not,
  }),
  ports: object<MatchOf<'ports'>>({
    kind: oneOf('ports'),
    side: oneOf('source', 'destination', 'either'),
    ranges: list(portRange),
    not,
  }),
  'icmp-type': object<MatchOf<'icmp-type'>>({
    kind: oneOf('icmp-type'),
    type: unsigned(8),
    code: optional(unsigned(8)),
    not,
  }),
  ipset: object<MatchOf<'ipset'>>({
    kind: oneOf('ipset'),
    set: text,
    direction: oneOf(...SET_DIRECTIONS),
    not,
  }),
  addrtype: object<MatchOf<'addrtype'>>({
    kind: oneOf('addrtype'),
    side: oneOf('src', 'dst'),
    type: oneOf('LOCAL'),
    not,
    limitIfaceOut: optional(flag),
  }),
  mark: object<MatchOf<'mark'>>({ kind: oneOf('mark'), value: bits, mask: bits, not }),
  ctstate: object<MatchOf<'ctstate'>>({ kind: oneOf('ctstate'), states: list(ctState), not }),
  rpfilter: object<MatchOf<'rpfilter'>>({ kind: oneOf('rpfilter'), not }),
  probability: object<MatchOf<'probability'>>({ kind: oneOf('probability'), probability: number }),
  recent: object<MatchOf<'recent'>>({
    kind: oneOf('recent'),
    list: text,
    check: oneOf('set', 'rcheck'),
    seconds: optional(bits),
    reap: optional(flag),
    not,
  }),
});

const target = union<Target>({
  none: object<TargetOf<'none'>>({ kind: oneOf('none') }),
  accept: object<TargetOf<'accept'>>({ kind: oneOf('accept') }),
  drop: object<TargetOf<'drop'>>({ kind: oneOf('drop') }),
  reject: object<TargetOf<'reject'>>({ kind: oneOf('reject') }),
  return: object<TargetOf<'return'>>({ kind: oneOf('return') }),
  notrack: object<TargetOf<'notrack'>>({ kind: oneOf('notrack') }),
  log: object<TargetOf<'log'>>({ kind: oneOf('log'), prefix: text, level: unsigned(8) }),
  jump: object<TargetOf<'jump'>>({ kind: oneOf('jump'), chain: text, goto: optional(flag) }),
  mark: object<TargetOf<'mark'>>({ kind: oneOf('mark'), value: bits, mask: bits }),
  dnat: object<TargetOf<'dnat'>>({ kind: oneOf('dnat'), to: address, port: optional(port) }),
  snat: object<TargetOf<'snat'>>({
    kind: oneOf('snat'),
    to: address,
    ports: optional(portRange),
    randomFully: optional(flag),
  }),
  masquerade: object<TargetOf<'masquerade'>>({
    kind: oneOf('masquerade'),
    ports: optional(portRange),
    randomFully: optional(flag),
  }),
});

const nothing: Shape<never> = (_): _ is never => false;

const rule = object<Rule>({
  matches: list(match),
  target,
  comment: optional(text),
  remarks: optional(list(text)),
  // Only Felix's rules stand for a policy.
  decision: optional(nothing),
  commentLast: optional(flag),
});

type ChangeOf<K extends NetfilterChange['op']> = Extract<NetfilterChange, { readonly op: K }>;

const change = union<NetfilterChange, 'op'>(
  {
    append: object<ChangeOf<'append'>>({ op: oneOf('append'), chain: chainName, rule }),
    insert: object<ChangeOf<'insert'>>({ op: oneOf('insert'), chain: chainName, at, rule }),
    replace: object<ChangeOf<'replace'>>({ op: oneOf('replace'), chain: chainName, at, rule }),
    delete: object<ChangeOf<'delete'>>({ op: oneOf('delete'), chain: chainName, rule }),
    'delete-at': object<ChangeOf<'delete-at'>>({ op: oneOf('delete-at'), chain: chainName, at }),
    flush: object<ChangeOf<'flush'>>({ op: oneOf('flush'), chain: optional(chainName) }),
    'new-chain': object<ChangeOf<'new-chain'>>({ op: oneOf('new-chain'), chain: chainName }),
    'delete-chain': object<ChangeOf<'delete-chain'>>({
      op: oneOf('delete-chain'),
      chain: optional(chainName),
    }),
    'rename-chain': object<ChangeOf<'rename-chain'>>({
      op: oneOf('rename-chain'),
      chain: chainName,
      to: chainName,
    }),
    policy: object<ChangeOf<'policy'>>({
      op: oneOf('policy'),
      chain: chainName,
      policy: oneOf('ACCEPT', 'DROP'),
    }),
  },
  'op',
);

export const netfilterEdit = object<NetfilterEdit>({
  kind: oneOf('netfilter'),
  table: oneOf('raw', 'mangle', 'nat', 'filter'),
  change,
});

type IpsetChangeOf<K extends IpsetChange['op']> = Extract<IpsetChange, { readonly op: K }>;

const setType = oneOf('hash:net', 'hash:ip', 'hash:ip,port');
const ipPort = object<IpPort>({ address, protocol: unsigned(8), port });
const member = (value: unknown): value is Cidr | IpPort => cidr(value) || ipPort(value);
const memberChange = object<IpsetChangeOf<'add' | 'del'>>({
  op: oneOf('add', 'del'),
  member,
  quiet: optional(flag),
});
const emptying = object<IpsetChangeOf<'flush' | 'destroy'>>({ op: oneOf('flush', 'destroy') });
const naming = object<IpsetChangeOf<'rename' | 'swap'>>({ op: oneOf('rename', 'swap'), other: text });

export const ipsetEdit = object<IpsetEdit>({
  kind: oneOf('ipset'),
  set: text,
  change: union<IpsetChange, 'op'>(
    {
      create: object<IpsetChangeOf<'create'>>({ op: oneOf('create'), type: setType, quiet: optional(flag) }),
      add: memberChange,
      del: memberChange,
      flush: emptying,
      destroy: emptying,
      rename: naming,
      swap: naming,
    },
    'op',
  ),
});
