/** Tells which family of addresses a change by hand is about. */
import { isIpv6 } from '../../model/ip-family.ts';
import type { Ip, Ipv6 } from '../../model/ip.ts';
import type { FamilyEdit } from './edit.ts';

/** The change, when it is one of IPv6. */
export const isInet6Edit = (edit: FamilyEdit | FamilyEdit<Ipv6>): edit is FamilyEdit<Ipv6> =>
  isIpv6(addressOf(edit));

function addressOf(edit: FamilyEdit | FamilyEdit<Ipv6>): Ip {
  switch (edit.kind) {
    case 'add-route':
      return edit.route.prefix.base;
    case 'delete-route':
      return edit.prefix.base;
    case 'add-neighbour':
      return edit.neighbour.address;
    case 'add-address':
    case 'delete-address':
      return edit.address.address;
    case 'delete-neighbour':
    case 'proxy-neighbour':
      return edit.address;
  }
}
