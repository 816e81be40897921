/** traceroute's flags as data: parsing, help and completion read this table. */
import type { Flag, FlagTable } from '../network/flags.ts';

const refused = (flags: Readonly<Record<string, string>>): readonly Flag[] =>
  Object.entries(flags).map(([short, takes]) => ({
    short,
    ...(takes === '' ? {} : { takes }),
    about: 'not simulated',
    support: 'refused' as const,
  }));

export const TRACEROUTE: FlagTable = {
  tool: 'traceroute',
  usage: 'traceroute [options] <host> [packet length]',
  provenance:
    'traceroute 2.1.2 (Debian 12): names and arguments compared with `traceroute --help`; the words are ours.',
  flags: [
    { short: 'n', about: 'print addresses, never names' },
    { short: 'I', long: 'icmp', about: 'probe with ICMP echo requests instead of UDP' },
    { short: 'f', long: 'first', takes: 'first_ttl', about: 'begin with this hop (1)' },
    { short: 'm', long: 'max-hops', takes: 'max_ttl', about: 'end with this hop (30)' },
    { short: 'q', long: 'queries', takes: 'nqueries', about: 'probes for each hop (3)' },
    { short: 'w', long: 'wait', takes: 'MAX,HERE,NEAR', about: 'seconds to wait for an answer (5,3,10)' },
    { short: 'p', long: 'port', takes: 'port', about: 'first destination port (33434)' },
    { short: 'N', long: 'sim-queries', takes: 'squeries', about: 'probes under way at once (16)' },
    { short: '4', about: 'IPv4 only' },
    { short: '6', about: 'IPv6 only' },
    { short: 'V', long: 'version', about: 'print the version' },
    { long: 'help', about: 'this help' },
    { short: 'd', long: 'debug', about: 'taken without effect', support: 'ignored' },
    { short: 't', long: 'tos', takes: 'tos', about: 'taken without effect', support: 'ignored' },
    { short: 'z', long: 'sendwait', takes: 'sendwait', about: 'taken without effect', support: 'ignored' },
    { short: 'e', long: 'extensions', about: 'taken without effect', support: 'ignored' },
    { short: 'T', long: 'tcp', about: 'TCP probes', support: 'refused' },
    { short: 'U', long: 'udp', about: 'UDP to one port', support: 'refused' },
    { short: 'F', long: 'dont-fragment', about: 'never fragment', support: 'refused' },
    { short: 'i', long: 'interface', takes: 'device', about: 'leave by a device', support: 'refused' },
    { short: 's', long: 'source', takes: 'src_addr', about: 'speak as an address', support: 'refused' },
    ...refused({
      g: 'gate',
      l: 'flow_label',
      r: '',
      A: '',
      M: 'name',
      O: 'options',
      D: '',
      P: 'protocol',
    }),
    { long: 'mtu', about: 'find the path MTU', support: 'refused' },
    { long: 'back', about: 'hops of the way back', support: 'refused' },
    { long: 'sport', takes: 'num', about: 'source port', support: 'refused' },
    { long: 'fwmark', takes: 'num', about: 'mark', support: 'refused' },
  ],
};
