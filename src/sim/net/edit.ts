/**
 * Changes a person makes to a network stack by hand. They are kept apart from what Felix and the kubelet program, so that
 * a node's tables stay a function of the datastore and these edits; what Felix owns, it puts back (`felix/resync.ts`).
 * A change that concerns several stacks (`ip link set ... netns`) is one edit for each: see `link-change.ts`.
 */
import type { Cidr, Ip, Ipv4, Ipv6 } from '../../model/ip.ts';
import type { Mac } from '../../model/mac.ts';
import type { Netfilter6Edit, NetfilterEdit } from './edit-netfilter.ts';
import type { IpsetEdit } from './edit-ipset.ts';
import type {
  ConntrackEntry,
  Device,
  DeviceAddress,
  FdbEntry,
  LearntNeighbour,
  Link,
  Listener,
  Neighbour,
  Route,
} from './netns.ts';

/** `append`: beside others of the same prefix and metric, after them. */
export interface AddRoute<Address extends Ip = Ipv4> {
  readonly kind: 'add-route';
  readonly route: Route<Address>;
  readonly replace: boolean;
  readonly append?: boolean;
}

export interface DeleteRoute<Address extends Ip = Ipv4> {
  readonly kind: 'delete-route';
  readonly prefix: Cidr<Address>;
  readonly device?: string;
  readonly via?: Address;
  readonly metric?: number;
  readonly type?: Route['type'];
}

export interface AddNeighbour<Address extends Ip = Ipv4> {
  readonly kind: 'add-neighbour';
  readonly neighbour: Neighbour<Address>;
  readonly replace: boolean;
}

export interface DeleteNeighbour<Address extends Ip = Ipv4> {
  readonly kind: 'delete-neighbour';
  readonly address: Address;
  readonly device: string;
}

export interface ProxyNeighbour<Address extends Ip = Ipv4> {
  readonly kind: 'proxy-neighbour';
  readonly device: string;
  readonly address: Address;
  readonly on: boolean;
}

export interface AddAddress<Address extends Ip = Ipv4> {
  readonly kind: 'add-address';
  readonly device: string;
  readonly address: DeviceAddress<Address>;
}

export interface DeleteAddress<Address extends Ip = Ipv4> {
  readonly kind: 'delete-address';
  readonly device: string;
  readonly address: DeviceAddress<Address>;
}

/** Changes that both families know: which one they mean, the addresses in them tell (`edit-family.ts`). */
export type FamilyEdit<Address extends Ip = Ipv4> =
  | AddRoute<Address>
  | DeleteRoute<Address>
  | AddNeighbour<Address>
  | DeleteNeighbour<Address>
  | ProxyNeighbour<Address>
  | AddAddress<Address>
  | DeleteAddress<Address>;

export type NetnsEdit =
  | FamilyEdit
  | FamilyEdit<Ipv6>
  /** An entry made by hand as if it had been learnt (`nud reachable`, `nud stale`). */
  | { readonly kind: 'learn-neighbour'; readonly neighbour: LearntNeighbour }
  | {
      readonly kind: 'add-fdb';
      readonly entry: FdbEntry;
      readonly replace: boolean;
      readonly append: boolean;
    }
  | {
      readonly kind: 'delete-fdb';
      readonly mac: string;
      readonly device: string;
      readonly destination?: Ip;
      readonly bridge?: string;
    }
  | LinkEdit
  | { readonly kind: 'add-namespace'; readonly name: string; readonly ipForward: boolean }
  | { readonly kind: 'remove-namespace'; readonly name: string }
  | { readonly kind: 'set-sysctl'; readonly key: string; readonly value: string }
  | NetfilterEdit
  | Netfilter6Edit
  | IpsetEdit
  | SocketEdit
  /** `iptables -Z`: of the whole table, one chain or one rule, as `iptables-save` spells it. */
  | {
      readonly kind: 'zero-counters';
      /** `ip6tables -Z`. */
      readonly family?: 6;
      readonly table: string;
      readonly chain?: string;
      readonly rule?: string;
    }
  /** `conntrack -D`: ends connections that the stack remembers; its configuration stays. */
  | { readonly kind: 'forget-connections'; readonly connections: readonly ConntrackEntry[] };

export type LinkEdit =
  | {
      readonly kind: 'set-link';
      readonly device: string;
      readonly up?: boolean;
      readonly mtu?: number;
      readonly mac?: Mac;
      /** Its new name. */
      readonly name?: string;
      /** The bridge whose port it becomes; empty for none. */
      readonly master?: string;
      readonly arp?: boolean;
      /** Its cable leads elsewhere: the other end was renamed or moved. */
      readonly link?: Link;
    }
  /** A new device, or one that comes from another stack. */
  | { readonly kind: 'add-device'; readonly added: Device; readonly fdb?: readonly FdbEntry[] }
  /** `index` tells it from a later device of the same name. */
  | { readonly kind: 'remove-device'; readonly device: string; readonly index: number };

/** A program opens a socket that listens, or closes it: it lasts as long as the program. */
export interface SocketEdit {
  readonly kind: 'open-socket' | 'close-socket';
  readonly listener: Listener;
}
