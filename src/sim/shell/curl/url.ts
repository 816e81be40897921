/** The parts of a URL that curl needs. Only http is simulated. Wordings: curl 7.88.1, compared with the real tool. */
import { err, ok, type Result } from '../../../base/result.ts';

export interface HttpUrl {
  /** As typed, with the scheme. */
  readonly whole: string;
  readonly host: string;
  readonly port: number;
  /** Begins with a slash; the query is part of it. */
  readonly path: string;
}

export interface UrlError {
  readonly code: number;
  readonly text: string;
}

const MALFORMED: UrlError = { code: 3, text: 'URL using bad/illegal format or missing URL' };
/** Protocols of a real curl that the simulator has no servers for. */
const REAL_SCHEMES = ['https', 'ftp', 'ftps', 'file', 'scp', 'sftp', 'telnet', 'smtp', 'ldap', 'ws', 'wss'];

export function parseUrl(text: string): Result<HttpUrl, UrlError> {
  const [scheme, rest] = text.includes('://') ? splitAt(text, '://') : ['http', text];
  const refusal = schemeRefusal(scheme);
  if (refusal !== undefined) return err({ code: 1, text: refusal });
  const pathAt = rest.search(/[/?#]|$/);
  const authority = rest.slice(0, pathAt);
  const path = slashed(splitAt(rest.slice(pathAt), '#')[0]);
  const [, host = '', port = '80'] = /^([^:@\s]+)(?::(\d+))?$/.exec(authority) ?? [];
  if (host === '' || !isPort(Number(port))) return err(MALFORMED);
  return ok({ whole: `http://${authority}${path}`, host, port: Number(port), path });
}

function splitAt(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

function schemeRefusal(scheme: string): string | undefined {
  const protocol = scheme.toLowerCase();
  if (protocol === 'http') return undefined;
  if (REAL_SCHEMES.includes(protocol)) return `${protocol} is not simulated; use http`;
  return `Protocol "${scheme}" not supported or disabled in libcurl`;
}

const isPort = (port: number): boolean => port >= 1 && port <= 65535;

const slashed = (path: string): string => (path.startsWith('/') ? path : `/${path}`);

/** What the Host header says: the port only where it is not the usual one. */
export function hostHeader({ host, port }: HttpUrl): string {
  return port === 80 ? host : `${host}:${port}`;
}
