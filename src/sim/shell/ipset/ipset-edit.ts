/** `ipset` create, add, del, flush, destroy, rename, swap. Complaints: ipset 7.17, compared with the real tool. */
import { err, ok } from '../../../base/result.ts';
import {
  addressBits,
  familyOf,
  ipCidrOf,
  parseIp,
  type IpCidr,
  type IpFamily,
} from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import { familyOfSet } from '../../net/edit-rules.ts';
import type { IpsetChange, IpsetEdit } from '../../net/edit-ipset.ts';
import { PROTOCOL_NAMES } from '../../net/netfilter-print.ts';
import type { IpPort, IpSet } from '../../net/netfilter-rules.ts';
import type { CommandIo } from '../command.ts';
import type { Complaint, Parsed } from '../network/complaint.ts';
import type { Here } from '../network/here.ts';

export type IpsetVerb = IpsetChange['op'];

export const TOOL = 'ipset v7.17';

export const complaint = (text: string, status = 1): Complaint => ({ status, message: `${TOOL}: ${text}` });

export const misuse = (text: string): Complaint =>
  complaint(`${text}\nTry \`ipset help' for more information.`, 2);

const TYPES: readonly IpSet['type'][] = ['hash:net', 'hash:ip', 'hash:ip,port'];
/** ipset(8) has more. */
const OTHER_TYPES =
  /^(bitmap:(ip|ip,mac|port)|hash:(mac|ip,mac|net,iface|net,net|net,port|net,port,net|ip,port,ip|ip,port,net|ip,mark)|list:set)$/;

export interface IpsetLine {
  readonly op: IpsetVerb;
  readonly words: readonly string[];
  /** -exist */
  readonly exist: boolean;
}

export function changeSets(io: CommandIo, here: Here, { op, words, exist }: IpsetLine): Parsed<string> {
  const [name] = words;
  if (name === undefined) {
    if (op === 'flush' || op === 'destroy') return changeAll(io, here, op);
    return err(misuse(`Missing mandatory argument to command ${op}`));
  }
  const change = changeOf(here, { op, name, words: words.slice(1), exist });
  if (!change.ok) return change;
  const stray = strayWord(op, words);
  if (stray !== undefined) return err(stray);
  // The compiler does not follow from the set's family to its members.
  const made = change.value as IpsetEdit['change'];
  const done = io.network.edit(here.id, { kind: 'ipset', set: name, change: made });
  return done.ok ? ok('') : err(complaint(done.message));
}

function strayWord(op: IpsetVerb, words: readonly string[]): Complaint | undefined {
  if (op === 'create') {
    return isPlainOptions(words.slice(2))
      ? undefined
      : complaint(`options of sets are not simulated: create ${words.slice(0, 2).join(' ')} takes none.`);
  }
  const word = words[op === 'flush' || op === 'destroy' ? 1 : 2];
  return word === undefined ? undefined : misuse(`Unknown argument ${word}`);
}

/** What `ipset save` writes after the type says what is so anyway. */
const isPlainOptions = (words: readonly string[]): boolean =>
  words.every((word, at) =>
    at % 2 === 0 ? ['family', 'hashsize', 'maxelem', 'bucketsize', 'initval'].includes(word) : true,
  );

function changeAll(io: CommandIo, here: Here, op: 'flush' | 'destroy'): Parsed<string> {
  const { netfilter, inet6 } = here.netns;
  for (const set of [...netfilter.ipsets.keys(), ...(inet6?.netfilter.ipsets.keys() ?? [])]) {
    const done = io.network.edit(here.id, { kind: 'ipset', set, change: { op } });
    if (!done.ok) return err(complaint(done.message));
  }
  return ok('');
}

interface NamedLine extends IpsetLine {
  readonly name: string;
}

function changeOf(here: Here, { op, name, words, exist }: NamedLine): Parsed<IpsetChange<Ip>> {
  const [word] = words;
  if (op === 'flush' || op === 'destroy') return ok({ op });
  if (word === undefined) return err(misuse(`Missing second mandatory argument to command ${op}`));
  const quiet = exist ? { quiet: true as const } : {};
  if (op === 'rename' || op === 'swap') return ok({ op, other: word });
  if (op === 'create') return creation(word, words, quiet);
  const set = setNamed(here, name);
  if (!set) return err(complaint('The set with the given name does not exist'));
  const member = memberOf(set.type, word, set.family);
  return member.ok ? ok({ op, member: member.value, ...quiet }) : member;
}

function setNamed(
  { netns }: Here,
  name: string,
): { readonly type: IpSet['type']; readonly family: IpFamily } | undefined {
  const family = familyOfSet(netns, name);
  const sets = family === 6 ? netns.inet6?.netfilter.ipsets : netns.netfilter.ipsets;
  const type = sets?.get(name)?.type;
  return family && type && { type, family };
}

function creation(
  word: string,
  words: readonly string[],
  quiet: { readonly quiet?: true },
): Parsed<IpsetChange<Ip>> {
  const type = TYPES.find((each) => each === word);
  const family = familyNamed(words);
  if (typeof family === 'string') return err(complaint(family));
  if (type) return ok({ op: 'create', type, ...(family === 6 ? { family } : {}), ...quiet });
  return err(
    complaint(
      OTHER_TYPES.test(word)
        ? `sets of type ${word} are not simulated; hash:net, hash:ip and hash:ip,port are.`
        : `Syntax error: typename '${word}' is unknown`,
    ),
  );
}

/** `family inet6`; a text is the complaint. */
function familyNamed(words: readonly string[]): IpFamily | string {
  const name = words[words.indexOf('family') + 1];
  if (!words.includes('family') || name === 'inet') return 4;
  return name === 'inet6' ? 6 : `Syntax error: unknown inet family ${name ?? ''}`;
}

const unresolved = (host: string, family: IpFamily): Complaint =>
  complaint(`Syntax error: cannot parse ${host}: resolving to IPv${family} address failed`);

function memberOf(type: IpSet['type'], word: string, family: IpFamily): Parsed<IpCidr | IpPort<Ip>> {
  const [host = '', rest] = word.split(',');
  if (type === 'hash:ip,port')
    return ipPortOf(word, { host: host.replace(/^\[(.*)\]$/, '$1'), rest, family });
  return prefixOf(type, host, family);
}

function prefixOf(type: IpSet['type'], host: string, family: IpFamily): Parsed<IpCidr> {
  const [text = '', length] = host.split('/');
  const bits = family === 4 ? 32 : 128;
  if (length !== undefined && !(/^\d+$/.test(length) && Number(length) <= bits))
    return err(complaint(`Syntax error: '${length}' is out of range 0-${bits}`));
  const address = parseIp(text);
  if (address === undefined || familyOf(address) !== family) return err(unresolved(text, family));
  if (type === 'hash:ip' && length !== undefined) return err(unresolved(host, family));
  if (length === '0') return err(complaint('The value of the CIDR parameter of the IP address is invalid'));
  return ok(ipCidrOf(address, Number(length ?? addressBits(address))));
}

const TCP = 6;

interface PortWords {
  readonly host: string;
  readonly rest: string | undefined;
  readonly family: IpFamily;
}

function ipPortOf(word: string, { host, rest, family }: PortWords): Parsed<IpPort<Ip>> {
  const address = parseIp(host);
  if (address === undefined || familyOf(address) !== family) return err(unresolved(host, family));
  if (rest === undefined) return err(complaint(`Syntax error: Second element is missing from ${word}.`));
  const [port = '', name] = rest.split(':').toReversed();
  const protocol =
    name === undefined ? TCP : [...PROTOCOL_NAMES].find(([, known]) => known === name.toLowerCase())?.[0];
  if (protocol === undefined)
    return err(complaint(`Syntax error: cannot parse '${name ?? ''}' as a protocol name`));
  if (!/^\d+$/.test(port) || Number(port) > 65_535)
    return err(complaint(`Syntax error: cannot parse '${port}' as a ${name ?? 'tcp'} port`));
  return ok({ address, protocol, port: Number(port) });
}
