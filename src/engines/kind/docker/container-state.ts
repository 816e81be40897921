/** A container as an engine describes it (moby api/types/container.InspectResponse), and as labs ask for one. */
import type { ContainerCreateOptions, ContainerInspectInfo } from 'dockerode';
import type { ContainerSpec, ContainerState } from './docker.ts';

export function stateOf(said: ContainerInspectInfo): ContainerState {
  const { Id: id, Name: name, Created: created, Config: config, State: state } = said;
  const exited = state.Status === 'exited' || state.Status === 'dead';
  return {
    id,
    name: name.replace(/^\//, ''),
    image: config.Image,
    labels: config.Labels ?? {},
    state: state.Status,
    ...(exited && { exitCode: state.ExitCode }),
    created: Date.parse(created),
    addresses: addressesIn(said),
    ports: portsIn(said),
    volumes: said.Mounts.flatMap(({ Type: type, Name: volume }) =>
      type === 'volume' && volume !== undefined ? [volume] : [],
    ),
    pid: state.Pid,
    startedAt: state.StartedAt,
  };
}

function addressesIn({ NetworkSettings: settings }: ContainerInspectInfo): ContainerState['addresses'] {
  return Object.fromEntries(
    Object.entries(settings.Networks ?? {}).map(([network, { IPAddress: ipv4, GlobalIPv6Address: ipv6 }]) => [
      network,
      { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) },
    ]),
  );
}

function portsIn({ NetworkSettings: settings }: ContainerInspectInfo): ContainerState['ports'] {
  const published = Object.entries((settings.Ports ?? {}) as PublishedPorts).flatMap(([port, places]) => {
    const [number, protocol] = port.split('/');
    const [place] = places ?? [];
    return protocol === 'tcp' && place
      ? [[Number(number), { address: place.HostIp, port: Number(place.HostPort) }] as const]
      : [];
  });
  return Object.fromEntries(published);
}

type PublishedPorts = Readonly<
  Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>
>;

export function bodyOf(spec: ContainerSpec): ContainerCreateOptions {
  const { name, image, labels, command, hostname, environment } = spec;
  return {
    name,
    Image: image,
    Labels: { ...labels },
    ...(command && { Cmd: [...command] }),
    ...(hostname !== undefined && { Hostname: hostname }),
    ...(environment && { Env: Object.entries(environment).map(([key, value]) => `${key}=${value}`) }),
    HostConfig: hostOf(spec),
    ...networkingOf(spec),
  };
}

function networkingOf({ network, address }: ContainerSpec): Pick<ContainerCreateOptions, 'NetworkingConfig'> {
  if (address === undefined) return {};
  const family = address.includes(':') ? { IPv6Address: address } : { IPv4Address: address };
  return { NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: family } } } };
}

function hostOf(spec: ContainerSpec): ContainerCreateOptions['HostConfig'] {
  const { network, pid, capabilities, sysctls, securityOptions, memory, pids, readOnlyMounts } = spec;
  return {
    NetworkMode: network,
    // Process 1 that ends when asked to; one that shares processes has it already.
    ...(pid !== undefined && { PidMode: pid }),
    ...(pid === undefined && spec.plainInit !== true && { Init: true }),
    ...(capabilities && { CapAdd: [...capabilities] }),
    ...(sysctls && { Sysctls: { ...sysctls } }),
    ...(securityOptions && { SecurityOpt: [...securityOptions] }),
    ...(spec.networkSettings === true && { ReadonlyPaths: [...READ_ONLY_BUT_NETWORK] }),
    ...(memory !== undefined && { Memory: memory }),
    ...(pids !== undefined && { PidsLimit: pids }),
    ...(readOnlyMounts && { Binds: readOnlyMounts.map(({ from, to }) => `${from}:${to}:ro`) }),
    ...(spec.transient === true && { AutoRemove: true }),
  };
}

/** Docker's own list (moby oci/defaults.go), with /proc/sys cut into the parts that are nobody's network. */
const READ_ONLY_BUT_NETWORK: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sysrq-trigger',
  ...['abi', 'crypto', 'debug', 'dev', 'fs', 'kernel', 'sunrpc', 'user', 'vm', 'xen'].map(
    (part) => `/proc/sys/${part}`,
  ),
];
