/** From nc's command line to what it will do. Flags and complaints: netcat-openbsd 1.219, compared with the real tool. */
import { err, ok } from '../../../base/result.ts';
import type { Complaint, Parsed } from '../network/complaint.ts';
import {
  isGiven,
  notSimulated,
  parseFlags,
  valueOf,
  type Flag,
  type FlagMistake,
  type FlagTable,
} from '../network/flags.ts';
import { familyGiven, type WantedFamily } from '../network/names.ts';
import { servicePort } from '../network/services.ts';

const flag = (short: string, about: string, more: Omit<Flag, 'short' | 'about'> = {}): Flag => ({
  short,
  about,
  ...more,
});

export const NC: FlagTable = {
  tool: 'nc',
  usage: 'nc [-46klNnuvz] [-p source_port] [-q seconds] [-s sourceaddr] [-w timeout] [destination] [port]',
  provenance: 'nc(1) and nc -h of netcat-openbsd 1.219-1 (Debian 12)',
  flags: [
    flag('4', 'Use IPv4'),
    flag('6', 'Use IPv6'),
    flag('h', 'This help text'),
    flag('k', 'Keep inbound sockets open for multiple connects'),
    flag('l', 'Listen mode, for inbound connects'),
    flag('N', 'Shutdown the network socket after EOF on stdin'),
    flag('n', 'Suppress name/port resolutions'),
    flag('p', 'Specify local port for remote connects', { takes: 'port' }),
    flag('q', 'quit after EOF on stdin and delay of secs', { takes: 'secs' }),
    flag('r', 'Randomize remote ports', { support: 'ignored' }),
    flag('d', 'Detach from stdin', { support: 'ignored' }),
    flag('u', 'UDP mode'),
    flag('v', 'Verbose'),
    flag('w', 'Timeout for connects and final net reads', { takes: 'timeout' }),
    flag('z', 'Zero-I/O mode [used for scanning]'),
    ...[...'bCDFStUZ'].map((short) => flag(short, '', { support: 'refused' })),
    ...[...'IiMmOPsTVWXx'].map((short) => flag(short, '', { takes: 'value', support: 'refused' })),
  ],
};

export interface NcWishes {
  readonly help: boolean;
  readonly family: WantedFamily;
  readonly listen: boolean;
  readonly keep: boolean;
  readonly scan: boolean;
  readonly udp: boolean;
  readonly verbose: boolean;
  readonly numeric: boolean;
  readonly shutdown: boolean;
  readonly sourcePort: number | undefined;
  /** Milliseconds. */
  readonly timeout: number | undefined;
  readonly quitAfter: number | undefined;
  readonly host: string | undefined;
  readonly ports: readonly number[];
}

export const NC_USAGE = `usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]
\t  [-m minttl] [-O length] [-P proxy_username] [-p source_port]
\t  [-q seconds] [-s sourceaddr] [-T keyword] [-V rtable] [-W recvlimit]
\t  [-w timeout] [-X proxy_protocol] [-x proxy_address[:port]]
\t  [destination] [port]`;

export const NC_HELP = [
  'OpenBSD netcat (Debian patchlevel 1.219-1)',
  NC_USAGE,
  '\tCommand Summary:',
  ...NC.flags
    .filter(({ support }) => support !== 'refused')
    .map(
      ({ short = '', takes, about }) =>
        `\t\t-${short}${takes === undefined ? '' : ` ${takes}`}${takes === undefined ? '\t\t' : '\t'}${about}`,
    ),
  '\tPort numbers can be individual or ranges: lo-hi [inclusive]',
  '',
].join('\n');

export function parseNc(args: readonly string[]): Parsed<NcWishes> {
  const parsed = parseFlags(args, NC);
  if (!parsed.ok) return err(mistake(parsed.error));
  const { operands } = parsed.value;
  const has = (name: string): boolean => isGiven(parsed.value, name);
  const amount = (name: string): number | undefined => seconds(valueOf(parsed.value, name));
  if (Number.isNaN(amount('w'))) return err({ status: 1, message: 'nc: timeout cannot be invalid' });
  // `nc -l 5000` names a port only.
  const [host, text] = has('l') && operands.length < 2 ? [undefined, operands[0]] : operands;
  const own = valueOf(parsed.value, 'p');
  const ports = portsOf(text, has('u') ? 'udp' : 'tcp');
  const ownPorts = portsOf(own, 'tcp');
  if (!ports || !ownPorts)
    return err({ status: 1, message: `nc: port number invalid: ${text ?? own ?? ''}` });
  const quitAfter = amount('q');
  return ok({
    help: has('h'),
    family: familyGiven(parsed.value),
    listen: has('l'),
    keep: has('k'),
    scan: has('z'),
    udp: has('u'),
    verbose: has('v'),
    numeric: has('n'),
    shutdown: has('N'),
    sourcePort: ownPorts[0],
    timeout: amount('w'),
    quitAfter: quitAfter !== undefined && quitAfter >= 0 ? quitAfter : undefined,
    host,
    ports,
  });
}

function mistake({ kind, flag: spelt }: FlagMistake): Complaint {
  if (kind === 'refused') return { status: 1, message: notSimulated(NC, spelt).replace('--help', '-h') };
  const letter = spelt.replace(/^-+/, '').slice(0, 1);
  const text = kind === 'unknown' ? 'invalid option' : 'option requires an argument';
  return { status: 1, message: `nc: ${text} -- '${letter}'\n${NC_USAGE}` };
}

const seconds = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : /^-?\d+$/.test(text) ? Number(text) * 1000 : Number.NaN;

/** A port, a name, or a range, or nothing; undefined for what is none of them. */
function portsOf(text: string | undefined, protocol: string): readonly number[] | undefined {
  if (text === undefined) return [];
  const [low, high] = /^\d+-\d+$/.test(text) ? text.split('-').map(Number) : [portNumber(text, protocol)];
  if (low === undefined || low < 1 || low > 65535) return undefined;
  if (high === undefined) return [low];
  if (high > 65535 || high < low) return undefined;
  return Array.from({ length: high - low + 1 }, (_, at) => low + at);
}

const portNumber = (text: string, protocol: string): number | undefined =>
  /^\d+$/.test(text) ? Number(text) : servicePort(text, protocol);
