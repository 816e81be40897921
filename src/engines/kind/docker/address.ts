/** From an endpoint to what dockerode is told: sockets, pipes, TCP and TLS. */
import { readFile } from 'node:fs/promises';
import { Agent, type ClientRequest } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { join } from 'node:path';
import process from 'node:process';
import Dockerode from 'dockerode';
import { err, ok, type Result } from '../../../base/result.ts';
import type { DockerEndpoint, DockerTls } from './endpoints.ts';

/** docker-modem takes an agent too, which its types leave out. */
type Address = Dockerode.DockerOptions & { readonly agent: Agent | SecureAgent };

/** Why an endpoint cannot be addressed. */
export type AddressFault = 'NO_SUCH_CONTEXT' | 'REMOTE' | 'UNSUPPORTED';

export async function addressOf(endpoint: DockerEndpoint): Promise<Result<Address, AddressFault>> {
  const { host, tls } = endpoint;
  if (host === '') return err('NO_SUCH_CONTEXT');
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.+)$/.exec(host) ?? [];
  if (scheme === 'unix' || scheme === 'npipe')
    return ok({ socketPath: rest, agent: telling(new Agent({ keepAlive: true })) });
  if (scheme === 'ssh') return err('REMOTE');
  const remote = ['tcp', 'http', 'https'].includes(scheme) && URL.canParse(`http://${rest}`);
  return remote ? ok(await overTcp(new URL(`http://${rest}`), scheme, tls)) : err('UNSUPPORTED');
}

async function overTcp(
  { hostname, port }: URL,
  scheme: string,
  tls: DockerTls | undefined,
): Promise<Address> {
  const secured = tls ?? (scheme === 'https' ? { folder: '', verify: true } : undefined);
  const at = { host: hostname, port: port || (secured ? '2376' : '2375') };
  return secured
    ? { ...at, protocol: 'https', ...(await secrets(secured)) }
    : { ...at, protocol: 'http', agent: telling(new Agent({ keepAlive: true })) };
}

async function secrets({
  folder,
  verify,
}: DockerTls): Promise<Pick<Address, 'agent'> & Dockerode.DockerOptions> {
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFile(join(folder, name)).catch(() => undefined)),
  );
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    agent: telling(new SecureAgent({ keepAlive: true, rejectUnauthorized: verify, ca, cert, key })),
  };
}

/**
 * docker-modem does not hear of an answer that is cut short, and waits for its end for ever: such an answer becomes a failure of
 * its request, which it does hear of.
 */
function telling<A extends Agent | SecureAgent>(agent: A): A {
  const handing = agent as A & { addRequest(request: ClientRequest, ...more: readonly unknown[]): void };
  const { addRequest } = handing;
  handing.addRequest = (request, ...more) => {
    request.once('response', (response) => {
      response.once('error', (error) => request.emit('error', error));
    });
    addRequest.call(agent, request, ...more);
  };
  return agent;
}

/** docker-modem reads DOCKER_HOST of this process by itself, fails over one it cannot read, and prefers its port and host. */
export function dockerodeAt(options: Address): Dockerode {
  const { DOCKER_HOST: chosen } = process.env;
  delete process.env['DOCKER_HOST'];
  try {
    return new Dockerode(options);
  } finally {
    if (chosen !== undefined) process.env['DOCKER_HOST'] = chosen;
  }
}
