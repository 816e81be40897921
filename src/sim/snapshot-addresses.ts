/** What addresses look like in a snapshot. */
import type { Cidr, Ipv4 } from '../model/ip.ts';
import type { Mac } from '../model/mac.ts';
import { count, object, spelt, unsigned, type Shape } from './snapshot-shape.ts';

export const address = unsigned<Ipv4>(32);
export const mac = spelt<Mac>(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
export const prefixLength: Shape<number> = (value): value is number => count(value) && value <= 32;
export const cidr = object<Cidr>({ base: address, length: prefixLength });
