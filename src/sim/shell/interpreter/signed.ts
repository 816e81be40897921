/** The doors of one command to the cluster and the network: what it changes there is put down to its command line. */
import type { CompletionIo } from '../command.ts';
import type { Ports } from './scope.ts';

export function signedPorts(
  { cluster, network, sign }: Ports,
  argv: readonly string[],
): Partial<Pick<CompletionIo, 'cluster' | 'network'>> {
  if (!sign) return {};
  const signed =
    <A extends readonly unknown[], R>(act: (...args: A) => R) =>
    (...args: A): R =>
      sign(argv, () => act(...args));
  return {
    cluster: { ...cluster, request: signed(cluster.request) },
    network: {
      ...network,
      edit: signed(network.edit),
      changeLinks: signed(network.changeLinks),
      echo: signed(network.echo),
      udpProbe: signed(network.udpProbe),
      http: signed(network.http),
      tcp: signed(network.tcp),
    },
  };
}
