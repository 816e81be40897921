/**
 * `dig` of BIND 9.18: one question, the whole answer. It asks over the lab's network, EDNS and cookie included; the server is
 * the one of /etc/resolv.conf unless @ names another. Real dig uses TCP for large answers; a lab has none.
 */
import { formatIp } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import type { Command, CommandIo } from '../command.ts';
import { mix } from '../../net/flow-hash.ts';
import { identifierOf } from '../network/identifier.ts';
import { candidates, resolverConfig } from '../network/resolver.ts';
import { parseDig, REFUSED, SWITCHES, type DigWishes } from './dig-parse.ts';
import { answerText, shortText, statisticsText } from './dig-print.ts';
import { askPatiently, failuresText, serverToAsk, unreachedText, type Asked } from './servers.ts';

/** Of Debian 12's bind9-dnsutils. */
export const BIND_VERSION = '9.18.49-1~deb12u3-Debian';
const NAME_ERROR = 3;

export const dig: Command = {
  name: 'dig',
  summary: 'ask a name server',
  places: ['node', 'router', 'host', 'pod'],
  run,
  complete: (words) =>
    words.at(-1)?.startsWith('+') === true
      ? [...Object.keys(SWITCHES), 'all'].flatMap((name) => [`+${name}`, `+no${name}`])
      : ['A', 'AAAA', 'SRV', 'PTR', 'CNAME', 'SOA', '-x', '+short', '+noall', '+answer', '+search'],
};

async function run(io: CommandIo): Promise<number> {
  if (io.args[0] === '-v') return print(io, `DiG ${BIND_VERSION}\n`);
  if (io.args[0] === '-h') return print(io, HELP);
  const wishes = parseDig(io.args);
  if (!wishes.ok) {
    await io.stderr.write(`${wishes.error.message}\n`);
    return wishes.error.status;
  }
  const server = await serverToAsk(io, wishes.value.server, { program: 'dig', missing: 'not found' });
  if (server === undefined) return 1;
  let status = 0;
  for (const [at, lookUp] of wishes.value.lookUps.entries()) {
    if (io.signal.aborted) break;
    status = Math.max(status, await new Dig(io, wishes.value, server).ask(lookUp, at === 0));
  }
  return status;
}

async function print(io: CommandIo, text: string): Promise<number> {
  await io.stdout.write(text);
  return 0;
}

class Dig {
  readonly #io: CommandIo;
  readonly #wishes: DigWishes;
  readonly #server: Ip;

  constructor(io: CommandIo, wishes: DigWishes, server: Ip) {
    this.#io = io;
    this.#wishes = wishes;
    this.#server = server;
  }

  /** The first of a line's questions comes with the command itself. */
  async ask({ name, type }: DigWishes['lookUps'][number], first: boolean): Promise<number> {
    const { display, port } = this.#wishes;
    const head = first && display.cmd ? this.#head() : '';
    const tried = this.#names(name);
    for (const [at, candidate] of tried.entries()) {
      const asked = await this.#question(candidate, type);
      await this.#io.stdout.write(failuresText(asked, { server: this.#server, port, name }));
      if (!asked.answer) return this.#unanswered(asked, head);
      if (asked.answer.code === NAME_ERROR && at < tried.length - 1) continue;
      if (display.short) return print(this.#io, shortText(asked.answer));
      const date = this.#io.clock.epoch + this.#io.clock.now();
      const statistics = display.stats ? statisticsText(asked, formatIp(this.#server), port, date) : '';
      return print(this.#io, head + answerText(asked, asked.answer, display) + statistics);
    }
    return 0;
  }

  /** +search goes through the search list, as the resolver does. */
  #names(name: string): readonly string[] {
    const absolute = name.endsWith('.') ? name : `${name}.`;
    if (!this.#wishes.search) return [absolute];
    const config = resolverConfig(this.#io);
    if (!config) return [absolute];
    return candidates(name, { ...config, ndots: this.#wishes.ndots ?? config.ndots });
  }

  #question(name: string, type: number): Promise<Asked> {
    const { port, recurse, adflag, edns, cookie } = this.#wishes;
    const number = identifierOf(this.#io, `cookie ${name}`);
    const bytes = Uint8Array.from({ length: 8 }, (_, at) => mix(number, at) & 255);
    return askPatiently(
      this.#io,
      {
        server: this.#server,
        port,
        name,
        type,
        recurse,
        authenticData: adflag,
        ...(edns && { edns: { udpSize: 1232, ...(cookie && { cookie: bytes }) } }),
      },
      this.#wishes,
    );
  }

  async #unanswered(asked: Asked, head: string): Promise<number> {
    const text = unreachedText(asked);
    if (text !== '') await this.#io.stdout.write(head + text);
    return 9;
  }

  #head(): string {
    return `\n; <<>> DiG ${BIND_VERSION} <<>> ${this.#io.args.join(' ')}\n;; global options: +cmd\n`;
  }
}

const HELP = `Usage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}
        q-type   is one of (a,aaaa,any,cname,mx,ns,ptr,soa,srv,txt) [default:a]
        q-opt    is one of:
                 -4                  (the only transport of a lab)
                 -p port             (specify port number)
                 -q name             (specify query name)
                 -t type             (specify query type)
                 -x dot-notation     (shortcut for reverse lookups)
                 +[no]keyword        (${Object.keys(SWITCHES).join(', ')}, all)
                 +ndots=###  +tries=###  +retry=###  +time=###
        not simulated: ${REFUSED.map((name) => `+${name}`).join(' ')}
`;
