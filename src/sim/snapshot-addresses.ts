/** What addresses look like in a snapshot. */
import type { IpCidr } from '../model/ip-family.ts';
import type { Cidr, Ip, Ipv4, Ipv6 } from '../model/ip.ts';
import type { Mac } from '../model/mac.ts';
import { count, object, spelt, unsigned, type Shape } from './snapshot-shape.ts';

export const address = unsigned<Ipv4>(32);
export const address6 = spelt<Ipv6>(/^[0-9a-f]{32}$/);
/** Of either family. */
export const ipAddress: Shape<Ip> = (value): value is Ip => address(value) || address6(value);
export const mac = spelt<Mac>(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);

/** Shapes of what one family's addresses make. */
export interface FamilyShapes<Address extends Ip> {
  readonly address: Shape<Address>;
  readonly length: Shape<number>;
  readonly cidr: Shape<Cidr<Address>>;
}

function familyShapes<Address extends Ip>(shape: Shape<Address>, bits: number): FamilyShapes<Address> {
  const length: Shape<number> = (value): value is number => count(value) && value <= bits;
  return { address: shape, length, cidr: object<Cidr<Address>>({ base: shape, length }) };
}

export const inet = familyShapes(address, 32);
export const inet6 = familyShapes(address6, 128);

export const prefixLength = inet.length;
export const cidr = inet.cidr;
/** Of either family. */
export const ipCidr: Shape<IpCidr> = (value): value is IpCidr => inet.cidr(value) || inet6.cidr(value);

/** One of two shapes, which no value can have both of. */
export function either<A, B>(first: Shape<A>, second: Shape<B>): Shape<A | B> {
  return (value): value is A | B => first(value) || second(value);
}
