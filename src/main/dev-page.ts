/**
 * `npm run dev`: the page under its own scheme as ever, but fetched from Vite's server on loopback, which also has a
 * socket to tell of changes. Every other rule stays as it is in the product.
 */
import { SECURITY_HEADERS } from '../server/security.ts';
import type { Respond } from './app-scheme.ts';

/** The dev server's address, when it is one: http on loopback, no other. */
export function devServer(address: string | undefined): URL | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  const loopback = url.hostname === '127.0.0.1' || url.hostname === 'localhost';
  return url.protocol === 'http:' && loopback ? url : undefined;
}

export function devPage(server: URL): Respond {
  return async ({ url }) => {
    const { pathname, search } = new URL(url);
    const answer = await fetch(new URL(`${pathname}${search}`, server));
    return new Response(answer.body, {
      status: answer.status,
      headers: { ...devHeaders(server), 'content-type': answer.headers.get('content-type') ?? 'text/plain' },
    });
  };
}

/** The headers of the product, with the one socket more. */
export function devHeaders(server: URL): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(SECURITY_HEADERS).map(([name, value]) => [
      name,
      name === 'content-security-policy'
        ? value.replace("connect-src 'self'", `connect-src 'self' ws://${server.host}`)
        : value,
    ]),
  );
}
