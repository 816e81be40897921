/** An address and a port as Go's net.JoinHostPort writes them: IPv6 addresses in brackets. */
export const hostPort = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
