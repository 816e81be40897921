/** Field types that lab, topology and lesson files share: addresses, names, places and flows as people write them. */
import { z } from 'zod';
import { parseCidr, parseInterfaceAddress, parseIpv4 } from '../model/ip.ts';
import { parsePlace } from '../model/place.ts';

const parsed = <T>(parse: (text: string) => T | undefined, wanted: string) =>
  z.string({ error: `must be ${wanted}` }).transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `"${text}" is not ${wanted}` });
    return z.NEVER;
  });

export const name = z
  .string({ error: 'must be a name' })
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, { error: 'must be lower-case letters, digits and inner dashes' });

export const address = parsed(parseIpv4, 'an IPv4 address such as 10.0.0.1');
export const cidr = parsed(parseCidr, 'a prefix such as 10.0.0.0/24');
export const interfaceAddress = parsed(parseInterfaceAddress, 'an address with its prefix length such as 10.0.0.1/24');
export const place = parsed(
  parsePlace,
  'a place: workstation, node/<name>, pod/<name>, pod/<namespace>/<name>, host/<name> or router/<name>',
);
export const sentence = z.string({ error: 'must be text' }).trim().min(1, { error: 'must not be empty' });
