/**
 * `curl` 7.88.1 for http: the body on stdout, everything about it on stderr. Each transfer is one TCP connection through the
 * lab's stacks (`NetworkPort.http`).
 */
import { utf8 } from '../../../base/bytes.ts';
import type { Command, CommandIo } from '../command.ts';
import { resolvePath } from '../interpreter/paths.ts';
import { flagWords } from '../network/flags.ts';
import { CURL } from './flags.ts';
import { METER_HEAD, METER_START, meterLine } from './meter.ts';
import { parseCurl, type CurlWishes } from './parse.ts';
import { Transfer, type TransferResult } from './transfer.ts';
import { hostHeader, parseUrl, type HttpUrl } from './url.ts';
import { NO_RESPONSE, writeOut, type ResponseFacts } from './write-out.ts';

export const curl: Command = {
  name: 'curl',
  summary: 'fetch a page over HTTP',
  places: ['workstation', 'node', 'router', 'host', 'pod'],
  async run(io: CommandIo): Promise<number> {
    const line = parseCurl(io.args);
    if (!line.ok) {
      await io.stderr.write(`${line.error.message}\n`);
      return line.error.status;
    }
    if (line.value.kind === 'text') {
      await io.stdout.write(line.value.text);
      return 0;
    }
    const { wishes } = line.value;
    let status = 0;
    for (const url of wishes.urls) {
      if (io.signal.aborted) break;
      status = await fetchUrl(io, wishes, url);
    }
    return status;
  },
  complete: (words) => (words.at(-1)?.startsWith('-') === true ? flagWords(CURL) : ['http://']),
};

async function fetchUrl(io: CommandIo, wishes: CurlWishes, text: string): Promise<number> {
  const url = parseUrl(text);
  if (!url.ok) {
    if (wishes.showError) await io.stderr.write(`curl: (${url.error.code}) ${url.error.text}\n`);
    return url.error.code;
  }
  return new Fetch(io, wishes, url.value).run();
}

class Fetch {
  readonly #io: CommandIo;
  readonly #wishes: CurlWishes;
  readonly #url: HttpUrl;
  readonly #start: number;
  readonly #file: string | undefined;
  #downloaded = 0;

  constructor(io: CommandIo, wishes: CurlWishes, url: HttpUrl) {
    this.#io = io;
    this.#wishes = wishes;
    this.#url = url;
    this.#start = io.clock.now();
    this.#file = wishes.remoteName ? url.path.replace(/\?.*/s, '').split('/').at(-1) : wishes.output;
  }

  async run(): Promise<number> {
    if (this.#file === '') return this.#complain(23, 'Remote file name has no length!');
    if (this.#hasMeter()) await this.#tell(METER_HEAD + METER_START);
    let result: TransferResult;
    try {
      result = await new Transfer(this.#io, this.#wishes, this.#url).run();
    } catch (reason) {
      if (!this.#io.signal.aborted) throw reason;
      return INTERRUPTED;
    }
    const code = result.kind === 'response' ? await this.#response(result) : await this.#failure(result);
    await this.#writeOut(result, code);
    return code;
  }

  /** The meter is not shown where it would mix with the body on a terminal. */
  #hasMeter(): boolean {
    const { meter } = this.#wishes;
    return meter && !(this.#io.tty !== undefined && (this.#file === undefined || this.#file === '-'));
  }

  async #response(result: Extract<TransferResult, { readonly kind: 'response' }>): Promise<number> {
    const { status, headers, body } = result.response;
    const lines = [
      `HTTP/1.1 ${status} ${REASONS[status] ?? ''}`,
      ...headers.map(([name, value]) => `${name}: ${value}`),
      '',
    ];
    const isError = this.#wishes.fail && status >= 400;
    await this.#verbose(result.notes);
    await this.#conversation(lines, isError ? '' : body);
    if (isError) {
      await this.#endMeter();
      return this.#complain(22, `The requested URL returned error: ${status}`);
    }
    const head = this.#wishes.include ? lines.map((line) => `${line}\r\n`).join('') : '';
    this.#downloaded = utf8(body).length;
    const complaint = await this.#deliver(head + body);
    await this.#endMeter();
    if (this.#wishes.verbose) await this.#tell(`* Connection #0 to host ${this.#url.host} left intact\n`);
    return complaint ?? 0;
  }

  /** The request and the response headers as -v shows them. */
  async #conversation(responseLines: readonly string[], body: string): Promise<void> {
    if (!this.#wishes.verbose) return;
    const sent = this.#requestLines().map((line) => `> ${line}\n`);
    const received = responseLines.map((line) => `< ${line}\n`);
    const hidden = this.#io.tty === undefined || this.#file !== undefined;
    const data = body !== '' && hidden ? [`{ [${utf8(body).length} bytes data]\n`] : [];
    await this.#tell([...sent, ...received, ...data].join(''));
  }

  #requestLines(): readonly string[] {
    const { method, headers, userAgent } = this.#wishes;
    const host = headers.find((header) => /^host:/i.test(header)) ?? `Host: ${hostHeader(this.#url)}`;
    const others = headers.filter((header) => !/^host:/i.test(header));
    return [
      `${method} ${this.#url.path} HTTP/1.1`,
      host,
      `User-Agent: ${userAgent}`,
      'Accept: */*',
      ...others,
      '',
    ];
  }

  async #failure({
    code,
    error,
    notes,
  }: Extract<TransferResult, { readonly kind: 'failed' }>): Promise<number> {
    await this.#verbose(notes);
    await this.#endMeter();
    return this.#complain(code, error);
  }

  async #verbose(notes: readonly string[]): Promise<void> {
    if (this.#wishes.verbose) await this.#tell(notes.map((note) => `* ${note}\n`).join(''));
  }

  async #endMeter(): Promise<void> {
    if (this.#hasMeter()) await this.#tell(`${meterLine(this.#downloaded, this.#elapsed())}\n`);
  }

  async #complain(code: number, text: string): Promise<number> {
    if (this.#wishes.showError) await this.#tell(`curl: (${code}) ${text}\n`);
    return code;
  }

  /** The body to stdout or to its file; an exit code when that fails. */
  async #deliver(text: string): Promise<number | undefined> {
    if (this.#file === undefined || this.#file === '-') {
      if (text !== '') await this.#io.stdout.write(text);
      return undefined;
    }
    if (this.#file === '/dev/null') return undefined;
    const complaint = this.#io.files.write(resolvePath(this.#io.cwd, this.#file), utf8(text));
    if (complaint === undefined) return undefined;
    if (!this.#wishes.silent)
      await this.#tell(`Warning: Failed to open the file ${this.#file}: ${complaint}\n`);
    return this.#complain(23, 'Failure writing output to destination');
  }

  async #writeOut(result: TransferResult, exitCode: number): Promise<void> {
    if (this.#wishes.writeOut === undefined) return;
    const { text, unknown } = writeOut(this.#wishes.writeOut, {
      ...(result.kind === 'response' ? this.#responseFacts(result) : NO_RESPONSE),
      totalTime: this.#elapsed(),
      downloaded: this.#downloaded,
      url: this.#url.whole,
      method: this.#wishes.method,
      exitCode,
      error: result.kind === 'failed' ? result.error : '',
    });
    for (const name of unknown) await this.#tell(`curl: unknown --write-out variable: '${name}'\n`);
    if (text !== '') await this.#io.stdout.write(text);
  }

  #responseFacts({
    response,
    remote,
    local,
  }: Extract<TransferResult, { readonly kind: 'response' }>): ResponseFacts {
    const contentType = response.headers.find(([name]) => name.toLowerCase() === 'content-type');
    return {
      httpCode: response.status,
      connectTime: this.#elapsed() / 2,
      remoteAddress: remote,
      remotePort: this.#url.port,
      localAddress: local,
      contentType: contentType?.[1] ?? '',
    };
  }

  #elapsed(): number {
    return this.#io.clock.now() - this.#start;
  }

  async #tell(text: string): Promise<void> {
    await this.#io.stderr.write(text);
  }
}

const INTERRUPTED = 130;

/** RFC 9110. */
const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};
