/** Rules and sets changed by hand, in the family that they are of. Names of sets are shared by both, as in the kernel. */
import { err, ok, type Result } from '../../base/result.ts';
import type { IpFamily } from '../../model/ip-family.ts';
import type { Ipv6 } from '../../model/ip.ts';
import { editIpset, type IpsetChange, type IpsetEdit } from './edit-ipset.ts';
import { editNetfilter, type Netfilter6Edit, type NetfilterEdit } from './edit-netfilter.ts';
import type { Netfilter } from './netfilter-rules.ts';
import type { Inet6, Netns } from './netns.ts';

type RuleEdit = NetfilterEdit | Netfilter6Edit | IpsetEdit;

export function editRules(netns: Netns, edit: RuleEdit): Result<Netns, string> {
  if (edit.kind === 'ipset') return editSets(netns, edit);
  if (edit.family === 6) return edited6(netns, ({ netfilter }) => spoken(editNetfilter(netfilter, edit)));
  const edited = editNetfilter(netns.netfilter, edit);
  return edited.ok ? ok({ ...netns, netfilter: edited.value }) : edited;
}

/** The tool that complains is ip6tables. */
const spoken = <T>(result: Result<T, string>): Result<T, string> =>
  result.ok ? result : err(result.error.replaceAll('iptables', 'ip6tables'));

function edited6(
  netns: Netns,
  edit: (inet6: Inet6) => Result<Netfilter<Ipv6>, string>,
): Result<Netns, string> {
  const { inet6 } = netns;
  if (!inet6) return err('IPv6 is not part of this lab: its topology has IPv4 addresses only.');
  const netfilter = edit(inet6);
  return netfilter.ok ? ok({ ...netns, inet6: { ...inet6, netfilter: netfilter.value } }) : netfilter;
}

function editSets(netns: Netns, { set, change }: IpsetEdit): Result<Netns, string> {
  const family = familyOfSet(netns, set);
  const wanted = change.op === 'create' ? (change.family ?? 4) : (family ?? 4);
  const clash = family === undefined ? undefined : clashOf(netns, change, family);
  if (clash !== undefined) return err(clash);
  if (wanted === 6)
    return edited6(netns, ({ netfilter }) => editIpset(netfilter, set, change as IpsetChange<Ipv6>));
  const edited = editIpset(netns.netfilter, set, change as IpsetChange);
  return edited.ok ? ok({ ...netns, netfilter: edited.value }) : edited;
}

/** What a set of one family and a name of the other have against each other. */
function clashOf(netns: Netns, change: IpsetEdit['change'], family: IpFamily): string | undefined {
  if (change.op === 'create')
    return (change.family ?? 4) === family
      ? undefined
      : 'Set cannot be created: set with the same name already exists';
  const other = 'other' in change ? familyOfSet(netns, change.other) : undefined;
  if (other === undefined || other === family) return undefined;
  return change.op === 'swap'
    ? 'The sets cannot be swapped: their type does not match'
    : 'Set cannot be renamed: a set with the new name already exists';
}

/** Undefined for a set that does not exist. */
export function familyOfSet({ netfilter, inet6 }: Netns, set: string): IpFamily | undefined {
  if (netfilter.ipsets.has(set)) return 4;
  return inet6?.netfilter.ipsets.has(set) ? 6 : undefined;
}
