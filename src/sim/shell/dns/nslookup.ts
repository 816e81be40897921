/**
 * `nslookup` of BIND 9.18 (not busybox's), with a name and perhaps a server: the address, the other types with -type=. It
 * follows the search list, and says so when the server does not recurse: CoreDNS does not set that bit for the cluster's own
 * names. Interactive use is not simulated. Layout compared with the real tool before a server that answers like CoreDNS.
 */
import {
  DNS_CODE,
  DNS_TYPE,
  recordAddress,
  recordAuthority,
  recordName,
  recordService,
  reverseName,
  type DnsMessage,
  type DnsRecord,
} from '../../../model/dns.ts';
import { formatIp, parseIp } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import type { Command, CommandIo } from '../command.ts';
import { candidates, resolverConfig } from '../network/resolver.ts';
import { BIND_VERSION } from './dig.ts';
import { codeName, typeNamed } from './records.ts';
import {
  askPatiently,
  failuresText,
  PATIENCE,
  serverToAsk,
  unreachedText,
  type Patience,
} from './servers.ts';

export const nslookup: Command = {
  name: 'nslookup',
  summary: 'look a name up',
  places: ['node', 'router', 'host', 'pod'],
  run,
  complete: () => ['-type=A', '-type=SRV', '-type=PTR', '-type=CNAME', '-type=SOA', '-type=AAAA'],
};

interface Wishes {
  readonly name: string;
  readonly server: string | undefined;
  /** Undefined: an address, of either family. */
  readonly type: number | undefined;
  readonly search: boolean;
  readonly port: number;
  readonly patience: Patience;
}

async function run(io: CommandIo): Promise<number> {
  if (/^-v(er(sion)?)?$/.test(io.args[0] ?? '')) {
    await io.stdout.write(`nslookup ${BIND_VERSION}\n`);
    return 0;
  }
  const wishes = await parse(io);
  if (!wishes) {
    await io.stderr.write('nslookup: interactive use is not simulated: give a name, as in `nslookup web`.\n');
    return 1;
  }
  const server = await serverToAsk(io, wishes.server, { program: 'nslookup', missing: 'not found' });
  return server === undefined ? 1 : new Look(io, wishes, server).run();
}

/** Options of the command line; a mistake among them is told, and the look-up goes on. */
async function parse(io: CommandIo): Promise<Wishes | undefined> {
  const [name, server] = io.args.filter((word) => !word.startsWith('-') || word === '-');
  const draft = { type: undefined, search: true, port: 53, ...PATIENCE };
  for (const word of io.args.filter((each) => each.startsWith('-') && each !== '-')) {
    const complaint = readOption(draft, word.slice(1));
    if (complaint !== undefined) await io.stdout.write(`${complaint}\n`);
  }
  const { type, search, port, tries, timeout } = draft;
  return name === undefined || name === '-'
    ? undefined
    : { name, server, type, search, port, patience: { tries, timeout } };
}

interface Draft {
  type: number | undefined;
  search: boolean;
  port: number;
  tries: number;
  timeout: number;
}

function readOption(draft: Draft, text: string): string | undefined {
  const [option = '', value = ''] = text.split('=');
  if (/^(type|query|querytype|ty|q)$/.test(option)) {
    draft.type = typeNamed(value);
    return draft.type === undefined ? `unknown query type: ${value}` : undefined;
  }
  if (/^(no)?(sea|search)$/.test(option)) draft.search = !option.startsWith('no');
  else if (/^(timeout|retry|port)$/.test(option) && /^\d+$/.test(value))
    readAmount(draft, option, Number(value));
  else if (!/^(no)?(rec|recurse|fail|d2|debug|vc|def|defname|msg)$/.test(option))
    return `*** Invalid option: ${option}`;
  return undefined;
}

function readAmount(draft: Draft, option: string, amount: number): void {
  if (option === 'timeout') draft.timeout = amount * 1000;
  else if (option === 'retry') draft.tries = Math.max(1, amount);
  else draft.port = amount;
}

class Look {
  readonly #io: CommandIo;
  readonly #wishes: Wishes;
  readonly #server: Ip;
  #headed = false;

  constructor(io: CommandIo, wishes: Wishes, server: Ip) {
    this.#io = io;
    this.#wishes = wishes;
    this.#server = server;
  }

  async run(): Promise<number> {
    const { name, type } = this.#wishes;
    const address = parseIp(name);
    const status =
      address !== undefined && (type === undefined || type === DNS_TYPE.PTR)
        ? await this.#backwards(address)
        : await this.#forwards(name);
    await this.#print('\n');
    return status;
  }

  /** Reverse look-ups come without the server's address. */
  async #backwards(address: Ip): Promise<number> {
    this.#headed = true;
    const name = reverseName(address);
    const answer = await this.#ask(name, DNS_TYPE.PTR);
    if (answer === undefined) return 1;
    return this.#show(answer, name.slice(0, -1));
  }

  async #forwards(name: string): Promise<number> {
    const { type = DNS_TYPE.A } = this.#wishes;
    const tried = this.#names(name);
    for (const [at, candidate] of tried.entries()) {
      const answer = await this.#ask(candidate, type);
      if (answer === undefined) return 1;
      if (answer.code === DNS_CODE.nameError && at < tried.length - 1) continue;
      const status = await this.#show(answer, name);
      return status === 0 && this.#wishes.type === undefined ? this.#otherFamily(answer, candidate) : status;
    }
    return 0;
  }

  #names(name: string): readonly string[] {
    const config = resolverConfig(this.#io);
    if (name.endsWith('.')) return [name];
    return this.#wishes.search && config ? candidates(name, config) : [`${name}.`];
  }

  /** IPv6 addresses of the same name, or of what it is an alias for. */
  async #otherFamily(answer: DnsMessage, name: string): Promise<number> {
    const target = answer.answers.map(recordName).findLast((found) => found !== undefined);
    const further = await this.#ask(target ?? name, DNS_TYPE.AAAA);
    if (further === undefined) return 1;
    if (further.code === DNS_CODE.noError) {
      const addresses = further.answers.filter(({ type }) => type === DNS_TYPE.AAAA);
      await this.#print(addresses.map(recordText).join(''));
      return 0;
    }
    await this.#print(`** server can't find ${(target ?? name).slice(0, -1)}: ${codeName(further.code)}\n`);
    return 1;
  }

  /** Undefined when no answer came; that has been told then. */
  async #ask(name: string, type: number): Promise<DnsMessage | undefined> {
    const { port, patience, server } = this.#wishes;
    const shown = formatIp(this.#server);
    const asked = await askPatiently(this.#io, { server: this.#server, port, name, type }, patience);
    const { answer } = asked;
    const typed = { server: this.#server, port, name: this.#wishes.name };
    await this.#print(failuresText(asked, typed) + (answer ? '' : unreachedText(asked)));
    if (!answer) return undefined;
    if (answer.code === DNS_CODE.serverFailure) await this.#print(`;; Got SERVFAIL reply from ${shown}\n`);
    else if (!answer.recursionAvailable && server === undefined)
      await this.#print(`;; Got recursion not available from ${shown}\n`);
    return answer;
  }

  async #show(answer: DnsMessage, name: string): Promise<number> {
    await this.#head();
    if (answer.code !== DNS_CODE.noError) {
      await this.#print(`** server can't find ${name.replace(/\.$/, '')}: ${codeName(answer.code)}\n`);
      return 1;
    }
    if (answer.answers.length === 0) {
      await this.#print(`*** Can't find ${name.replace(/\.$/, '')}: No answer\n`);
      return 0;
    }
    await this.#print(answer.answers.map(recordText).join(''));
    return 0;
  }

  async #head(): Promise<void> {
    if (this.#headed) return;
    this.#headed = true;
    const shown = formatIp(this.#server);
    await this.#print(`Server:\t\t${shown}\nAddress:\t${shown}#${this.#wishes.port}\n\n`);
  }

  #print(text: string): Promise<void> {
    return this.#io.stdout.write(text);
  }
}

function recordText(record: DnsRecord): string {
  const name = record.name.slice(0, -1);
  const address = recordAddress(record);
  if (address !== undefined) return `Name:\t${name}\nAddress: ${formatIp(address)}\n`;
  const target = recordName(record);
  if (target !== undefined) return `${name}\t${NAME_WORDS[record.type] ?? 'name'} = ${target}\n`;
  const service = recordService(record);
  if (service)
    return `${name}\tservice = ${service.priority} ${service.weight} ${service.port} ${service.target}\n`;
  const soa = recordAuthority(record);
  if (!soa) return '';
  const [serial, refresh, retry, expire, minimum] = soa.numbers;
  const rows = [
    name,
    `\torigin = ${soa.server.slice(0, -1)}`,
    `\tmail addr = ${soa.mailbox.slice(0, -1)}`,
    `\tserial = ${serial}`,
    `\trefresh = ${refresh}`,
    `\tretry = ${retry}`,
    `\texpire = ${expire}`,
    `\tminimum = ${minimum}`,
  ];
  return rows.map((row) => `${row}\n`).join('');
}

const NAME_WORDS: Readonly<Record<number, string>> = {
  [DNS_TYPE.CNAME]: 'canonical name',
  [DNS_TYPE.PTR]: 'name',
  [DNS_TYPE.NS]: 'nameserver',
};
