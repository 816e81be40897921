/** tcpdump's flags as data: parsing, help and completion read this table. */
import type { Flag, FlagTable } from '../network/flags.ts';

const ignored = (...letters: readonly string[]): readonly Flag[] =>
  letters.map((short) => ({ short, about: 'taken without effect', support: 'ignored' as const }));

const refused = (flags: Readonly<Record<string, string>>): readonly Flag[] =>
  Object.entries(flags).map(([short, takes]) => ({
    short,
    ...(takes === '' ? {} : { takes }),
    about: 'not simulated',
    support: 'refused' as const,
  }));

export const TCPDUMP: FlagTable = {
  tool: 'tcpdump',
  usage: 'tcpdump [options] [expression]',
  provenance:
    'tcpdump 4.99.3 (Debian 12): names and arguments compared with `tcpdump -h`; the words are ours.',
  flags: [
    { short: 'i', long: 'interface', takes: 'device', about: 'listen on this device, or on `any`' },
    { short: 'n', about: 'print numbers, never names' },
    { short: 'e', about: 'print the link-layer header' },
    { short: 'c', takes: 'count', about: 'stop after so many packets' },
    { short: 'v', about: 'more of each header; twice checks more' },
    { short: 'q', about: 'less of each packet' },
    { short: 'w', takes: 'file', about: 'write the packets to a file' },
    { short: 'r', takes: 'file', about: 'read packets from a file' },
    { short: 'Q', long: 'direction', takes: 'in|out|inout', about: 'only packets of this direction' },
    { short: 't', about: 'no time; -tt seconds, -ttt since the last, -tttt date, -ttttt since the first' },
    { short: 'x', about: 'bytes in hex; twice with the link-layer header' },
    { short: 'X', about: 'bytes in hex and ASCII; twice with the link-layer header' },
    { short: 'A', about: 'bytes as text' },
    { short: 'S', long: 'absolute-tcp-sequence-numbers', about: 'sequence numbers as they are on the wire' },
    { short: '#', long: 'number', about: 'number the packets' },
    { long: 'count', about: 'with -r: only count' },
    { short: 'D', long: 'list-interfaces', about: 'list the devices' },
    { long: 'version', about: 'print the version' },
    { short: 'h', long: 'help', about: 'this help' },
    {
      short: 's',
      long: 'snapshot-length',
      takes: 'bytes',
      about: 'taken without effect: packets are kept whole',
      support: 'ignored',
    },
    { short: 'B', long: 'buffer-size', takes: 'KiB', about: 'taken without effect', support: 'ignored' },
    {
      short: 'Z',
      long: 'relinquish-privileges',
      takes: 'user',
      about: 'taken without effect',
      support: 'ignored',
    },
    { long: 'immediate-mode', about: 'taken without effect', support: 'ignored' },
    { long: 'micro', about: 'taken without effect', support: 'ignored' },
    ...ignored('l', 'U', 'p', 'K', 'O', 'f', 'N'),
    ...refused({
      b: '',
      d: '',
      H: '',
      I: '',
      J: '',
      L: '',
      u: '',
      C: 'size',
      E: 'secret',
      F: 'file',
      G: 'seconds',
      j: 'type',
    }),
    ...refused({ M: 'secret', T: 'type', V: 'file', W: 'count', y: 'type', z: 'command' }),
    { long: 'nano', about: 'not simulated', support: 'refused' },
    { long: 'print', about: 'not simulated', support: 'refused' },
    { long: 'time-stamp-precision', takes: 'precision', about: 'not simulated', support: 'refused' },
  ],
};

export const TCPDUMP_VERSION =
  'tcpdump version 4.99.3\nlibpcap version 1.10.3 (with TPACKET_V3)\nOpenSSL 3.0.19 27 Jan 2026\n';
