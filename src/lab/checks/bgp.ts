/**
 * `bgp`: what a node's BIRD says of its sessions, or of a route that it learnt. It asks with birdcl in the node's calico-node
 * pod, which is how every engine can be asked.
 */
import { z } from 'zod';
import { isJsonObject } from '../../base/json.ts';
import { ok, type Result } from '../../base/result.ts';
import { parseCidr, parseIpv4 } from '../../model/ip.ts';
import type { Place } from '../../model/place.ts';
import { name, parsed, remarks } from '../fields.ts';
import type { LabError, Probe } from '../ports.ts';
import { bgpRoutes, bgpSessions, BIRD_STATES, type LearntRoute, type Session } from './bird-output.ts';
import type { CheckDefinition, Finding } from './kind.ts';

const addressText = parsed(
  (text) => (parseIpv4(text) === undefined ? undefined : text),
  'an IPv4 address such as 10.0.0.1',
);
const prefixText = parsed(
  (text) => (parseCidr(text) === undefined ? undefined : text),
  'a prefix such as 10.244.0.0/26',
);

export const bgpSchema = z
  .strictObject({
    node: name.describe('The node whose BIRD is asked.'),
    sessions: z.number().int().min(0).optional().describe('How many sessions must be in the state.'),
    peer: addressText.optional().describe('The neighbour whose session must be in the state.'),
    state: z
      .enum(BIRD_STATES)
      .optional()
      .describe(
        'The state of RFC 4271, or passive, which is idle and waits to be called; established unless said.',
      ),
    route: prefixText.optional().describe('A prefix that must have been learnt by BGP.'),
    from: addressText.optional().describe('The neighbour that told the route.'),
    absent: z.literal(true).optional().describe('There must be no session with the peer, or no such route.'),
    ...remarks,
  })
  .superRefine(({ sessions, peer, state, route, from, absent }, context) => {
    const complain = (key: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [key], message });
    const asked = [sessions, peer, route].filter((each) => each !== undefined);
    if (asked.length !== 1)
      context.addIssue({ code: 'custom', message: 'needs exactly one of sessions, peer, route' });
    if (from !== undefined && route === undefined)
      complain('from', 'says who told a route, and there is none');
    if (state !== undefined && route !== undefined) complain('state', 'belongs to sessions, not to a route');
    if (absent && sessions !== undefined) complain('absent', 'say sessions: 0 instead');
    if (absent && state !== undefined) complain('state', 'a session that must be absent has no state');
  })
  .describe("What a node's BIRD says of its sessions, or of a route that it learnt.");

export type BgpCheck = z.output<typeof bgpSchema>;

export const bgp: CheckDefinition<BgpCheck> = {
  kind: 'bgp',
  title: titleOf,
  async evaluate(check, probe, signal) {
    const found = await agentOn(check.node, probe, signal);
    if (!found.ok) return found;
    const agent = found.value;
    if (!agent) return ok(mute(check, `no calico-node pod runs on ${check.node}`));
    const line =
      check.route === undefined ? ['show', 'protocols', 'all'] : ['show', 'route', check.route, 'all'];
    const answer = await probe.exec(agent, ['birdcl', ...line], signal);
    if (!answer.ok) return answer;
    const { exitCode, stdout, stderr } = answer.value;
    if (exitCode !== 0) return ok(mute(check, (stderr || stdout).trim() || `birdcl ended with ${exitCode}`));
    return ok(
      check.route === undefined
        ? judgeSessions(check, bgpSessions(stdout))
        : judgeRoute(check, bgpRoutes(stdout)),
    );
  },
};

function titleOf({ node, sessions, peer, state = 'established', route, from, absent }: BgpCheck): string {
  if (route !== undefined) {
    const by = from === undefined ? 'by BGP' : `from ${from}`;
    return `${node} ${absent ? 'does not learn' : 'learns'} ${route} ${by}`;
  }
  if (peer !== undefined)
    return absent ? `${node} has no session with ${peer}` : `${node}'s session with ${peer} is ${state}`;
  return `${node} has ${sessions ?? 0} ${state} BGP ${sessions === 1 ? 'session' : 'sessions'}`;
}

/** The running calico-node pod of a node, wherever Calico was installed. */
async function agentOn(
  node: string,
  probe: Probe,
  signal: AbortSignal,
): Promise<Result<Place | undefined, LabError>> {
  const pods = await probe.objects({ resource: 'pods', labelSelector: 'k8s-app=calico-node' }, signal);
  if (!pods.ok) return pods;
  for (const { metadata, spec, status } of pods.value) {
    if (!isJsonObject(metadata) || !isJsonObject(spec) || spec['nodeName'] !== node) continue;
    if (!isJsonObject(status) || status['phase'] !== 'Running') continue;
    const { namespace, name: pod } = metadata;
    return ok({ kind: 'pod', namespace: String(namespace ?? 'default'), name: String(pod) });
  }
  return ok(undefined);
}

function expectation(check: BgpCheck): string {
  const { sessions, peer, state = 'established', route, from, absent } = check;
  if (route !== undefined)
    return `${absent ? 'no route' : 'a route'} to ${route} learnt ${from === undefined ? 'by BGP' : `from ${from}`}`;
  if (peer !== undefined) return absent ? `no session with ${peer}` : `${peer} ${state}`;
  return `${sessions ?? 0} ${state}`;
}

/** Nobody there to answer: that there is no BIRD is itself what was found. */
const mute = (check: BgpCheck, observed: string): Finding => ({
  passed: check.absent === true || check.sessions === 0,
  expected: expectation(check),
  observed,
  why: 'Without a running BIRD a node has no sessions and learns nothing.',
});

function judgeSessions(check: BgpCheck, sessions: readonly Session[]): Finding {
  const { peer, state = 'established', sessions: wanted, absent } = check;
  const observed =
    sessions.map((session) => `${session.peer} ${session.state}${cause(session)}`).join(', ') ||
    'no BGP sessions at all';
  const finding = { expected: expectation(check), observed };
  if (peer === undefined) {
    const count = sessions.filter((session) => session.state === state).length;
    const passed = count === wanted;
    return { ...finding, passed, why: passed ? COUNTED : `${count} of ${sessions.length} are ${state}.` };
  }
  const session = sessions.find((each) => each.peer === peer);
  if (!session) {
    return { ...finding, passed: absent === true, why: `BIRD is not configured with a neighbour ${peer}.` };
  }
  if (absent) return { ...finding, passed: false, why: `BIRD is still configured with ${peer}.` };
  const passed = session.state === state;
  return { ...finding, passed, why: passed ? EXPLAINED[state] : EXPLAINED[session.state] };
}

const COUNTED = 'Each of these sessions is a TCP connection to port 179 of one end.';

const cause = ({ error }: Session): string => (error === undefined ? '' : ` (${error})`);

const EXPLAINED: Readonly<Record<Session['state'], string>> = {
  established: 'Both ends agreed on the session, and routes flow.',
  idle: 'This end waits after an error before it tries again.',
  connect: 'This end has called, and nothing has answered yet.',
  active: 'This end is about to call, or to call again.',
  opensent: 'The connection stands, but the peer has not introduced itself.',
  openconfirm: 'The peer has introduced itself, but has not confirmed the session.',
  passive: 'This end waits to be called, and the peer has not called.',
  close: 'The session is just ending.',
  down: 'The session is switched off.',
};

function judgeRoute(check: BgpCheck, routes: readonly LearntRoute[]): Finding {
  const { from, absent = false, node, route = '' } = check;
  const wanted = routes.filter((each) => from === undefined || each.from === from);
  const observed =
    routes
      .map((each) => `from ${each.from} ${each.via}${each.best ? ', in use' : ', not in use'}`)
      .join('; ') || 'not learnt by BGP';
  const there = wanted.length > 0;
  const why = there
    ? `The owner of the block told ${node}, which keeps what it was told for as long as the session lasts.`
    : `Nobody who should tell ${node} about ${route} does: a session is missing, or a filter keeps the route back.`;
  return { passed: there !== absent, expected: expectation(check), observed, why };
}
