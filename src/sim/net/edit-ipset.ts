/**
 * What `ipset` makes of the sets by hand: made, filled, emptied, renamed, exchanged and destroyed. Complaints compared with
 * ipset 7.17 on Linux 6.18. A set that a rule refers to cannot be destroyed or renamed away.
 */
import { err, ok, type Result } from '../../base/result.ts';
import { ipCidrEquals, type IpFamily } from '../../model/ip-family.ts';
import type { Cidr, Ip, Ipv4, Ipv6 } from '../../model/ip.ts';
import { rulesOf, type IpPort, type IpSet, type Netfilter } from './netfilter-rules.ts';

export interface IpsetEdit {
  readonly kind: 'ipset';
  readonly set: string;
  readonly change: IpsetChange | IpsetChange<Ipv6>;
}

/** `quiet`: what is there already, or not there, is no mistake (-exist). */
export type IpsetChange<Address extends Ip = Ipv4> =
  | {
      readonly op: 'create';
      readonly type: IpSet['type'];
      /** `family inet6`. */
      readonly family?: IpFamily;
      readonly quiet?: boolean;
    }
  | {
      readonly op: 'add' | 'del';
      readonly member: Cidr<Address> | IpPort<Address>;
      readonly quiet?: boolean;
    }
  | { readonly op: 'flush' | 'destroy' }
  | { readonly op: 'rename' | 'swap'; readonly other: string };

const MISSING = 'The set with the given name does not exist';

export function editIpset<A extends Ip>(
  netfilter: Netfilter<A>,
  name: string,
  change: IpsetChange<A>,
): Result<Netfilter<A>, string> {
  const { ipsets } = netfilter;
  const set = ipsets.get(name);
  if (change.op === 'create') return create(netfilter, name, change);
  if (!set) return err(MISSING);
  const made = (next: ReadonlyMap<string, IpSet<A>>): Result<Netfilter<A>, string> =>
    ok({ ...netfilter, ipsets: next });
  switch (change.op) {
    case 'add':
    case 'del':
      return changeMember(netfilter, { name, set }, change);
    case 'flush':
      return made(new Map(ipsets).set(name, { ...set, members: [] }));
    case 'destroy':
      return isReferred(netfilter, name)
        ? err('Set cannot be destroyed: it is in use by a kernel component')
        : made(new Map([...ipsets].filter(([each]) => each !== name)));
    case 'rename':
      if (ipsets.has(change.other))
        return err('Set cannot be renamed: a set with the new name already exists');
      return isReferred(netfilter, name)
        ? err('Set cannot be renamed: it is in use by another system')
        : made(new Map([...ipsets].map(([each, value]) => [each === name ? change.other : each, value])));
    case 'swap':
      return swap(netfilter, { name, set }, change.other);
  }
}

interface NamedSet<A extends Ip> {
  readonly name: string;
  readonly set: IpSet<A>;
}

function create<A extends Ip>(
  netfilter: Netfilter<A>,
  name: string,
  { type, quiet }: Extract<IpsetChange<A>, { op: 'create' }>,
): Result<Netfilter<A>, string> {
  const known = netfilter.ipsets.get(name);
  if (known) {
    return quiet && known.type === type
      ? ok(netfilter)
      : err('Set cannot be created: set with the same name already exists');
  }
  return ok({ ...netfilter, ipsets: new Map(netfilter.ipsets).set(name, { type, members: [] }) });
}

function changeMember<A extends Ip>(
  netfilter: Netfilter<A>,
  { name, set }: NamedSet<A>,
  { op, member, quiet }: Extract<IpsetChange<A>, { op: 'add' | 'del' }>,
): Result<Netfilter<A>, string> {
  const members: readonly (Cidr<A> | IpPort<A>)[] = set.members;
  const known = members.some((each) => sameMember(each, member));
  if (known === (op === 'add')) {
    if (quiet) return ok(netfilter);
    return err(
      op === 'add'
        ? "Element cannot be added to the set: it's already added"
        : "Element cannot be deleted from the set: it's not added",
    );
  }
  const next = op === 'add' ? [...members, member] : members.filter((each) => !sameMember(each, member));
  return ok({
    ...netfilter,
    ipsets: new Map(netfilter.ipsets).set(name, { ...set, members: next } as IpSet<A>),
  });
}

function sameMember<A extends Ip>(a: Cidr<A> | IpPort<A>, b: Cidr<A> | IpPort<A>): boolean {
  if ('port' in a || 'port' in b) {
    return (
      'port' in a && 'port' in b && a.address === b.address && a.port === b.port && a.protocol === b.protocol
    );
  }
  return ipCidrEquals(a, b);
}

function swap<A extends Ip>(
  netfilter: Netfilter<A>,
  { name, set }: NamedSet<A>,
  other: string,
): Result<Netfilter<A>, string> {
  const against = netfilter.ipsets.get(other);
  if (!against) return err('Sets cannot be swapped: the second set does not exist');
  if (against.type !== set.type) return err('The sets cannot be swapped: their type does not match');
  return ok({ ...netfilter, ipsets: new Map(netfilter.ipsets).set(name, against).set(other, set) });
}

const isReferred = ({ tables }: Netfilter<Ip>, name: string): boolean =>
  Object.values(tables).some((chains) =>
    chains.some((chain) =>
      rulesOf(chain).some(({ matches }) =>
        matches.some((match) => match.kind === 'ipset' && match.set === name),
      ),
    ),
  );
