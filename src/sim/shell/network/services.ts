/** Names of ports, as Debian's /etc/services has those that a lab uses. */
const SERVICES: readonly (readonly [port: number, protocols: readonly string[], name: string])[] = [
  [7, ['tcp', 'udp'], 'echo'],
  [22, ['tcp'], 'ssh'],
  [25, ['tcp'], 'smtp'],
  [53, ['tcp', 'udp'], 'domain'],
  [67, ['udp'], 'bootps'],
  [68, ['udp'], 'bootpc'],
  [80, ['tcp'], 'http'],
  [123, ['udp'], 'ntp'],
  [179, ['tcp'], 'bgp'],
  [443, ['tcp', 'udp'], 'https'],
  [853, ['tcp', 'udp'], 'domain-s'],
  [3306, ['tcp'], 'mysql'],
  [5432, ['tcp'], 'postgresql'],
  [6379, ['tcp'], 'redis'],
  [8080, ['tcp'], 'http-alt'],
];

/** Undefined for a port without a name. */
export function serviceName(port: number, protocol: string): string | undefined {
  return SERVICES.find(([number, protocols]) => number === port && protocols.includes(protocol))?.[2];
}

/** Undefined for a name without a port. */
export function servicePort(name: string, protocol: string): number | undefined {
  return SERVICES.find(([, protocols, known]) => known === name && protocols.includes(protocol))?.[0];
}
