/**
 * The way to the Internet as this machine's other programs take it: by the proxies of HTTPS_PROXY and HTTP_PROXY, but not to
 * what NO_PROXY names; trusting what the system trusts and what NODE_EXTRA_CA_CERTS adds. Node's own fetch knows no proxies in
 * version 20, and a packaged Electron reads that variable of Node's no more than its others.
 */
import { readFile } from 'node:fs/promises';
import * as tls from 'node:tls';
import type { Dispatcher, RequestInit, Response } from 'undici';
import { err, ok, type Result } from '../../base/result.ts';
import type { LabError } from '../../lab/ports.ts';
import { proxyAddress, proxyVariable } from './process/proxies.ts';

export interface WayOut {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Of the proxy for that address, without its password; undefined when none is set. */
  proxyOf(url: string): string | undefined;
  close(): Promise<void>;
}

/** Errors: a proxy or a file of certificates that cannot be used. */
export async function wayOut(env: NodeJS.ProcessEnv): Promise<Result<WayOut, LabError>> {
  const proxies = proxiesIn(env);
  if (!proxies.ok) return proxies;
  const ca = await trusted(env);
  if (!ca.ok) return ca;
  // Most starts of Underlay fetch nothing.
  const { EnvHttpProxyAgent, fetch } = await import('undici');
  const trust = ca.value ? { ca: [...ca.value] } : {};
  const { http, https, none } = proxies.value;
  const dispatcher: Dispatcher = new EnvHttpProxyAgent({
    ...{ httpProxy: http ?? '', httpsProxy: https ?? '', noProxy: none },
    ...{ connect: trust, requestTls: trust, proxyTls: trust },
    // How long silence is borne is for the one who asks to say.
    ...{ headersTimeout: 0, bodyTimeout: 0 },
  });
  return ok({
    fetch: (url, init) => fetch(url, { ...init, dispatcher }),
    proxyOf(url) {
      const proxy = (url.startsWith('https:') ? https : undefined) ?? http;
      return proxy === undefined ? undefined : withoutPassword(proxy);
    },
    close: () => dispatcher.destroy(),
  });
}

interface Proxies {
  readonly http: string | undefined;
  readonly https: string | undefined;
  readonly none: string;
}

function proxiesIn(env: NodeJS.ProcessEnv): Result<Proxies, LabError> {
  const found: Record<'HTTP_PROXY' | 'HTTPS_PROXY', string | undefined> = {
    HTTP_PROXY: undefined,
    HTTPS_PROXY: undefined,
  };
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY'] as const) {
    const text = proxyVariable(env, name);
    if (text === undefined) continue;
    const address = proxyAddress(text);
    if (!address) return err(noProxyAddress(name, text));
    found[name] = address.href;
  }
  const { HTTP_PROXY: http, HTTPS_PROXY: https } = found;
  return ok({ http, https, none: proxyVariable(env, 'NO_PROXY') ?? '' });
}

function withoutPassword(address: string): string {
  const { protocol, host } = new URL(address);
  return `${protocol}//${host}`;
}

/** Newer Nodes can read what the system trusts. */
const { getCACertificates }: Partial<Pick<typeof tls, 'getCACertificates'>> = tls;

/** Undefined for what Node trusts by itself. */
async function trusted(env: NodeJS.ProcessEnv): Promise<Result<readonly string[] | undefined, LabError>> {
  const file = env.NODE_EXTRA_CA_CERTS;
  const extra = file ? await readFile(file, 'utf8').catch(() => undefined) : '';
  if (extra === undefined) return err(noCertificates(file ?? ''));
  const system = getCACertificates?.('system') ?? [];
  if (extra === '' && system.length === 0) return ok(undefined);
  const known = getCACertificates?.('default') ?? tls.rootCertificates;
  return ok([...known, ...system, ...(extra === '' ? [] : [extra])]);
}

const noProxyAddress = (name: string, text: string): LabError => ({
  code: 'proxy-invalid',
  message: `${name} is no address of a proxy: ${text.replace(/[^/]*@/, '')}.`,
  remedy: `Write it like http://proxy.example:3128, or unset ${name}; then start Underlay again.`,
});

const noCertificates = (file: string): LabError => ({
  code: 'certificates-unreadable',
  message: `NODE_EXTRA_CA_CERTS names ${file}, which cannot be read.`,
  remedy:
    'Let it name a PEM file with the certificate of your network, or unset it; then start Underlay again.',
});
