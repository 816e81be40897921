/** `ipset` create, add, del, flush, destroy, rename, swap. Complaints: ipset 7.17, compared with the real tool. */
import { err, ok } from '../../../base/result.ts';
import { cidrOf, parseInterfaceAddress, parseIpv4, type Cidr } from '../../../model/ip.ts';
import type { IpsetChange } from '../../net/edit-ipset.ts';
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
  const done = io.network.edit(here.id, { kind: 'ipset', set: name, change: change.value });
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
  const before = here.netns.netfilter;
  for (const set of before.ipsets.keys()) {
    const done = io.network.edit(here.id, { kind: 'ipset', set, change: { op } });
    if (!done.ok) return err(complaint(done.message));
  }
  return ok('');
}

interface NamedLine extends IpsetLine {
  readonly name: string;
}

function changeOf(here: Here, { op, name, words, exist }: NamedLine): Parsed<IpsetChange> {
  const [word] = words;
  if (op === 'flush' || op === 'destroy') return ok({ op });
  if (word === undefined) return err(misuse(`Missing second mandatory argument to command ${op}`));
  const quiet = exist ? { quiet: true } : {};
  if (op === 'rename' || op === 'swap') return ok({ op, other: word });
  if (op === 'create') {
    const type = TYPES.find((each) => each === word);
    if (type) return ok({ op, type, ...quiet });
    return err(
      complaint(
        OTHER_TYPES.test(word)
          ? `sets of type ${word} are not simulated; hash:net, hash:ip and hash:ip,port are.`
          : `Syntax error: typename '${word}' is unknown`,
      ),
    );
  }
  const set = here.netns.netfilter.ipsets.get(name);
  if (!set) return err(complaint('The set with the given name does not exist'));
  const member = memberOf(set.type, word);
  return member.ok ? ok({ op, member: member.value, ...quiet }) : member;
}

function memberOf(type: IpSet['type'], word: string): Parsed<Cidr | IpPort> {
  const [host = '', rest] = word.split(',');
  if (type === 'hash:ip,port') return ipPortOf(word, host, rest);
  const address = parseIpv4(host);
  const prefix = address === undefined ? parseInterfaceAddress(host) : { address, length: 32 };
  if (!prefix || (type === 'hash:ip' && address === undefined))
    return err(complaint(`Syntax error: cannot parse ${host}: resolving to IPv4 address failed`));
  return ok(cidrOf(prefix.address, prefix.length));
}

const TCP = 6;

function ipPortOf(word: string, host: string, rest: string | undefined): Parsed<IpPort> {
  const address = parseIpv4(host);
  if (address === undefined)
    return err(complaint(`Syntax error: cannot parse ${host}: resolving to IPv4 address failed`));
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
