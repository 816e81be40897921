/**
 * `host` of BIND 9.18: a sentence for each record. Of a name it asks for A, AAAA and MX, of an address for its name. It follows
 * the search list, and asks the server of /etc/resolv.conf unless another is named. Zone transfers and questions over TCP are
 * not simulated. Layout compared with the real tool before a server that answers like CoreDNS.
 */
import {
  DNS_CODE,
  DNS_TYPE,
  recordName,
  reverseName,
  type DnsMessage,
  type DnsRecord,
} from '../../../model/dns.ts';
import { formatIp, parseIp } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import type { Command, CommandIo } from '../command.ts';
import { candidates, resolverConfig } from '../network/resolver.ts';
import { questionRow, recordRow, summaryRows } from './dig-print.ts';
import { parseHost, type HostWishes } from './host-parse.ts';
import { codeName, dataText, typeName } from './records.ts';
import { askPatiently, failuresText, serverToAsk, unreachedText, type Asked } from './servers.ts';

export const host: Command = {
  name: 'host',
  summary: 'look a name or an address up',
  places: ['node', 'router', 'host', 'pod'],
  run,
  complete: () => ['-t', '-v', '-r', '-p', '-N', '-R', '-W', '-4', '-6', '-V'],
};

async function run(io: CommandIo): Promise<number> {
  const wishes = parseHost(io.args);
  if (!wishes.ok) {
    await io.stderr.write(`${wishes.error.message}\n`);
    return wishes.error.status;
  }
  const server = await serverToAsk(io, wishes.value.server, { program: 'host', missing: 'failure' });
  return server === undefined ? 1 : new LookUp(io, wishes.value, server).run();
}

interface Question {
  /** As complaints spell it. */
  readonly spelt: string;
  readonly type: number;
  /** Absolute names that are tried one after the other. */
  readonly names: readonly string[];
}

class LookUp {
  readonly #io: CommandIo;
  readonly #wishes: HostWishes;
  readonly #server: Ip;
  /** Undefined before any answer; a failure is not forgotten. */
  #failed: boolean | undefined;
  #named = false;

  constructor(io: CommandIo, wishes: HostWishes, server: Ip) {
    this.#io = io;
    this.#wishes = wishes;
    this.#server = server;
  }

  async run(): Promise<number> {
    const { name, type } = this.#wishes;
    const address = parseIp(name);
    if (address !== undefined) {
      const reverse = reverseName(address);
      await this.#ask({ spelt: withoutDot(reverse), type: DNS_TYPE.PTR, names: [reverse] });
    } else {
      const names = this.#searched(name);
      const answer = await this.#ask({ spelt: name, type: type ?? DNS_TYPE.A, names });
      if (type === undefined && answer?.code === DNS_CODE.noError) await this.#further(answer);
    }
    return this.#failed === false ? 0 : 1;
  }

  #searched(name: string): readonly string[] {
    if (name.endsWith('.')) return [name];
    const config = resolverConfig(this.#io);
    if (!config) return [`${name}.`];
    return candidates(name, { ...config, ndots: this.#wishes.ndots ?? config.ndots });
  }

  /** The other questions about the same name, or about what it is an alias for. */
  async #further({ questions, answers }: DnsMessage): Promise<void> {
    const name =
      answers
        .filter(({ type }) => type === DNS_TYPE.CNAME)
        .map(recordName)
        .at(-1) ??
      questions[0]?.name ??
      '.';
    for (const type of [DNS_TYPE.AAAA, DNS_TYPE.MX]) {
      if (this.#io.signal.aborted) return;
      await this.#ask({ spelt: withoutDot(name), type, names: [name] });
    }
  }

  /** Undefined when no answer came. */
  async #ask({ spelt, type, names }: Question): Promise<DnsMessage | undefined> {
    const { port, patience, recurse, verbose } = this.#wishes;
    for (const [at, name] of names.entries()) {
      if (verbose) await this.#print(`Trying "${withoutDot(name)}"\n`);
      const query = { server: this.#server, port, name, type, recurse };
      const asked = await askPatiently(this.#io, query, patience);
      await this.#print(failuresText(asked, { server: this.#server, port, name: spelt }));
      const { answer } = asked;
      if (!answer) {
        await this.#print(unreachedText(asked));
        return undefined;
      }
      if (answer.code === DNS_CODE.nameError && at < names.length - 1) continue;
      const shown = answer.code === DNS_CODE.nameError ? spelt : withoutDot(name);
      await this.#print(this.#head() + this.#answerText(asked, answer, shown));
      this.#failed = this.#failed === true || answer.code !== DNS_CODE.noError;
      return answer;
    }
    return undefined;
  }

  /** Which server was asked, if the command line named one. */
  #head(): string {
    const { server, port } = this.#wishes;
    if (server === undefined || this.#named) return '';
    this.#named = true;
    return `Using domain server:\nName: ${server}\nAddress: ${formatIp(this.#server)}#${port}\nAliases: \n\n`;
  }

  #answerText({ bytes, time }: Asked, answer: DnsMessage, name: string): string {
    const { port, type, verbose } = this.#wishes;
    const text =
      answer.code === DNS_CODE.noError
        ? verbose
          ? wholeText(answer)
          : sentences(answer, type === undefined && !isReverse(answer))
        : `Host ${name} not found: ${answer.code}(${codeName(answer.code)})\n`;
    if (!verbose) return text;
    return `${text}Received ${bytes} bytes from ${formatIp(this.#server)}#${port} in ${Math.floor(time)} ms\n`;
  }

  async #print(text: string): Promise<void> {
    if (text !== '') await this.#io.stdout.write(text);
  }
}

const withoutDot = (name: string): string => (name.length > 1 ? name.replace(/\.$/, '') : name);

const isReverse = ({ questions }: DnsMessage): boolean => questions[0]?.type === DNS_TYPE.PTR;

/** Of several questions about a name those without an answer say nothing. */
function sentences({ questions, answers }: DnsMessage, severally: boolean): string {
  const [question] = questions;
  if (answers.length === 0 && question && !severally)
    return `${withoutDot(question.name)} has no ${typeName(question.type)} record\n`;
  return answers.map((record) => `${sentence(record)}\n`).join('');
}

const WORDS: Readonly<Record<number, string>> = {
  [DNS_TYPE.A]: 'has address',
  [DNS_TYPE.NS]: 'name server',
  [DNS_TYPE.CNAME]: 'is an alias for',
  [DNS_TYPE.PTR]: 'domain name pointer',
  [DNS_TYPE.MX]: 'mail is handled by',
  [DNS_TYPE.TXT]: 'descriptive text',
  [DNS_TYPE.AAAA]: 'has IPv6 address',
};

const sentence = (record: DnsRecord): string =>
  `${withoutDot(record.name)} ${WORDS[record.type] ?? `has ${typeName(record.type)} record`} ${dataText(record)}`;

/** Every section that has records, with an empty line between them. */
function wholeText(answer: DnsMessage): string {
  const section = (title: string, rows: readonly string[]): readonly string[] =>
    rows.length === 0 ? [] : ['', `;; ${title} SECTION:`, ...rows];
  return [
    ...summaryRows(answer),
    ...section('QUESTION', answer.questions.map(questionRow)),
    ...section('ANSWER', answer.answers.map(recordRow)),
    ...section('AUTHORITY', answer.authorities.map(recordRow)),
    ...section('ADDITIONAL', (answer.additionals ?? []).map(recordRow)),
    '',
  ]
    .map((line) => `${line}\n`)
    .join('');
}
