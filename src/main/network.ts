/**
 * The page needs no network: all it reads comes by its own scheme, and labs live in this process. Whatever would leave
 * for somewhere else is cancelled, should the content security policy ever fail to.
 */
import type { Session } from './electron.ts';
import { isOurs } from './origin.ts';

const WITHOUT_NETWORK: ReadonlySet<string> = new Set(['blob:', 'data:', 'devtools:', 'chrome:']);

export function denyNetwork({ webRequest }: Session, devSocket?: string): void {
  webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: !isAllowed(url, devSocket) }));
}

function isAllowed(url: string, devSocket: string | undefined): boolean {
  if (isOurs(url)) return true;
  if (!URL.canParse(url)) return false;
  const { protocol, host } = new URL(url);
  return WITHOUT_NETWORK.has(protocol) || (protocol === 'ws:' && host === devSocket);
}
