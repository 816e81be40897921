/** Proxies as an environment names them, for this process, its children and containers. */

/** Programs read the lower case first (curl, Go's net/http). */
export const proxyVariable = (env: NodeJS.ProcessEnv, name: string): string | undefined =>
  env[name.toLowerCase()] || env[name] || undefined;

/** As curl reads it: a host and a port are enough. Undefined for what is no address. */
export function proxyAddress(text: string): URL | undefined {
  const address = text.includes('://') ? text : `http://${text}`;
  return URL.canParse(address) ? new URL(address) : undefined;
}

/** Such a one is not there for a container. */
export const isOnLoopback = (text: string): boolean =>
  /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(proxyAddress(text)?.hostname ?? '');

/**
 * What a program is told whose children are containers: no proxy on this machine's loopback, and none for these prefixes.
 * Empty where there is no proxy.
 */
export function proxiesForContainers(
  env: NodeJS.ProcessEnv,
  direct: readonly string[],
): Readonly<Record<string, string>> {
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY'].flatMap((name) => {
    const proxy = proxyVariable(env, name);
    return proxy === undefined ? [] : [[name, isOnLoopback(proxy) ? '' : proxy] as const];
  });
  if (proxies.length === 0) return {};
  const none = [proxyVariable(env, 'NO_PROXY'), ...direct].filter(Boolean).join(',');
  return Object.fromEntries(
    [...proxies, ['NO_PROXY', none] as const].flatMap(([name, value]) => [
      [name, value],
      [name.toLowerCase(), value],
    ]),
  );
}
