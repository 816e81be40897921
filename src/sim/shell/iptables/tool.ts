/** What iptables and its companions say of themselves, and what every one of them asks first. */
import type { IpFamily } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import type { Netfilter, TableName } from '../../net/netfilter-rules.ts';
import { NO_NETFILTER6 } from '../../net/inet6.ts';
import type { Netns } from '../../net/netns.ts';
import type { Complaint } from '../network/complaint.ts';

/** The version of the reference transcripts (Debian 12); kindest/node picks the nf_tables variant. */
export const IPTABLES_VERSION = 'v1.8.9 (nf_tables)';

export const TABLE_NAMES: readonly TableName[] = ['mangle', 'raw', 'filter', 'nat'];

export const isTable = (name: string): name is TableName => TABLE_NAMES.includes(name as TableName);

/** A mistake in the command line, as xtables_error(PARAMETER_PROBLEM) words it. */
export const misuse = (text: string): Complaint => ({
  status: 2,
  message: `iptables ${IPTABLES_VERSION}: ${text}\nTry \`iptables -h' or 'iptables --help' for more information.`,
});

/** The tables that somebody has used: nf_tables keeps no others. */
export const tablesOf = ({ tables }: Netfilter<Ip>): readonly TableName[] =>
  TABLE_NAMES.filter((name) => tables[name] !== undefined);

/** The rules of a family; a stack without IPv6 has none of it. */
export const netfilterOf = ({ netfilter, inet6 }: Netns, family: IpFamily): Netfilter<Ip> =>
  family === 4 ? netfilter : (inet6?.netfilter ?? NO_NETFILTER6);

/** The tools of IPv6 say the same under their own name. */
export const spokenBy = (family: IpFamily, text: string): string =>
  family === 4 ? text : text.replaceAll('iptables', 'ip6tables');
