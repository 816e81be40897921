/**
 * What guards the browser host: the server is bound to loopback, every request must name it in `Host`, the socket must
 * come from its own `Origin`, and both need the session cookie that the start token was exchanged for. Defends against
 * other web pages (DNS rebinding, cross-site requests) and other users of the machine without the token.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * xterm inserts `<style>` elements and has no nonce option, hence `style-src-elem 'unsafe-inline'` and nothing more.
 * `require-trusted-types-for` makes any assignment of a string to innerHTML an error; Svelte's own policy is the exception.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "style-src-elem 'self' 'unsafe-inline'",
  "style-src-attr 'none'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html',
].join('; ');

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

/** Why a request is refused: an HTTP status and a plain sentence. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 405;
  readonly message: string;
}

export class Gate {
  readonly #token = randomBytes(24).toString('base64url');
  /** Another secret than the token: what a browser keeps cannot be passed on as an address. */
  readonly #session = randomBytes(24).toString('base64url');
  #port = 0;

  /** The server's port, known once it listens; part of the cookie's name, since cookies do not know ports. */
  listening(port: number): void {
    this.#port = port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The one URL that lets a browser in. */
  get startUrl(): string {
    return `${this.origin}/?token=${this.#token}`;
  }

  get cookie(): string {
    return `${this.#cookieName}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`;
  }

  tokenMatches(given: string | null): boolean {
    return given !== null && equal(given, this.#token);
  }

  /** For any request: is it addressed to us by our own name? */
  refuseHost(request: IncomingMessage): Refusal | undefined {
    const host = request.headers.host;
    if (host === `127.0.0.1:${this.#port}` || host === `localhost:${this.#port}`) return undefined;
    return { status: 403, message: 'This address is not served here.' };
  }

  /** For anything but the exchange itself: does the browser hold the cookie? */
  refuseCookie(request: IncomingMessage): Refusal | undefined {
    const cookies = (request.headers.cookie ?? '').split(/;\s*/);
    const prefix = `${this.#cookieName}=`;
    const held = cookies.find((cookie) => cookie.startsWith(prefix))?.slice(prefix.length);
    if (held !== undefined && equal(held, this.#session)) return undefined;
    return {
      status: 401,
      message: 'Open Underlay by the address that npm start prints: it carries the key to this page.',
    };
  }

  /** For any request that says where it comes from: is it one of our own pages? */
  refuseOrigin(request: IncomingMessage): Refusal | undefined {
    const { origin, host } = request.headers;
    if (origin === undefined || origin === `http://${host ?? ''}`) return undefined;
    return { status: 403, message: 'Requests from other pages are refused.' };
  }

  /** For the socket, which browsers let any page open, but always with an origin. */
  refuseNoOrigin(request: IncomingMessage): Refusal | undefined {
    if (request.headers.origin !== undefined) return undefined;
    return { status: 403, message: 'Only a page of Underlay may open this socket.' };
  }

  get #cookieName(): string {
    return `underlay-${this.#port}`;
  }
}

/** Constant-time, whatever the lengths. */
function equal(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
