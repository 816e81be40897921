/** Field types that lab, topology and lesson files share: addresses, names, places and flows as people write them. */
import { z } from 'zod';
import { parseCidr, parseInterfaceAddress, parseIpv4 } from '../model/ip.ts';
import { parseCidr6, parseInterfaceAddress6, parseIpv6 } from '../model/ipv6.ts';
import { parsePlace } from '../model/place.ts';

/** The complaint about a value of the wrong type, or about none at all. */
const must = (wanted: string) => ({
  error: ({ input }: { readonly input?: unknown }) =>
    input === undefined ? `is missing: ${wanted} is wanted` : `must be ${wanted}`,
});

/** Text that `parse` understands; its complaint names the text and says what was wanted. */
export const parsed = <T>(parse: (text: string) => T | undefined, wanted: string) =>
  z.string(must(wanted)).transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `"${text}" is not ${wanted}` });
    return z.NEVER;
  });

export const name = z
  .string(must('a name'))
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, { error: 'must be lower-case letters, digits and inner dashes' });

export const address = parsed(parseIpv4, 'an IPv4 address such as 10.0.0.1');
export const cidr = parsed(parseCidr, 'a prefix such as 10.0.0.0/24');
export const interfaceAddress = parsed(
  parseInterfaceAddress,
  'an address with its prefix length such as 10.0.0.1/24',
);
export const address6 = parsed(parseIpv6, 'an IPv6 address such as fd00:a::1');
export const cidr6 = parsed(parseCidr6, 'an IPv6 prefix such as fd00:a::/64');
export const interfaceAddress6 = parsed(
  parseInterfaceAddress6,
  'an IPv6 address with its prefix length such as fd00:a::1/64',
);
export const place = parsed(
  parsePlace,
  'a place: workstation, node/<name>, pod/<name>, pod/<namespace>/<name>, host/<name> or router/<name>',
);
export const sentence = z.string(must('text')).trim().min(1, { error: 'must not be empty' });

/** Text, or a number or truth value that YAML read from unquoted text. */
export const words = z.union([z.string(), z.number(), z.boolean()], must('text')).transform(String);

/** Keys that every kind of check may carry besides its own. */
export const remarks = {
  why: sentence
    .optional()
    .describe('Why the outcome is what it is, in a sentence or two; shown with the verdict.'),
  readOn: sentence
    .optional()
    .describe('Where to read on: a lesson and its section, such as first-overlay#cross-subnet.'),
};
