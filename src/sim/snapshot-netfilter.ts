/** What a change of netfilter rules by hand must look like to be taken back from a snapshot. */
import type { IpsetChange, IpsetEdit } from './net/edit-ipset.ts';
import type { Netfilter6Edit, NetfilterChange, NetfilterEdit } from './net/edit-netfilter.ts';
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
import type { Ip, Ipv4 } from '../model/ip.ts';
import { either, inet, inet6, type FamilyShapes } from './snapshot-addresses.ts';

const port = unsigned(16);
const family4: Shape<4> = (value): value is 4 => value === 4;
const family6: Shape<6> = (value): value is 6 => value === 6;
const bits = unsigned(32);
const at: Shape<number> = (value): value is number => Number.isSafeInteger(value) && Number(value) >= 1;
const chainName = spelt<string>(/^[^\s]{1,28}$/);

type MatchOf<A extends Ip, K extends Match['kind']> = Extract<Match<A>, { readonly kind: K }>;
type TargetOf<A extends Ip, K extends Target['kind']> = Extract<Target<A>, { readonly kind: K }>;

const not = optional(flag);
const portRange = object<PortRange>({ first: port, last: port });
const ctState = oneOf<CtState>('NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED', 'SNAT', 'DNAT');

/** They hold no address: both families have them alike. */
const PORT_MATCHES = {
  'destination-port': object<MatchOf<Ipv4, 'destination-port'>>({
    kind: oneOf('destination-port'),
    port,
    last: optional(port),
    not,
  }),
  'source-port': object<MatchOf<Ipv4, 'source-port'>>({
    kind: oneOf('source-port'),
    port,
    last: optional(port),
    not,
  }),
  ports: object<MatchOf<Ipv4, 'ports'>>({
    kind: oneOf('ports'),
    side: oneOf('source', 'destination', 'either'),
    ranges: list(portRange),
    not,
  }),
};

const matchOf = <A extends Ip>({ cidr }: FamilyShapes<A>): Shape<Match<A>> =>
  union<Match<A>>({
    source: object<MatchOf<A, 'source'>>({ kind: oneOf('source'), cidr, not }),
    destination: object<MatchOf<A, 'destination'>>({ kind: oneOf('destination'), cidr, not }),
    'in-interface': object<MatchOf<A, 'in-interface'>>({ kind: oneOf('in-interface'), name: text, not }),
    'out-interface': object<MatchOf<A, 'out-interface'>>({ kind: oneOf('out-interface'), name: text, not }),
    protocol: object<MatchOf<A, 'protocol'>>({
      kind: oneOf('protocol'),
      protocol: unsigned(8),
      module: optional(flag),
      not,
    }),
    ...PORT_MATCHES,
    'icmp-type': object<MatchOf<A, 'icmp-type'>>({
      kind: oneOf('icmp-type'),
      type: unsigned(8),
      code: optional(unsigned(8)),
      not,
    }),
    ipset: object<MatchOf<A, 'ipset'>>({
      kind: oneOf('ipset'),
      set: text,
      direction: oneOf(...SET_DIRECTIONS),
      not,
    }),
    addrtype: object<MatchOf<A, 'addrtype'>>({
      kind: oneOf('addrtype'),
      side: oneOf('src', 'dst'),
      type: oneOf('LOCAL'),
      not,
      limitIfaceOut: optional(flag),
    }),
    mark: object<MatchOf<A, 'mark'>>({ kind: oneOf('mark'), value: bits, mask: bits, not }),
    ctstate: object<MatchOf<A, 'ctstate'>>({ kind: oneOf('ctstate'), states: list(ctState), not }),
    rpfilter: object<MatchOf<A, 'rpfilter'>>({ kind: oneOf('rpfilter'), not }),
    probability: object<MatchOf<A, 'probability'>>({ kind: oneOf('probability'), probability: number }),
    nfacct: object<MatchOf<A, 'nfacct'>>({ kind: oneOf('nfacct'), name: text }),
    recent: object<MatchOf<A, 'recent'>>({
      kind: oneOf('recent'),
      list: text,
      check: oneOf('set', 'rcheck'),
      seconds: optional(bits),
      reap: optional(flag),
      not,
    }),
  });

const targetOf = <A extends Ip>({ address }: FamilyShapes<A>): Shape<Target<A>> =>
  union<Target<A>>({
    none: object<TargetOf<A, 'none'>>({ kind: oneOf('none') }),
    accept: object<TargetOf<A, 'accept'>>({ kind: oneOf('accept') }),
    drop: object<TargetOf<A, 'drop'>>({ kind: oneOf('drop') }),
    reject: object<TargetOf<A, 'reject'>>({ kind: oneOf('reject') }),
    return: object<TargetOf<A, 'return'>>({ kind: oneOf('return') }),
    notrack: object<TargetOf<A, 'notrack'>>({ kind: oneOf('notrack') }),
    log: object<TargetOf<A, 'log'>>({ kind: oneOf('log'), prefix: text, level: unsigned(8) }),
    jump: object<TargetOf<A, 'jump'>>({ kind: oneOf('jump'), chain: text, goto: optional(flag) }),
    mark: object<TargetOf<A, 'mark'>>({ kind: oneOf('mark'), value: bits, mask: bits }),
    dnat: object<TargetOf<A, 'dnat'>>({ kind: oneOf('dnat'), to: address, port: optional(port) }),
    snat: object<TargetOf<A, 'snat'>>({
      kind: oneOf('snat'),
      to: address,
      ports: optional(portRange),
      randomFully: optional(flag),
    }),
    masquerade: object<TargetOf<A, 'masquerade'>>({
      kind: oneOf('masquerade'),
      ports: optional(portRange),
      randomFully: optional(flag),
    }),
  });

const nothing: Shape<never> = (_): _ is never => false;

const ruleOf = <A extends Ip>(family: FamilyShapes<A>): Shape<Rule<A>> =>
  object<Rule<A>>({
    matches: list(matchOf(family)),
    target: targetOf(family),
    comment: optional(text),
    remarks: optional(list(text)),
    // Only Felix's rules stand for a policy.
    decision: optional(nothing),
    commentLast: optional(flag),
  });

type ChangeOf<A extends Ip, K extends NetfilterChange['op']> = Extract<
  NetfilterChange<A>,
  { readonly op: K }
>;

const changeOf = <A extends Ip>(rule: Shape<Rule<A>>): Shape<NetfilterChange<A>> =>
  union<NetfilterChange<A>, 'op'>(
    {
      append: object<ChangeOf<A, 'append'>>({ op: oneOf('append'), chain: chainName, rule }),
      insert: object<ChangeOf<A, 'insert'>>({ op: oneOf('insert'), chain: chainName, at, rule }),
      replace: object<ChangeOf<A, 'replace'>>({ op: oneOf('replace'), chain: chainName, at, rule }),
      delete: object<ChangeOf<A, 'delete'>>({ op: oneOf('delete'), chain: chainName, rule }),
      'delete-at': object<ChangeOf<A, 'delete-at'>>({ op: oneOf('delete-at'), chain: chainName, at }),
      flush: object<ChangeOf<A, 'flush'>>({ op: oneOf('flush'), chain: optional(chainName) }),
      'new-chain': object<ChangeOf<A, 'new-chain'>>({ op: oneOf('new-chain'), chain: chainName }),
      'delete-chain': object<ChangeOf<A, 'delete-chain'>>({
        op: oneOf('delete-chain'),
        chain: optional(chainName),
      }),
      'rename-chain': object<ChangeOf<A, 'rename-chain'>>({
        op: oneOf('rename-chain'),
        chain: chainName,
        to: chainName,
      }),
      policy: object<ChangeOf<A, 'policy'>>({
        op: oneOf('policy'),
        chain: chainName,
        policy: oneOf('ACCEPT', 'DROP'),
      }),
    },
    'op',
  );

const tableName = oneOf('raw', 'mangle', 'nat', 'filter');

export const netfilterEdit = either(
  object<NetfilterEdit>({
    kind: oneOf('netfilter'),
    family: optional(family4),
    table: tableName,
    change: changeOf(ruleOf(inet)),
  }),
  object<Netfilter6Edit>({
    kind: oneOf('netfilter'),
    family: family6,
    table: tableName,
    change: changeOf(ruleOf(inet6)),
  }),
);

const setType = oneOf('hash:net', 'hash:ip', 'hash:ip,port');

type IpsetChangeOf<A extends Ip, K extends IpsetChange['op']> = Extract<IpsetChange<A>, { readonly op: K }>;

const emptying = object<IpsetChangeOf<Ipv4, 'flush' | 'destroy'>>({ op: oneOf('flush', 'destroy') });
const naming = object<IpsetChangeOf<Ipv4, 'rename' | 'swap'>>({ op: oneOf('rename', 'swap'), other: text });
const creation = object<IpsetChangeOf<Ipv4, 'create'>>({
  op: oneOf('create'),
  type: setType,
  family: optional(either(family4, family6)),
  quiet: optional(flag),
});

function memberChangeOf<A extends Ip>({
  address,
  cidr,
}: FamilyShapes<A>): Shape<IpsetChangeOf<A, 'add' | 'del'>> {
  const ipPort = object<IpPort<A>>({ address, protocol: unsigned(8), port });
  return object<IpsetChangeOf<A, 'add' | 'del'>>({
    op: oneOf('add', 'del'),
    member: either(cidr, ipPort),
    quiet: optional(flag),
  });
}

const memberChange = either(memberChangeOf(inet), memberChangeOf(inet6));

export const ipsetEdit = object<IpsetEdit>({
  kind: oneOf('ipset'),
  set: text,
  change: union<IpsetEdit['change'], 'op'>(
    {
      create: creation,
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
