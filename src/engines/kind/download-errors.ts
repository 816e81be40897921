/** Why a file did not come from the network, as values with a remedy: networks of schools and companies have many ways. */
import { dirname } from 'node:path';
import type { LabError } from '../../lab/ports.ts';
import { folderFailed } from './data-folder.ts';
import type { Download } from './download.ts';

const hostOf = ({ url }: Download): string => new URL(url).host;

/** What can be done without a network, as the end of a sentence. */
const instead = ({ instead: own }: Download): string =>
  own === undefined ? 'load an offline bundle' : `${own}, or load an offline bundle`;

export const refused = (wanted: Download, status: number): LabError => ({
  code: 'download-refused',
  message: `${hostOf(wanted)} does not give ${wanted.name}: HTTP ${status}.`,
  remedy: `Try again later; or ${instead(wanted)}.`,
});

/** @param from who answered */
export const portal = (wanted: Download, from: string): LabError => ({
  code: 'captive-portal',
  message: `What came as ${wanted.name} is a web page of ${from}: this network wants something of you first.`,
  remedy: `Open a browser, log in to the network there, then try again; or ${instead(wanted)}.`,
});

export const wrongChecksum = (wanted: Download, expected: string, found: string): LabError => ({
  code: 'wrong-checksum',
  message: `What came as ${wanted.name} is something else: its SHA-256 is ${found}, not ${expected}.`,
  remedy: `Something between here and there changes files: try another network; or ${instead(wanted)}.`,
});

export const silent = (wanted: Download, patience: number): LabError => ({
  code: 'download-silent',
  message: `${hostOf(wanted)} sent nothing of ${wanted.name} for ${Math.round(patience / 1000)} seconds.`,
  remedy: `Look at the network, then try again: it goes on where it was; or ${instead(wanted)}.`,
});

export const givenUp = ({ name }: Download): LabError => ({
  code: 'interrupted',
  message: `The download of ${name} was given up.`,
  remedy: 'Try again: it goes on where it was.',
});

/** @param proxy of which the way led, if one is set */
export function failed(wanted: Download, cause: unknown, proxy: string | undefined): LabError {
  const code = codeOf(cause) ?? '';
  const row = ROWS.find(({ when }) => when.test(code));
  if (row) return row.error({ wanted, code, proxy });
  const says = messageOf(cause);
  const status = /Proxy response \((\d+)\)|Proxy Authentication Required \((\d+)\)/.exec(says);
  if (status && proxy !== undefined) return proxyRefused(wanted, proxy, Number(status[1] ?? status[2]));
  const known = code === '' || code.startsWith('UND_') ? says : code;
  return {
    code: 'download-failed',
    message: `${wanted.name} could not be downloaded from ${hostOf(wanted)}: ${known}.`,
    remedy: `Look at the network${aboutProxy(proxy)}, then try again: it goes on where it was; or ${instead(wanted)}.`,
  };
}

const aboutProxy = (proxy: string | undefined): string =>
  proxy === undefined ? ' (if it has a proxy, set HTTPS_PROXY)' : ` and at its proxy, ${proxy} (HTTPS_PROXY)`;

const PROXY_WANTS_LOGIN = 407;

const proxyRefused = (wanted: Download, proxy: string, status: number): LabError =>
  status === PROXY_WANTS_LOGIN
    ? {
        code: 'proxy-login',
        message: `The proxy ${proxy} asks for a name and a password.`,
        remedy: `Put them into HTTPS_PROXY (http://name:password@host:port) and start Underlay again; or ${instead(wanted)}.`,
      }
    : {
        code: 'proxy-refused',
        message: `The proxy ${proxy} does not lead to ${hostOf(wanted)}: HTTP ${status}.`,
        remedy: `Ask whoever runs it, or look at HTTPS_PROXY and NO_PROXY; or ${instead(wanted)}.`,
      };

interface Failure {
  readonly wanted: Download;
  /** Of the system, or of TLS. */
  readonly code: string;
  readonly proxy: string | undefined;
}

const ROWS: readonly { readonly when: RegExp; readonly error: (failure: Failure) => LabError }[] = [
  {
    when: /^(ENOSPC|EDQUOT)$/,
    error: ({ wanted }) => ({
      code: 'disk-full',
      message: `The disk is full: ${wanted.name} has no room in ${dirname(wanted.file)}.`,
      remedy: 'Free some space there, then try again: it goes on where it was.',
    }),
  },
  {
    when: /^(EACCES|EPERM|EROFS)$/,
    error: ({ wanted, code }) => folderFailed(dirname(wanted.file), { code }),
  },
  {
    when: /^CERT_(NOT_YET_VALID|HAS_EXPIRED)$/,
    error: ({ wanted, code }) => ({
      code: 'download-untrusted',
      message: `The certificate of ${hostOf(wanted)} is not valid at this time: ${code}.`,
      remedy: `Look at the clock of this machine, then try again; or ${instead(wanted)}.`,
    }),
  },
  {
    when: /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_CERT)/,
    error: ({ wanted, code }) => ({
      code: 'download-untrusted',
      message: `What answers for ${hostOf(wanted)} has a certificate that this machine does not trust: ${code}.`,
      remedy:
        'Networks that look into encrypted traffic need their own certificate: let NODE_EXTRA_CA_CERTS name it (a PEM file) and start Underlay again; ' +
        `or ${instead(wanted)}.`,
    }),
  },
];

/** fetch wraps what happened. */
function codeOf(cause: unknown): string | undefined {
  const { code, cause: inner } = cause as { readonly code?: unknown; readonly cause?: unknown };
  if (typeof code === 'string') return code;
  return inner === undefined || inner === null ? undefined : codeOf(inner);
}

/** Of what is inside, which says more. */
function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause === undefined ? cause.message : messageOf(cause.cause);
}
