/** What of iptables is honoured: flags, commands, matches and targets. Help pages and completion come from here. */
import type { FlagTable } from '../network/flags.ts';

export const IPTABLES_SAVE: FlagTable = {
  tool: 'iptables-save',
  usage: 'iptables-save [-c] [-t table]',
  provenance: 'iptables-save(8); complaints and layout compared with iptables-save 1.8.9 (nf_tables)',
  flags: [
    { short: 'c', long: 'counters', about: 'print the counters of the rules' },
    { short: 't', long: 'table', takes: 'table', about: 'only this table' },
    { short: 'V', long: 'version', about: 'print the version' },
    {
      short: 'M',
      long: 'modprobe',
      takes: 'path',
      about: 'load modules with this program',
      support: 'ignored',
    },
    { short: 'f', long: 'file', takes: 'file', about: 'write to a file', support: 'refused' },
  ],
};

export const IPTABLES_RESTORE: FlagTable = {
  tool: 'iptables-restore',
  usage: 'iptables-restore [-n] [-t] [-T table] [file]',
  provenance: 'iptables-restore(8); complaints compared with iptables-restore 1.8.9 (nf_tables)',
  flags: [
    { short: 'n', long: 'noflush', about: 'keep what is there; only chains that are named begin anew' },
    { short: 't', long: 'test', about: 'read everything and change nothing' },
    { short: 'T', long: 'table', takes: 'table', about: 'only this table' },
    { short: 'V', long: 'version', about: 'print the version' },
    { short: 'h', long: 'help', about: 'print this page' },
    { short: 'w', long: 'wait', about: 'wait for the lock', support: 'ignored' },
    { short: '4', long: 'ipv4', about: 'nothing', support: 'ignored' },
    { short: '6', long: 'ipv6', about: 'nothing', support: 'ignored' },
    { short: 'M', long: 'modprobe', takes: 'path', about: 'load modules with it', support: 'ignored' },
    { short: 'c', long: 'counters', about: 'take the counters over', support: 'refused' },
    { short: 'v', long: 'verbose', about: 'tell what is done', support: 'refused' },
  ],
};

/** One letter each; the first of a line is the command, the rest qualify it. */
export interface CommandFlag {
  readonly short: string;
  readonly long: string;
  readonly takes: string;
}

/** iptables(8), and 1.8.9 itself. */
export const COMMANDS: readonly CommandFlag[] = [
  { short: 'A', long: 'append', takes: 'chain rule-specification' },
  { short: 'C', long: 'check', takes: 'chain rule-specification' },
  { short: 'D', long: 'delete', takes: 'chain rule-specification|rulenum' },
  { short: 'I', long: 'insert', takes: 'chain [rulenum] rule-specification' },
  { short: 'R', long: 'replace', takes: 'chain rulenum rule-specification' },
  { short: 'L', long: 'list', takes: '[chain [rulenum]]' },
  { short: 'S', long: 'list-rules', takes: '[chain [rulenum]]' },
  { short: 'F', long: 'flush', takes: '[chain]' },
  { short: 'Z', long: 'zero', takes: '[chain [rulenum]]' },
  { short: 'N', long: 'new', takes: 'chain' },
  { short: 'X', long: 'delete-chain', takes: '[chain]' },
  { short: 'P', long: 'policy', takes: 'chain target' },
  { short: 'E', long: 'rename-chain', takes: 'old-chain-name new-chain-name' },
];

/** Targets that rules typed here may have, besides chains. */
export const TARGETS = [
  'ACCEPT',
  'DROP',
  'REJECT',
  'RETURN',
  'MASQUERADE',
  'SNAT',
  'DNAT',
  'MARK',
  'NOTRACK',
  'LOG',
] as const;

/** Match extensions that rules typed here may name with -m. */
export const MATCHES = [
  'tcp',
  'udp',
  'sctp',
  'icmp',
  'icmp6',
  'comment',
  'set',
  'addrtype',
  'mark',
  'conntrack',
  'multiport',
  'statistic',
  'nfacct',
  'rpfilter',
  'recent',
] as const;
