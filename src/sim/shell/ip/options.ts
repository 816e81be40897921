/** The options before `ip`'s object, abbreviated as iproute2 6.1 ip/ip.c takes them. */
import { ok } from '../../../base/result.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { abbreviates } from '../network/keywords.ts';

export type Family = 'any' | 'inet' | 'inet6';

export interface IpOptions {
  readonly family: Family;
  readonly brief: boolean;
  readonly details: boolean;
  readonly statistics: boolean;
  readonly oneline: boolean;
  readonly json: boolean;
  readonly pretty: boolean;
  /** The namespace to work in. */
  readonly netns?: string;
}

const PLAIN: IpOptions = {
  family: 'any',
  brief: false,
  details: false,
  statistics: false,
  oneline: false,
  json: false,
  pretty: false,
};

/** What stands before the object; `version` and `help` end the command at once. */
export type IpLine =
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  | { readonly kind: 'object'; readonly options: IpOptions; readonly words: readonly string[] };

interface Option {
  readonly name: string;
  readonly exact?: boolean;
  readonly effect: Partial<IpOptions> | 'version' | 'help' | 'refused' | 'netns';
}

/** In the order of ip.c, which decides what an abbreviation means. Provenance: source; -s -d -o -j -br -h compared. */
const OPTIONS: readonly Option[] = [
  { name: '-loops', effect: 'refused' },
  { name: '-family', effect: 'refused' },
  { name: '-4', exact: true, effect: { family: 'inet' } },
  { name: '-6', exact: true, effect: { family: 'inet6' } },
  { name: '-human', effect: {} },
  { name: '-stats', effect: { statistics: true } },
  { name: '-statistics', effect: { statistics: true } },
  { name: '-details', effect: { details: true } },
  { name: '-resolve', effect: {} },
  { name: '-oneline', effect: { oneline: true } },
  { name: '-timestamp', effect: {} },
  { name: '-batch', effect: 'refused' },
  { name: '-brief', effect: { brief: true } },
  { name: '-json', effect: { json: true } },
  { name: '-pretty', effect: { pretty: true } },
  { name: '-color', effect: {} },
  { name: '-help', effect: 'help' },
  { name: '-netns', effect: 'netns' },
  { name: '-Numeric', effect: {} },
  { name: '-all', effect: 'refused' },
  { name: '-Version', effect: 'version' },
];

export const IP_OPTION_WORDS = [
  '-4',
  '-6',
  '-brief',
  '-details',
  '-statistics',
  '-oneline',
  '-json',
  '-pretty',
];

export function parseOptions(words: readonly string[]): Parsed<IpLine> {
  let options = PLAIN;
  let at = 0;
  for (; words[at]?.startsWith('-') === true; at += 1) {
    if (words[at] === '--') {
      at += 1;
      break;
    }
    const word = words[at] ?? '';
    const option = findOption(word.startsWith('--') ? word.slice(1) : word);
    if (!option) return complain(255, `Option "${word}" is unknown, try "ip -help".`);
    if (option.effect === 'version') return ok({ kind: 'version' });
    if (option.effect === 'help') return ok({ kind: 'help' });
    if (option.effect === 'refused') return complain(255, `ip: the option ${option.name} is not simulated.`);
    if (option.effect === 'netns') {
      const netns = words[(at += 1)];
      if (netns === undefined) return complain(255, 'Command line is not complete. Try option "help"');
      options = { ...options, netns };
    } else options = { ...options, ...option.effect };
  }
  return ok({ kind: 'object', options, words: words.slice(at) });
}

function findOption(word: string): Option | undefined {
  if (word === '-V') return { name: '-Version', effect: 'version' };
  return OPTIONS.find(({ name, exact }) => (exact ? name === word : word !== '-' && abbreviates(word, name)));
}
