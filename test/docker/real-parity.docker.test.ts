/**
 * One lab, two engines, the same facts: the simulator and a real cluster are asked for the same flows and the same tables, in
 * topologies that no lab of the course has. It runs where a node image is named.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { place } from '../../src/engines/small-lab.contract.ts';
import type { LabEnvironment, LabSession } from '../../src/lab/ports.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import { full } from './support/engine.ts';
import { holders, lines, out, reach, Twins, type Told } from './support/twins.ts';

/** Milliseconds for one cluster, and what is done on it. */
const PATIENCE = 1_200_000;
vi.setConfig({ testTimeout: PATIENCE, hookTimeout: PATIENCE });

const NAME = 'a real cluster and the simulator';
const signal = new AbortController().signal;

const calico = (kind: string, name: string, spec: string): string =>
  `apiVersion: projectcalico.org/v3\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: ${spec}\n`;

const pod = (name: string, node: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: web } }
spec:
  nodeName: ${node}
  containers:
    - name: web
      image: registry.k8s.io/e2e-test-images/agnhost:2.53
      args: [netexec, --http-port=80]
`;
const PODS = [pod('near', 'node1'), pod('beside', 'node2'), pod('far', 'node3')].join('---\n');

const MANIFEST = { install: 'manifest', pools: 'user' } as const;
const OPERATOR = { install: 'operator', pools: 'operator' } as const;

function environment(
  topology: string,
  by: LabEnvironment['calico'],
  objects: readonly string[] = [],
): LabEnvironment {
  const file = `labs/topologies/${topology}.yaml`;
  const parsed = parseTopology(file, readFileSync(file, 'utf8'));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return {
    id: 'parity',
    topology: parsed.value,
    calico: by,
    start: [
      ...(objects.length > 0 ? [{ file: '10-calico.yaml', text: objects.join('---\n') }] : []),
      { file: '20-pods.yaml', text: PODS },
    ],
    files: [],
  };
}

const WEB = { protocol: 'tcp', port: 80 } as const;
const ALLOWED = 'numAllowedLocalASNumbers: 1';

if (process.env['UNDERLAY_NODE_IMAGE'] && full)
  describe(NAME, () => {
    describe('agree where racks are joined by BGP alone', () => {
      let twins: Twins;
      beforeAll(async () => {
        twins = await Twins.open(
          environment('tor-bgp', MANIFEST, [
            calico('IPPool', 'plain', '{ cidr: 10.244.0.0/16, ipipMode: Never, vxlanMode: Never }'),
            calico('BGPConfiguration', 'default', '{ nodeToNodeMeshEnabled: false }'),
            calico(
              'BGPPeer',
              'tor-a',
              `{ nodeSelector: "rack == 'a'", peerIP: 10.0.0.1, asNumber: 65101, ${ALLOWED} }`,
            ),
            calico('BGPPeer', 'tor-b', `{ node: node3, peerIP: 10.0.1.1, asNumber: 65102, ${ALLOWED} }`),
          ]),
        );
      });
      afterAll(() => twins.dispose());

      test('on what BIRD put into the tables of nodes and routers', async () => {
        for (const where of ['node/node1', 'node/node3', 'router/tor-a', 'router/spine']) {
          const routes = await twins.agree((session) => lines(session, where, 'ip route show proto bird'));
          expect(routes.length, where).toBeGreaterThan(0);
        }
      });

      test.each([
        ['pod/near', 'pod/far'],
        ['pod/near', 'pod/beside'],
        ['host/outside', 'pod/far'],
        ['pod/far', 'host/outside'],
      ])('on a packet from %s to %s', async (from, to) => {
        const told = await twins.agree((session) =>
          reach(session, from, { to: place(to), ...(to.startsWith('pod') ? WEB : { protocol: 'icmp' }) }),
        );
        expect(told).toMatchObject({ delivered: true, encapsulation: 'none' });
      });

      test('when a peering is taken away, and given back', async () => {
        const peer = calico(
          'BGPPeer',
          'tor-b',
          `{ node: node3, peerIP: 10.0.1.1, asNumber: 65102, ${ALLOWED} }`,
        );
        const nearToFar = (session: LabSession): Promise<Told> =>
          reach(session, 'pod/near', { to: place('pod/far'), ...WEB });
        const both = (line: string): Promise<unknown> =>
          Promise.all([twins.sim, twins.real].map((each) => out(each, 'workstation', 'sh', '-c', line)));
        await both('calicoctl delete bgppeer tor-b');
        expect(await twins.agree(nearToFar)).toMatchObject({ delivered: false });
        await both(`calicoctl create -f - <<'EOF'\n${peer}EOF`);
        expect(await twins.agree(nearToFar)).toMatchObject({ delivered: true });
      });

      test('once a node has been restarted', async () => {
        const sidecar = (
          await docker('ps', '--format', '{{.Names}}', '--filter', 'name=-sidecar-node3')
        ).trim();
        const node = await docker('inspect', '--format', '{{.HostConfig.NetworkMode}}', sidecar);
        await docker('restart', node.trim().replace('container:', ''));
        const told = await twins.agree((session) =>
          reach(session, 'pod/near', { to: place('pod/far'), ...WEB }),
        );
        expect(told).toMatchObject({ delivered: true });
        expect(await out(twins.real, 'node/node3', 'sysctl', '-n', 'net.ipv4.conf.all.rp_filter')).toBe(
          '0\n',
        );
      });
    });

    describe('agree in two address families', () => {
      let twins: Twins;
      beforeAll(async () => {
        twins = await Twins.open(
          environment('dual-stack', MANIFEST, [
            calico('IPPool', 'four', '{ cidr: 10.244.0.0/16, vxlanMode: Always, natOutgoing: true }'),
            calico(
              'IPPool',
              'six',
              '{ cidr: "fd00:10:244::/56", vxlanMode: CrossSubnet, natOutgoing: true }',
            ),
          ]),
        );
      });
      afterAll(() => twins.dispose());

      test.each(['pod/far', 'pod/beside'])('on a packet to %s', async (to) => {
        const told = await twins.agree((session) => reach(session, 'pod/near', { to: place(to), ...WEB }));
        expect(told).toMatchObject({ delivered: true, encapsulation: 'vxlan' });
      });

      test.each(['far', 'beside'])('on a packet of IPv6 to %s', async (name) => {
        const told = await twins.agree(async (session) => {
          const six = [...(await holders(session))].find(
            ([address, holder]) => holder === `pod ${name}` && address.includes(':'),
          );
          const to = { kind: 'address', address: six?.[0] ?? '' } as const;
          return reach(session, 'pod/near', { to, ...WEB });
        });
        expect(told).toMatchObject({ delivered: true, encapsulation: name === 'far' ? 'vxlan' : 'none' });
      });

      test('on a packet of IPv6 to the outside, translated', async () => {
        const to = { kind: 'address', address: '2001:db8:113::10' } as const;
        const told = await twins.agree((session) => reach(session, 'pod/near', { to, protocol: 'icmp' }));
        expect(told).toMatchObject({ delivered: true, sourceSeen: 'fd00:a::11' });
      });
    });

    describe('agree where the operator installed Calico', () => {
      let twins: Twins;
      beforeAll(async () => {
        twins = await Twins.open(environment('two-racks', OPERATOR));
      });
      afterAll(() => twins.dispose());

      const asked = (line: string) => (session: LabSession) => lines(session, 'workstation', line);

      test('on what it made', async () => {
        const made = await twins.agree(
          asked('kubectl get daemonsets,deployments --namespace calico-system --output name'),
        );
        expect(made).toContain('daemonset.apps/calico-node');
        await twins.agree(
          asked('kubectl get tigerastatuses --no-headers --output custom-columns=:.metadata.name'),
        );
      });

      test('on its pool, which it takes back from whoever edits it', async () => {
        const pool = asked(
          'kubectl get ippools.projectcalico.org --no-headers --output custom-columns=:.metadata.name,:.spec.cidr,:.spec.vxlanMode,:.spec.ipipMode',
        );
        const before = await twins.agree(pool);
        expect(before).toEqual([expect.stringMatching(/^default-ipv4-ippool .* CrossSubnet +Never$/)]);
        for (const each of [twins.sim, twins.real])
          await out(
            each,
            'workstation',
            ...['kubectl', 'patch', 'ippools.projectcalico.org', 'default-ipv4-ippool'],
            ...['--type=merge', '--patch={"spec":{"vxlanMode":"Always"}}'],
          );
        expect(await twins.agree(pool)).toEqual(before);
      });

      test.each([
        ['pod/far', 'vxlan'],
        ['pod/beside', 'none'],
      ])('on a packet to %s', async (to, encapsulation) => {
        const told = await twins.agree((session) => reach(session, 'pod/near', { to: place(to), ...WEB }));
        expect(told).toMatchObject({ delivered: true, encapsulation });
      });

      test('on what a reset leaves: the operator’s, and not the learner’s', async () => {
        const policies = asked(
          'kubectl get networkpolicies.projectcalico.org --all-namespaces --output name',
        );
        const before = await twins.agree(policies);
        const mine =
          'apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: { name: mine }\nspec: {}\n';
        for (const each of [twins.sim, twins.real]) {
          await out(each, 'workstation', 'sh', '-c', `kubectl apply -f - <<'EOF'\n${mine}EOF`);
          expect(await policies(each)).toHaveLength(before.length + 1);
          expect(await each.reset(signal)).toEqual({ ok: true, value: undefined });
        }
        expect(await twins.agree(policies)).toEqual(before);
        const far = (session: LabSession): Promise<Told> =>
          reach(session, 'pod/near', { to: place('pod/far'), ...WEB });
        expect(await twins.agree(far)).toMatchObject({ delivered: true });
      });
    });
  });
else
  describe.skip(`${NAME} (npm run test:full with UNDERLAY_NODE_IMAGE)`, () =>
    test('are compared there', () => undefined));

async function docker(...argv: readonly string[]): Promise<string> {
  const program = process.env['UNDERLAY_DOCKER_BIN'] ?? 'docker';
  return (await promisify(execFile)(program, argv)).stdout;
}
