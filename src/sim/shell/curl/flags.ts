/** curl's flags as data: parsing, help and completion read this table. */
import type { Flag, FlagTable } from '../network/flags.ts';

const refused = (flags: Readonly<Record<string, string>>, takes: boolean): readonly Flag[] =>
  Object.entries(flags).map(([long, short]) => ({
    long,
    ...(short === '' ? {} : { short }),
    ...(takes ? { takes: 'value' } : {}),
    about: 'not simulated',
    support: 'refused' as const,
  }));

export const CURL: FlagTable = {
  tool: 'curl',
  usage: 'curl [options...] <url>',
  provenance:
    'curl 7.88.1 (Debian 12): names, arguments and output compared with the real tool; the words are ours.',
  flags: [
    { short: 's', long: 'silent', about: 'no progress meter and no errors' },
    { short: 'S', long: 'show-error', about: 'with -s: errors nevertheless' },
    { short: 'i', long: 'include', about: 'print the response headers too' },
    { short: 'I', long: 'head', about: 'ask for the headers only' },
    { short: 'v', long: 'verbose', about: 'tell what happens' },
    { short: 'f', long: 'fail', about: 'fail on HTTP errors (exit code 22)' },
    { short: 'o', long: 'output', takes: 'file', about: 'write the body to a file' },
    { short: 'O', long: 'remote-name', about: "write the body to a file of the URL's name" },
    { short: 'm', long: 'max-time', takes: 'seconds', about: 'give up after this time' },
    {
      long: 'connect-timeout',
      takes: 'seconds',
      about: 'give up when no connection came about in this time',
    },
    { short: 'w', long: 'write-out', takes: 'format', about: 'print this afterwards, such as %{http_code}' },
    { short: 'H', long: 'header', takes: 'header', about: 'send this header' },
    { short: 'A', long: 'user-agent', takes: 'name', about: 'call yourself this' },
    { short: 'X', long: 'request', takes: 'method', about: 'use this method' },
    { short: '4', long: 'ipv4', about: 'IPv4 only' },
    { short: '6', long: 'ipv6', about: 'IPv6 only' },
    { short: 'V', long: 'version', about: 'print the version' },
    { short: 'h', long: 'help', about: 'this help' },
    { short: 'L', long: 'location', about: 'taken without effect: no server redirects', support: 'ignored' },
    { short: 'k', long: 'insecure', about: 'taken without effect', support: 'ignored' },
    { short: 'N', long: 'no-buffer', about: 'taken without effect', support: 'ignored' },
    { short: 'q', long: 'disable', about: 'taken without effect', support: 'ignored' },
    { long: 'http1.1', about: 'taken without effect', support: 'ignored' },
    { long: 'no-progress-meter', about: 'no progress meter' },
    ...refused(
      {
        data: 'd',
        user: 'u',
        'upload-file': 'T',
        cookie: 'b',
        'cookie-jar': 'c',
        form: 'F',
        proxy: 'x',
        config: 'K',
      },
      true,
    ),
    ...refused(
      {
        interface: '',
        resolve: '',
        retry: '',
        'local-port': '',
        cert: 'E',
        key: '',
        cacert: '',
        url: '',
        'unix-socket': '',
      },
      true,
    ),
    ...refused({ get: 'G', parallel: 'Z', 'http2-prior-knowledge': '', http2: '', compressed: '' }, false),
  ],
};

export const CURL_VERSION =
  'curl 7.88.1 (x86_64-pc-linux-gnu)\nRelease-Date: 2023-02-20\nProtocols: http\nFeatures: none\n';
