/**
 * The private scheme `app://underlay`: the built page, read from one folder, with the headers of the browser host. There
 * is no `file://` in this program, so a page can never be one.
 */
import { SECURITY_HEADERS } from '../server/security.ts';
import type { StaticFiles } from '../server/static-files.ts';
import type { Protocol } from './electron.ts';
import { APP_SCHEME, isOurs } from './origin.ts';

/** Like https in all that matters: an origin, a secure context, fetch; never past the content security policy. */
export function claimScheme(protocol: Protocol): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: APP_SCHEME,
      privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true, codeCache: true },
    },
  ]);
}

export type Respond = (request: Request) => Promise<Response>;

export function serveScheme(protocol: Protocol, respond: Respond): void {
  protocol.handle(APP_SCHEME, async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return refusal(405, 'Only reading is possible here.');
    }
    return isOurs(request.url) ? respond(request) : refusal(403, 'This address is not served here.');
  });
}

/** Answers from the folder of the built page. */
export function builtPage(files: StaticFiles): Respond {
  return async ({ url, method }) => {
    const file = await files.read(new URL(url).pathname);
    if (file === undefined) return refusal(404, 'There is no such page.');
    return new Response(method === 'HEAD' ? null : file.body, { headers: file.headers });
  };
}

function refusal(status: number, message: string): Response {
  return new Response(`${message}\n`, {
    status,
    headers: {
      ...SECURITY_HEADERS,
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
    },
  });
}
