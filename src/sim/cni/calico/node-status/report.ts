/**
 * What a node says of its BGP in a CalicoNodeStatus: its daemons, their sessions, their routes, as `birdcl` shows them.
 * Source: node/pkg/status/populators/{bird_status,peers,route}.go, Calico v3.32.1. A cluster without IPv6 runs bird6, too, with
 * nothing configured. Left out: routes by several ways at once, whose lines the real one cannot read either.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { formatIp, formatIpCidr } from '../../../../model/ip-family.ts';
import { formatIpv4 } from '../../../../model/ip.ts';
import type { Epoch, Millis } from '../../../core/time.ts';
import type { BgpProtocolView, RouteView, SpeakerView } from '../../../routing/speaker-view.ts';

export interface Daemons {
  /** Undefined where none runs. */
  readonly bird: SpeakerView | undefined;
  readonly bird6: SpeakerView | undefined;
  readonly epoch: Epoch;
}

/** Members of the status that the classes fill, without the time. */
export function reportOf({ bird, bird6, epoch }: Daemons, classes: readonly string[]): JsonObject {
  return {
    agent: classes.includes('Agent')
      ? { birdV4: daemonOf(bird, epoch), birdV6: daemonOf(bird6 ?? bird, epoch) }
      : { birdV4: {}, birdV6: {} },
    bgp: sessions(
      classes.includes('BGP') ? bird : undefined,
      classes.includes('BGP') ? bird6 : undefined,
      epoch,
    ),
    routes: classes.includes('Routes')
      ? { ...routesOf('routesV4', bird), ...routesOf('routesV6', bird6) }
      : {},
  };
}

const dateTime = (at: Millis, epoch: Epoch): string =>
  new Date(epoch + at).toISOString().replace('T', ' ').slice(0, 19);

function daemonOf(view: SpeakerView | undefined, epoch: Epoch): JsonObject {
  if (!view) return { state: 'NotReady' };
  return {
    lastBootTime: dateTime(view.startedAt, epoch),
    lastReconfigurationTime: dateTime(view.reconfiguredAt, epoch),
    routerID: formatIpv4(view.routerId),
    state: 'Ready',
    version: view.version,
  };
}

const TYPES: Readonly<Record<string, string>> = { Mesh: 'NodeMesh', Node: 'NodePeer', Global: 'GlobalPeer' };

/** `Mesh`, `Node` or `Global`; others are none of Calico's. */
const typeOf = (protocol: string): string | undefined => TYPES[/^(\w+?)_./.exec(protocol)?.[1] ?? ''];

function sessions(bird: SpeakerView | undefined, bird6: SpeakerView | undefined, epoch: Epoch): JsonObject {
  const [v4, v6] = [peersOf(bird), peersOf(bird6)];
  const up = (peers: readonly BgpProtocolView[]): number =>
    peers.filter(({ state }) => state === 'up').length;
  const shown = (peers: readonly BgpProtocolView[], view: SpeakerView | undefined): readonly JsonObject[] =>
    view ? peers.map((peer) => peerOf(peer, { now: view.now, epoch })) : [];
  return {
    numberEstablishedV4: up(v4),
    numberEstablishedV6: up(v6),
    numberNotEstablishedV4: v4.length - up(v4),
    numberNotEstablishedV6: v6.length - up(v6),
    ...(v4.length > 0 && { peersV4: shown(v4, bird) }),
    ...(v6.length > 0 && { peersV6: shown(v6, bird6) }),
  };
}

const peersOf = (view: SpeakerView | undefined): readonly BgpProtocolView[] =>
  (view?.protocols ?? []).filter(
    (protocol): protocol is BgpProtocolView => protocol.kind === 'BGP' && typeOf(protocol.name) !== undefined,
  );

/** BIRD shows the time of day, and the date once that is long past. */
const RECENT: Millis = 20 * 3_600_000;

function peerOf(
  { name, peer, bgp, since }: BgpProtocolView,
  { now, epoch }: { readonly now: Millis; readonly epoch: Epoch },
): JsonObject {
  const text = new Date(epoch + since).toISOString();
  return {
    peerIP: formatIp(peer),
    since: now - since >= RECENT ? text.slice(0, 10) : text.slice(11, 19),
    // That of a side that only waits is not among those that the API knows.
    ...(bgp !== 'Passive' && { state: bgp }),
    type: typeOf(name) ?? '',
  };
}

function routesOf(member: 'routesV4' | 'routesV6', view: SpeakerView | undefined): JsonObject {
  const told = (view?.routes ?? []).flatMap((route) => routeOf(route));
  return told.length === 0 ? {} : { [member]: told };
}

function routeOf({ prefix, target, protocol, primary }: RouteView): readonly JsonObject[] {
  if (target.kind === 'multipath') return [];
  const way =
    target.kind === 'via'
      ? { gateway: formatIp(target.gateway), interface: target.device }
      : { gateway: 'N/A', interface: target.kind === 'device' ? target.device : target.kind };
  const type = primary ? 'FIB' : 'RIB';
  return [{ destination: formatIpCidr(prefix), ...way, learnedFrom: sourceOf(protocol), type }];
}

const OWN: Readonly<Record<string, string>> = { kernel: 'Kernel', static: 'Static', direct: 'Direct' };

function sourceOf(protocol: string): JsonObject {
  const own = OWN[/^[a-z]+/.exec(protocol)?.[0] ?? ''];
  if (own !== undefined) return { sourceType: own };
  const sourceType = typeOf(protocol) === 'NodeMesh' ? 'NodeMesh' : 'BGPPeer';
  return { peerIP: protocol.replace(/^[A-Za-z]+_/, '').replaceAll('_', '.'), sourceType };
}
