/** `-w`: the format's variables and escapes (curl 7.88.1 tool_writeout.c, compared with the real tool). */

/** What is known once a server has answered. */
export interface ResponseFacts {
  readonly httpCode: number;
  /** Milliseconds. */
  readonly connectTime: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly contentType: string;
}

export const NO_RESPONSE: ResponseFacts = {
  httpCode: 0,
  connectTime: 0,
  remoteAddress: '',
  remotePort: 0,
  localAddress: '',
  contentType: '',
};

export interface WriteOutFacts extends ResponseFacts {
  /** Milliseconds. */
  readonly totalTime: number;
  readonly downloaded: number;
  readonly url: string;
  readonly method: string;
  readonly exitCode: number;
  readonly error: string;
}

const VARIABLES: Readonly<Record<string, (facts: WriteOutFacts) => string>> = {
  http_code: ({ httpCode }) => String(httpCode).padStart(3, '0'),
  response_code: ({ httpCode }) => String(httpCode).padStart(3, '0'),
  time_total: ({ totalTime }) => (totalTime / 1000).toFixed(6),
  time_connect: ({ connectTime }) => (connectTime / 1000).toFixed(6),
  remote_ip: ({ remoteAddress }) => remoteAddress,
  remote_port: ({ remotePort }) => String(remotePort),
  local_ip: ({ localAddress }) => localAddress,
  size_download: ({ downloaded }) => String(downloaded),
  url_effective: ({ url }) => url,
  url: ({ url }) => url,
  exitcode: ({ exitCode }) => String(exitCode),
  errormsg: ({ error }) => error,
  content_type: ({ contentType }) => contentType,
  method: ({ method }) => method,
  scheme: () => 'HTTP',
};

export interface WrittenOut {
  readonly text: string;
  /** Names that curl does not know: it complains of each and prints nothing for it. */
  readonly unknown: readonly string[];
}

export function writeOut(format: string, facts: WriteOutFacts): WrittenOut {
  const unknown: string[] = [];
  const text = format.replaceAll(/%\{(\w+)\}|%%|\\([nrt])/g, (whole, name?: string, escape?: string) => {
    if (escape !== undefined) return ESCAPES[escape] ?? '';
    if (name === undefined) return whole === '%%' ? '%' : whole;
    const variable = VARIABLES[name];
    if (variable) return variable(facts);
    unknown.push(name);
    return '';
  });
  return { text, unknown };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
