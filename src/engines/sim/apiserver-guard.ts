/**
 * Who may speak to the simulated API server. It listens on loopback over plain HTTP: a certificate of our own would have to
 * be trusted on every start, and whoever can read loopback traffic can read the kubeconfig as well. What keeps others out is
 * a secret in the server's path, which only the kubeconfig holds; what keeps web pages out is that any `Origin` is refused
 * and that `Host` must name loopback, which DNS rebinding cannot.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** 192 bits. */
const SECRET_BYTES = 24;

export class ApiGuard {
  readonly #secret = randomBytes(SECRET_BYTES).toString('base64url');
  #port = 0;

  /** The server's port, known once it listens. */
  listening(port: number): void {
    this.#port = port;
  }

  /** What a kubeconfig names as its server. */
  get serverUrl(): string {
    return `http://127.0.0.1:${this.#port}/${this.#secret}`;
  }

  /** The request's URL without the secret; undefined when it may not be answered, for whatever reason. */
  admit({ headers, url = '' }: IncomingMessage): URL | undefined {
    const known = headers.host === `127.0.0.1:${this.#port}` || headers.host === `localhost:${this.#port}`;
    if (!known || headers.origin !== undefined || !URL.canParse(url, 'http://127.0.0.1')) return undefined;
    const [, secret = '', path = ''] = /^\/([^/?]*)(.*)$/s.exec(url) ?? [];
    if (!equal(secret, this.#secret)) return undefined;
    return new URL(path.startsWith('/') ? path : `/${path}`, 'http://127.0.0.1');
  }
}

/** Constant-time, whatever the lengths. */
function equal(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
