/**
 * Changes a person makes to a network stack by hand. They are kept apart from what Felix and the kubelet program, so that
 * a node's tables stay a function of the datastore and these edits; Felix drops the edits it would repair.
 */
import type { Cidr, Ipv4 } from '../../model/ip.ts';
import type { NetfilterEdit } from './edit-netfilter.ts';
import type { ConntrackEntry, DeviceAddress, FdbEntry, Listener, Neighbour, Route } from './netns.ts';

export type NetnsEdit =
  | { readonly kind: 'add-route'; readonly route: Route; readonly replace: boolean }
  | { readonly kind: 'delete-route'; readonly prefix: Cidr; readonly device?: string; readonly via?: Ipv4 }
  | { readonly kind: 'add-neighbour'; readonly neighbour: Neighbour; readonly replace: boolean }
  | { readonly kind: 'delete-neighbour'; readonly address: Ipv4; readonly device: string }
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
      readonly destination?: Ipv4;
    }
  | { readonly kind: 'set-link'; readonly device: string; readonly up?: boolean; readonly mtu?: number }
  | { readonly kind: 'add-address'; readonly device: string; readonly address: DeviceAddress }
  | { readonly kind: 'delete-address'; readonly device: string; readonly address: DeviceAddress }
  | NetfilterEdit
  | SocketEdit
  /** `conntrack -D`: ends connections that the stack remembers; its configuration stays. */
  | { readonly kind: 'forget-connections'; readonly connections: readonly ConntrackEntry[] };

/** A program opens a socket that listens, or closes it: it lasts as long as the program. */
export interface SocketEdit {
  readonly kind: 'open-socket' | 'close-socket';
  readonly listener: Listener;
}
