/** What `iptables --help` says, and the words that may follow on its line. */
import type { IpFamily } from '../../../model/ip-family.ts';
import { listedChains } from '../../net/netfilter-print.ts';
import type { CompletionIo } from '../command.ts';
import { hereOf } from '../network/here.ts';
import { COMMANDS, MATCHES, TARGETS } from './honoured.ts';
import { IPTABLES_VERSION, isTable, netfilterOf, TABLE_NAMES } from './tool.ts';

export const HELP = [
  `iptables ${IPTABLES_VERSION}`,
  '',
  'Usage: iptables -[ACD] chain rule-specification [options]',
  '       iptables -I chain [rulenum] rule-specification [options]',
  '       iptables -R chain rulenum rule-specification [options]',
  '       iptables -D chain rulenum [options]',
  '       iptables -[LS] [chain [rulenum]] [options]',
  '       iptables -[FZ] [chain] [options]',
  '       iptables -[NX] chain',
  '       iptables -E old-chain-name new-chain-name',
  '       iptables -P chain target [options]',
  '',
  'Commands:',
  ...COMMANDS.map(({ short, long, takes }) => `  --${long.padEnd(13)} -${short} ${takes}`),
  '',
  'Options:',
  '  -t table   -n (numbers)   -v (counters, devices)   -x (exact)   --line-numbers   -w (ignored)',
  '  [!] -p proto   [!] -s address[/mask]   [!] -d address[/mask]   [!] -i device[+]   [!] -o device[+]',
  '  -j target   -g chain   -m match',
  `Matches: ${MATCHES.join(' ')}`,
  `Targets: ${TARGETS.join(' ')}, or a chain`,
  '',
].join('\n');

export function completeIptables(
  words: readonly string[],
  io: CompletionIo,
  family: IpFamily,
): readonly string[] {
  const before = words.at(-2) ?? '';
  if (before === '-t') return TABLE_NAMES;
  const named = words[words.indexOf('-t') + 1] ?? '';
  const table = words.includes('-t') && isTable(named) ? named : 'filter';
  const chains = (): readonly string[] => {
    const here = hereOf(io);
    const known = here ? netfilterOf(here.netns, family).tables[table] : undefined;
    return listedChains(table, known ?? []).map(({ name }) => name);
  };
  if (/^-[nvx]*[ACDEILSFZRNXP]$/.test(before)) return chains();
  if (/^-[jg]$/.test(before)) return [...TARGETS, ...chains()];
  if (before === '-m') return MATCHES;
  if (/^-[io]$/.test(before)) return hereOf(io)?.netns.devices.map(({ name }) => name) ?? [];
  return [...COMMANDS.map(({ short }) => short), ...'tnvpsdiomj'].map((letter) => `-${letter}`);
}
