/** Networks of an engine. Older engines allow several of one name, so all that is done is done by id. */
import { ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { labelFilter, lookedAt, orAbsent, orDone, type Client } from './client.ts';
import { MTU_OPTION, type Networks, type NetworkSpec, type NetworkState } from './docker.ts';

/** moby's network.Inspect, as far as it is read. */
interface Said {
  readonly Id: string;
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly Options?: Readonly<Record<string, string>> | null;
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
  readonly Containers?: Readonly<Record<string, { readonly Name: string }>> | null;
}

export class EngineNetworks implements Networks {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async list(
    labels: Readonly<Record<string, string>> | string,
    signal: AbortSignal,
  ): Promise<Result<readonly NetworkState[], LabError>> {
    const { dockerode } = this.#client;
    const found = await this.#client.ask({ signal }, (abortSignal) =>
      dockerode.listNetworks({ filters: { label: labelFilter(labels) }, abortSignal }),
    );
    if (!found.ok) return found;
    const ids = found.value.map(({ Id: id }) => id);
    return lookedAt(ids, (id) => this.inspect(id, signal));
  }

  async inspect(network: string, signal: AbortSignal): Promise<Result<NetworkState | undefined, LabError>> {
    const { dockerode } = this.#client;
    const found = await this.#client.ask({ signal, subject: network }, async () =>
      stateIn((await dockerode.getNetwork(network).inspect()) as Said),
    );
    return orAbsent(found, 'no-such-network');
  }

  async create(spec: NetworkSpec, signal: AbortSignal): Promise<Result<NetworkState, LabError>> {
    const { dockerode } = this.#client;
    const made = await this.#client.ask({ signal, subject: spec.name }, async (abortSignal) => {
      const network = await dockerode.createNetwork({ ...bodyOf(spec), abortSignal });
      return stateIn((await network.inspect()) as Said);
    });
    if (!made.ok && !made.error.code.startsWith('name-')) await this.#removeHalfMade(spec);
    return made;
  }

  async remove(network: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    const found = await this.inspect(network, signal);
    if (!found.ok) return found;
    if (!found.value) return ok(undefined);
    const { dockerode } = this.#client;
    const { id, name } = found.value;
    const asking = { signal, subject: name };
    for (const container of found.value.containers) {
      const off = await this.#client.ask(asking, (abortSignal) =>
        dockerode.getNetwork(id).disconnect({ Container: container, Force: true, abortSignal }),
      );
      // It may have gone by itself meanwhile.
      if (!off.ok && !['no-such-container', 'docker-refused', 'no-such-network'].includes(off.error.code))
        return off;
    }
    const removed = await this.#client.ask(asking, (abortSignal) =>
      dockerode.getNetwork(id).remove({ abortSignal }),
    );
    return orDone(removed, 'no-such-network');
  }

  /** A question that was given up may have been answered: what has our very labels and nobody on it was just made. */
  async #removeHalfMade({ name, labels }: NetworkSpec): Promise<void> {
    if (Object.keys(labels).length === 0) return;
    const signal = AbortSignal.timeout(CLEANING);
    const found = await this.list(labels, signal);
    if (!found.ok) return;
    const made = found.value.find((network) => network.name === name && network.containers.length === 0);
    if (made) await this.remove(made.id, signal);
  }
}

/** Milliseconds for the removal of what a failure left. */
const CLEANING = 10_000;

function stateIn({ Id: id, Name: name, Labels, Options, IPAM, Containers }: Said): NetworkState {
  const mtu = Number(Options?.[MTU_OPTION] ?? 0);
  return {
    id,
    name,
    labels: Labels ?? {},
    subnets: (IPAM?.Config ?? []).flatMap(({ Subnet: subnet }) => (subnet === undefined ? [] : [subnet])),
    ...(mtu > 0 && { mtu }),
    containers: Object.values(Containers ?? {}).map((container) => container.Name),
  };
}

function bodyOf({ name, labels, subnet, gateway, ipv6Subnet, options }: NetworkSpec): {
  Name: string;
  Driver: string;
  CheckDuplicate: boolean;
  EnableIPv6: boolean;
  Labels: Record<string, string>;
  Options: Record<string, string>;
  IPAM?: { Config: Record<string, string>[] };
} {
  const config = [
    ...(subnet === undefined ? [] : [{ Subnet: subnet, ...(gateway !== undefined && { Gateway: gateway }) }]),
    ...(ipv6Subnet === undefined ? [] : [{ Subnet: ipv6Subnet }]),
  ];
  return {
    Name: name,
    Driver: 'bridge',
    CheckDuplicate: true,
    EnableIPv6: ipv6Subnet !== undefined,
    Labels: { ...labels },
    Options: { ...options },
    ...(config.length > 0 && { IPAM: { Config: config } }),
  };
}
