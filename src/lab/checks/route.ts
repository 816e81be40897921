/** `route`: what the kernel of a place would do with a packet to a target, as `ip route get` says. */
import { z } from 'zod';
import { err, ok } from '../../base/result.ts';
import { formatPlace } from '../../model/place.ts';
import { place, sentence } from '../fields.ts';
import { addressOf, formatTarget, targetField } from '../target.ts';
import type { CheckDefinition } from './kind.ts';

export const routeSchema = z.strictObject({
  at: place,
  to: targetField,
  device: sentence.optional(),
  via: sentence.optional(),
  source: sentence.optional(),
  mtu: z.number().int().optional(),
  why: sentence.optional(),
  readOn: sentence.optional(),
});

export type RouteCheck = z.infer<typeof routeSchema>;

/** Words `ip route get` puts before each value (iproute2 6.1, ip/iproute.c print_route). */
const WORDS = { device: 'dev', via: 'via', source: 'src', mtu: 'mtu' } as const;

/** `10.244.104.1 via 10.0.0.12 dev eth0 src 10.0.0.11 uid 0 \n    cache` -> its values by our names. */
export function parseRouteGet(output: string): Readonly<Record<keyof typeof WORDS, string | undefined>> {
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
    const wanted = (['device', 'via', 'source', 'mtu'] as const).filter((key) => check[key] !== undefined);
    const expected = wanted.map((key) => `${WORDS[key]} ${String(check[key])}`).join(' ');
    if (address.value === undefined) {
      const name = formatTarget(check.to);
      return ok({ passed: false, expected, observed: `${name} has no address`, why: `${name} is not running yet.` });
    }
    const answer = await probe.exec(check.at, ['ip', 'route', 'get', address.value], signal);
    if (!answer.ok) return answer;
    const { exitCode, stdout, stderr } = answer.value;
    if (exitCode === 127) {
      return err({
        code: 'no-iproute2',
        message: `${formatPlace(check.at)} has no ip command.`,
        remedy: 'Ask for the route at a node, router, host or pod.',
      });
    }
    const got = parseRouteGet(stdout);
    const wrong = exitCode === 0 ? wanted.filter((key) => got[key] !== String(check[key])) : wanted;
    return ok({
      passed: exitCode === 0 && wrong.length === 0,
      expected,
      observed: (exitCode === 0 ? stdout : stderr).trim().replace(/\s+/g, ' '),
      why:
        exitCode === 0
          ? wrong.length === 0
            ? 'The kernel would send the packet the way that was asked for.'
            : `The kernel chooses ${wrong.map((key) => `${WORDS[key]} ${got[key] ?? '(none)'}`).join(' ')}.`
          : 'The kernel has no usable route to this address.',
    });
  },
};
