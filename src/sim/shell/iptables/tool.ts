/** What iptables and its companions say of themselves, and what every one of them asks first. */
import type { Netfilter, TableName } from '../../net/netfilter-rules.ts';
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
export const tablesOf = ({ tables }: Netfilter): readonly TableName[] =>
  TABLE_NAMES.filter((name) => tables[name] !== undefined);
