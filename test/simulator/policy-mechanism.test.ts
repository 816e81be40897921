/**
 * Mechanism of network policy, as a person would test it: one rule or one member of a set is taken away by hand, the flow
 * that depends on it changes, and Felix puts it back.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { globalPolicy, hostEndpoint, kubernetesPolicy, PolicyLab } from './policy.contract.ts';

let lab: PolicyLab;
let far: string;

beforeEach(async () => {
  lab = await PolicyLab.open();
  far = await lab.ip('far');
});

afterEach(() => lab.close());

const WEB = `{ podSelector: {}, ingress: [{ ports: [{ port: 80 }] }] }`;
const DENY_ALL = kubernetesPolicy('deny-all', '{ podSelector: {}, policyTypes: [Ingress] }');

test('an allow rule', async () => {
  await lab.apply(kubernetesPolicy('allow-web', WEB));
  expect(await lab.curls('pod/client', far)).toBe(true);
  await lab.deleteRule('node3', 'cali-pi-_l7X9Omtz7dibbh9L3Lp', '--dports 80');
  expect(await lab.curls('pod/client', far)).toBe(false);
  await lab.felixLooks();
  expect(await lab.curls('pod/client', far)).toBe(true);
});

test('a deny rule', async () => {
  await lab.apply(
    globalPolicy(
      'no-ping',
      `{ selector: all(), ingress: [{ action: Deny, protocol: ICMP }, { action: Allow }], egress: [{ action: Allow }] }`,
    ),
  );
  expect(await lab.pings('pod/client', far)).toBe(false);
  await lab.deleteRule('node3', 'cali-pi-gnp/no-ping', '-j DROP');
  expect(await lab.pings('pod/client', far)).toBe(true);
  await lab.felixLooks();
  expect(await lab.pings('pod/client', far)).toBe(false);
});

test('the drop at the end of a tier', async () => {
  await lab.apply(DENY_ALL);
  expect(await lab.pings('pod/client', far)).toBe(false);
  const chain = await lab.chainOf('node3', 'cali-tw-', 'far');
  await lab.deleteRule('node3', chain, 'End of tier default');
  expect(await lab.pings('pod/client', far)).toBe(true);
  await lab.felixLooks();
  expect(await lab.pings('pod/client', far)).toBe(false);
});

test('the profile of a namespace, and the drop where no profile allowed', async () => {
  const chain = await lab.chainOf('node3', 'cali-tw-', 'far');
  await lab.deleteRule('node3', 'cali-pri-kns.default', '-j MARK');
  expect(await lab.pings('pod/client', far)).toBe(false);
  expect((await lab.lab.reach('pod/client', 'pod/far')).reason).toContain(
    'denied because no policy and no profile allows it into default/far',
  );
  await lab.deleteRule('node3', chain, 'Drop if no profiles matched');
  expect(await lab.pings('pod/client', far)).toBe(true);
  await lab.felixLooks();
  expect(await lab.rules('node3', chain)).toContainEqual(expect.stringContaining('no profiles matched'));
});

test('a failsafe port', async () => {
  await lab.apply(hostEndpoint('node3-eth0', '{ node: node3, interfaceName: eth0 }'));
  expect(await lab.connects('node/node1', '10.0.1.13', 179)).toBe(true);
  expect((await lab.lab.reach('node/node1', 'node/node3', 10250)).disposition).toBe('denied');
  await lab.deleteRule('node3', 'cali-failsafe-in', '--dports 179');
  expect(await lab.connects('node/node1', '10.0.1.13', 179)).toBe(false);
  await lab.felixLooks();
  expect(await lab.connects('node/node1', '10.0.1.13', 179)).toBe(true);
});

test('a member of a set', async () => {
  await lab.apply(
    kubernetesPolicy(
      'from-client',
      '{ podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { run: client } } }] }] }',
    ),
  );
  await lab.lab.out('workstation', 'kubectl label pod client run=client --overwrite; sleep 1');
  expect(await lab.pings('pod/client', far)).toBe(true);
  const set = /cali40s:\S+/.exec(await lab.lab.out('node/node3', 'ipset list -n'))?.[0] ?? '';
  await lab.lab.out('node/node3', `ipset del ${set} ${await lab.ip('client')}`);
  expect(await lab.pings('pod/client', far)).toBe(false);
  await lab.felixLooks();
  expect(await lab.pings('pod/client', far)).toBe(true);
});

test('a named port', async () => {
  await lab.apply(
    NAMED_POD,
    kubernetesPolicy('named', '{ podSelector: {}, ingress: [{ ports: [{ port: http }] }] }'),
  );
  await lab.lab.out('workstation', 'kubectl wait pod named --for=condition=Ready');
  const named = await lab.ip('named');
  const list = await lab.lab.out('node/node3', 'ipset list');
  expect(list).toContain(`${named},tcp:80`);
  expect(await lab.curls('pod/client', named)).toBe(true);
  expect(await lab.curls('pod/client', far)).toBe(false);
  const set = /cali40n:\S+/.exec(list)?.[0] ?? '';
  await lab.lab.out('node/node3', `ipset del ${set} ${named},tcp:80`);
  expect(await lab.curls('pod/client', named)).toBe(false);
  await lab.felixLooks();
  expect(await lab.curls('pod/client', named)).toBe(true);
});

const NAMED_POD = `apiVersion: v1
kind: Pod
metadata: { name: named }
spec:
  nodeName: node3
  containers:
    - name: web
      image: registry.k8s.io/e2e-test-images/agnhost:2.53
      args: [netexec, --http-port=80]
      ports: [{ name: http, containerPort: 80 }]`;
