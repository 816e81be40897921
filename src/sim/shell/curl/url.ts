/** The parts of a URL that curl needs. Only http is simulated. Wordings: curl 7.88.1, compared with the real tool. */
import { err, ok, type Result } from '../../../base/result.ts';
import { parseIpv6 } from '../../../model/ipv6.ts';

export interface HttpUrl {
  /** As typed, with the scheme. */
  readonly whole: string;
  /** An IPv6 address without its brackets. */
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
  if (authority.startsWith('[') && !LITERAL.test(authority)) return err(badRange(text, text.indexOf('[')));
  const [, literal, name, port = '80'] = HOST.exec(authority) ?? [];
  const host = literal ?? name ?? '';
  const isKnown = literal === undefined ? host !== '' : parseIpv6(host) !== undefined;
  if (!isKnown || !isPort(Number(port))) return err(MALFORMED);
  return ok({ whole: `http://${authority}${path}`, host, port: Number(port), path });
}

/** `[fd00::1]:80` or `name:80`. */
const HOST = /^(?:\[([\da-fA-F:.]+)\]|([^:@\s[\]]+))(?::(\d+))?$/;

/** What curl takes for an address in brackets; anything else in them is a range of its globbing. */
const LITERAL = /^\[[\da-fA-F:.]+\]/;

const badRange = (text: string, at: number): UrlError => ({
  code: 3,
  text: `bad range in URL position ${at + 2}:\n${text}\n${' '.repeat(at + 1)}^`,
});

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
  const name = host.includes(':') ? `[${host}]` : host;
  return port === 80 ? name : `${name}:${port}`;
}
