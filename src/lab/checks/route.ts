/** `route`: what the kernel of a place would do with a packet to a target, as `ip route get` says. */
import { z } from 'zod';
import { err, ok } from '../../base/result.ts';
import { parseIpv4 } from '../../model/ip.ts';
import { formatPlace } from '../../model/place.ts';
import { parsed, place, remarks, sentence } from '../fields.ts';
import type { ExecResult } from '../ports.ts';
import { addressedTarget, addressOf, formatTarget } from '../target.ts';
import type { CheckDefinition, Finding } from './kind.ts';

const addressText = parsed(
  (text) => (parseIpv4(text) === undefined ? undefined : text),
  'an IPv4 address such as 10.0.0.1',
);

/** Words `ip route get` puts before each value (iproute2 6.1, ip/iproute.c print_route). */
const WORDS = { device: 'dev', via: 'via', source: 'src', mtu: 'mtu' } as const;
type Field = keyof typeof WORDS;
const FIELDS = Object.keys(WORDS) as readonly Field[];

export const routeSchema = z
  .strictObject({
    at: place.describe('Whose kernel is asked.'),
    to: addressedTarget.describe('pod/<name>, service/<name>, node/<name> or an address.'),
    device: sentence.optional().describe('The device the packet must leave by.'),
    via: addressText.optional().describe('The next hop it must go to.'),
    source: addressText.optional().describe('The source address the kernel must choose.'),
    mtu: z.number().int().optional().describe('The MTU the route must have.'),
    ...remarks,
  })
  .refine((check) => FIELDS.some((field) => check[field] !== undefined), {
    error: 'needs at least one of device, via, source, mtu',
  })
  .describe("What a place's kernel would do with a packet, as ip route get says.");

export type RouteCheck = z.output<typeof routeSchema>;

/** `10.244.104.1 via 10.0.0.12 dev eth0 src 10.0.0.11 uid 0 \n    cache` -> its values by our names. */
export function parseRouteGet(output: string): Readonly<Record<Field, string | undefined>> {
  const words = output.split(/\s+/);
  const after = (word: string): string | undefined => {
    const at = words.indexOf(word);
    return at < 0 ? undefined : words[at + 1];
  };
  return { device: after('dev'), via: after('via'), source: after('src'), mtu: after('mtu') };
}

export const route: CheckDefinition<RouteCheck> = {
  kind: 'route',
  title: ({ at, to }) => `${formatPlace(at)} routes to ${formatTarget(to)} as asked`,
  async evaluate(check, probe, signal) {
    const address = await addressOf(check.to, probe, signal);
    if (!address.ok) return address;
    if (address.value === undefined) {
      const name = formatTarget(check.to);
      return ok({
        passed: false,
        expected: expectation(check),
        observed: `${name} has no address`,
        why: `${name} is not running yet.`,
      });
    }
    const answer = await probe.exec(check.at, ['ip', 'route', 'get', address.value], signal);
    if (!answer.ok) return answer;
    if (answer.value.exitCode === COMMAND_NOT_FOUND) {
      return err({
        code: 'no-iproute2',
        message: `${formatPlace(check.at)} has no ip command.`,
        remedy: 'The lab should ask for the route at a node, router or host, or at a pod that has it.',
      });
    }
    return ok(compare(check, answer.value));
  },
};

const COMMAND_NOT_FOUND = 127;

function expectation(check: RouteCheck): string {
  return FIELDS.filter((field) => check[field] !== undefined)
    .map((field) => `${WORDS[field]} ${String(check[field])}`)
    .join(' ');
}

function compare(check: RouteCheck, { exitCode, stdout, stderr }: ExecResult): Finding {
  const expected = expectation(check);
  if (exitCode !== 0) {
    return {
      passed: false,
      expected,
      observed: oneLine(stderr),
      why: 'The kernel has no usable route to this address.',
    };
  }
  const got = parseRouteGet(stdout);
  const wrong = FIELDS.filter((field) => check[field] !== undefined && got[field] !== String(check[field]));
  const chosen = wrong.map((field) => `${WORDS[field]} ${got[field] ?? '(none)'}`).join(' ');
  return {
    passed: wrong.length === 0,
    expected,
    observed: oneLine(stdout),
    why:
      wrong.length === 0
        ? 'The kernel would send the packet the way that was asked for.'
        : `The kernel chooses ${chosen}.`,
  };
}

const oneLine = (text: string): string => text.trim().replace(/\s+/g, ' ');
