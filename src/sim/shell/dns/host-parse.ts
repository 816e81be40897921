/** From the command line of `host` to its wishes. Options and complaints: host 9.18, compared with the real tool. */
import { err, ok } from '../../../base/result.ts';
import { DNS_PORT } from '../../../model/dns.ts';
import type { Parsed } from '../network/complaint.ts';
import { BIND_VERSION } from './dig.ts';
import { typeNamed } from './records.ts';
import { PATIENCE, type Patience } from './servers.ts';

export interface HostWishes {
  readonly name: string;
  readonly server: string | undefined;
  /** Undefined: addresses of both families and where its mail goes. */
  readonly type: number | undefined;
  readonly verbose: boolean;
  readonly recurse: boolean;
  readonly ndots: number | undefined;
  readonly port: number;
  readonly patience: Patience;
}

const USAGE = `Usage: host [-aCdilrTvVw] [-c class] [-N ndots] [-t type] [-W time]
            [-R number] [-m flag] [-p port] hostname [server]`;

/** Text of the simulator's own; options of the real tool that are not here are named at its end. */
const HELP = `${USAGE}
       -t TYPE     a, aaaa, any, cname, mx, ns, ptr, soa, srv or txt
       -v, -d      show the whole answer
       -r          do not ask for recursion
       -p PORT     of the server
       -N NDOTS    names with fewer dots go through the search list first
       -R NUMBER   how often to ask again
       -W SECONDS  how long to wait for an answer
       -4, -6      over this family alone
       -V          say the version
       not simulated: -a -A -C -D -l -m -T -w`;

const WITH_VALUE = 'cmNpRtW';
/** Real ones without an effect on what a lab's server answers. */
const IGNORED = 'insU46';
const REFUSED = 'aAClDTw';

interface Draft {
  type: number | undefined;
  verbose: boolean;
  recurse: boolean;
  ndots: number | undefined;
  port: number;
  tries: number;
  timeout: number;
}

/** Attempts unless -R says otherwise. */
const TRIES = 2;

/** Options end at the first word that is none. */
export function parseHost(args: readonly string[]): Parsed<HostWishes> {
  const draft: Draft = {
    type: undefined,
    verbose: false,
    recurse: true,
    ndots: undefined,
    port: DNS_PORT,
    tries: TRIES,
    timeout: PATIENCE.timeout,
  };
  const rest = [...args];
  const seen = new Set<string>();
  for (let word = rest[0]; word?.startsWith('-') === true && word !== '-'; word = rest[0]) {
    rest.shift();
    if (word === '--') break;
    const problem = readLetters(draft, { letters: word.slice(1), rest, seen });
    if (problem) return problem;
  }
  if (seen.has('4') && seen.has('6')) return complain('only one of -4 and -6 allowed');
  const [name, server] = rest;
  if (name === undefined) return usage();
  const { tries, timeout, ...wishes } = draft;
  return ok({ ...wishes, name, server, patience: { tries, timeout } });
}

const usage = (problem?: string): Parsed<never> =>
  err({ status: 1, message: problem === undefined ? HELP : `host: ${problem}\n${HELP}` });

const complain = (message: string, status = 1): Parsed<never> => err({ status, message: `host: ${message}` });

interface Letters {
  readonly letters: string;
  /** The words that follow. */
  readonly rest: string[];
  readonly seen: Set<string>;
}

/** Several letters may share a dash; the value of one is what follows it, or the next word. */
function readLetters(draft: Draft, { letters, rest, seen }: Letters): Parsed<never> | undefined {
  for (const [at, letter] of [...letters].entries()) {
    seen.add(letter);
    if (WITH_VALUE.includes(letter)) {
      const value = letters.slice(at + 1) || rest.shift();
      if (value === undefined) return usage(`option requires an argument -- ${letter}`);
      return readValue(draft, letter, value);
    }
    if (letter === 'V') return err({ status: 0, message: `host ${BIND_VERSION}` });
    if (REFUSED.includes(letter)) return refused(`-${letter}`);
    if (letter === 'v' || letter === 'd') draft.verbose = true;
    else if (letter === 'r') draft.recurse = false;
    else if (!IGNORED.includes(letter)) return usage(`illegal option -- ${letter}`);
  }
  return undefined;
}

const refused = (what: string): Parsed<never> =>
  complain(`${what} is an option of the real tool that the simulator does not have.`);

function readValue(draft: Draft, letter: string, value: string): Parsed<never> | undefined {
  // atoi(3)
  const amount = Number(/^\d+/.exec(value)?.[0] ?? 0);
  switch (letter) {
    case 't':
      draft.type = typeNamed(value);
      return draft.type === undefined ? complain(`invalid type: ${value}\n`, 2) : undefined;
    case 'c':
      return /^in$/i.test(value) ? undefined : refused(`-c ${value}`);
    case 'N':
      draft.ndots = amount;
      return undefined;
    case 'p':
      draft.port = amount;
      return undefined;
    case 'R':
      draft.tries = Math.max(TRIES, amount + 1);
      return undefined;
    case 'W':
      draft.timeout = Math.max(1, amount) * 1000;
      return undefined;
    default:
      return refused(`-${letter}`);
  }
}
