/** Network policy as a person meets it: applied by kubectl, enforced by the node's chains, explained by the trace. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { globalPolicy, hostEndpoint, kubernetesPolicy, PolicyLab } from './policy.contract.ts';

const DENY_ALL = kubernetesPolicy('deny-all', '{ podSelector: {}, policyTypes: [Ingress] }');
const NODE3 = '10.0.1.13';
const KUBELET = 10250;

let lab: PolicyLab;
let far: string;

beforeEach(async () => {
  lab = await PolicyLab.open();
  far = await lab.ip('far');
});

afterEach(() => lab.close());

/** How a TCP connection to node3 ends; nothing listens where no policy objects. */
const ends = async (from: string, port: number): Promise<string> =>
  (await lab.lab.reach(from, 'node/node3', port)).disposition;

describe('Kubernetes NetworkPolicy', () => {
  test('deny-all stops pings between pods, and the trace says why', async () => {
    expect(await lab.pings('pod/client', far)).toBe(true);
    await lab.apply(DENY_ALL);
    expect(await lab.pings('pod/client', far)).toBe(false);
    const chain = await lab.chainOf('node3', 'cali-tw-', 'far');
    expect(await lab.lab.reach('pod/client', 'pod/far')).toMatchObject({
      delivered: false,
      disposition: 'denied',
      reason: `It ended at node/node3: denied at the end of tier default: nothing allowed it into default/far, where the Kubernetes NetworkPolicy default/deny-all applies (chain ${chain})`,
    });
    await lab.lab.out('workstation', 'kubectl delete networkpolicy deny-all');
    expect(await lab.pings('pod/client', far)).toBe(true);
  });

  test("a pod's own node reaches it whatever the policy says", async () => {
    await lab.apply(DENY_ALL);
    expect(await lab.pings('node/node3', far)).toBe(true);
    expect(await lab.pings('node/node1', far)).toBe(false);
  });

  test('a rule lets in what it names and nothing else', async () => {
    await lab.apply(
      DENY_ALL,
      kubernetesPolicy('allow-web', '{ podSelector: {}, ingress: [{ ports: [{ port: 80 }] }] }'),
    );
    expect(await lab.curls('pod/client', far)).toBe(true);
    expect(await lab.pings('pod/client', far)).toBe(false);
    expect((await lab.lab.reach('pod/client', 'pod/far', 81)).disposition).toBe('denied');
  });
});

test('a deny rule is named with its policy and its place in it', async () => {
  await lab.apply(
    globalPolicy(
      'no-web',
      `{ selector: "app == 'web'", ingress: [{ action: Allow, protocol: ICMP }, { action: Deny, protocol: TCP }] }`,
    ),
  );
  expect((await lab.lab.reach('pod/client', 'pod/far')).reason).toBe(
    'It ended at node/node3: denied by the GlobalNetworkPolicy no-web, ingress rule 2 (chain cali-pi-gnp/no-web)',
  );
});

// felix/rules/endpoints.go appendConntrackRules: each endpoint's chain begins with --ctstate RELATED,ESTABLISHED -j ACCEPT.
test('what stands outlives a policy that would have refused it', async () => {
  const standing = lab.lab.at('pod/client', `ping -c 6 -W 1 ${far}`);
  await lab.lab.out('workstation', 'sleep 1');
  await lab.apply(DENY_ALL);
  expect(await lab.pings('pod/client', far)).toBe(false);
  expect((await standing).stdout).toContain('6 packets transmitted, 6 received, 0% packet loss');
});

describe('host endpoints', () => {
  test('without a policy the host is closed but for failsafe ports; forwarded traffic passes', async () => {
    expect(await ends('node/node1', KUBELET)).toBe('delivered');
    await lab.apply(hostEndpoint('node3-eth0', '{ node: node3, interfaceName: eth0 }'));
    expect(await ends('node/node1', KUBELET)).toBe('denied');
    expect(await lab.connects('node/node1', NODE3, 179)).toBe(true);
    expect(await lab.pings('pod/client', far)).toBe(true);
  });

  test('a policy opens a port of the host, for the node it selects', async () => {
    await lab.apply(
      hostEndpoint('node3-any', '{ node: node3, interfaceName: "*" }'),
      globalPolicy(
        'kubelet',
        `{ selector: has(host), ingress: [{ action: Allow, protocol: TCP, destination: { ports: [${KUBELET}] } }] }`,
      ),
    );
    expect(await ends('node/node1', KUBELET)).toBe('delivered');
    expect(await lab.pings('node/node1', NODE3)).toBe(false);
    expect(await lab.rules('node3', 'cali-from-host-endpoint')).toEqual([
      expect.stringMatching(/^-A cali-from-host-endpoint .* -g cali-fh-any-interface-at-all$/),
    ]);
  });

  test('preDNAT and doNotTrack policies live in tables of their own', async () => {
    await lab.apply(
      hostEndpoint('node3-eth0', '{ node: node3, interfaceName: eth0, profiles: [kns.default] }'),
      globalPolicy(
        'before-dnat',
        '{ selector: has(host), order: 1, applyOnForward: true, preDNAT: true, types: [Ingress], ingress: [{ action: Deny, protocol: ICMP }] }',
      ),
      globalPolicy(
        'untracked',
        '{ selector: has(host), order: 2, applyOnForward: true, doNotTrack: true, types: [Ingress, Egress], ingress: [{ action: Allow, protocol: TCP, source: { ports: [9] } }] }',
      ),
    );
    expect(await lab.pings('node/node1', NODE3)).toBe(false);
    expect(await lab.rules('node3', 'cali-pi-gnp/before-dnat', 'mangle')).toHaveLength(2);
    expect(await lab.rules('node3', 'cali-fh-eth0', 'raw')).toContainEqual(
      expect.stringMatching(/-m mark --mark 0x10000\/0x10000 -j NOTRACK$/),
    );
    expect(await ends('node/node1', KUBELET)).toBe('delivered');
  });

  test('applyOnForward reaches what the node forwards to its pods', async () => {
    await lab.apply(
      hostEndpoint('node3-any', '{ node: node3, interfaceName: "*", profiles: [kns.default] }'),
      globalPolicy(
        'forwarded',
        '{ selector: has(host), applyOnForward: true, types: [Ingress], ingress: [{ action: Allow, protocol: TCP }, { action: Allow, protocol: UDP }] }',
      ),
    );
    expect(await lab.curls('pod/client', far)).toBe(true);
    expect(await lab.pings('pod/client', far)).toBe(false);
  });
});

test('a Log rule writes a line into the log of the node', async () => {
  await lab.apply(
    globalPolicy(
      'logged',
      `{ selector: "app == 'web'", ingress: [{ action: Log, protocol: ICMP }, { action: Allow }] }`,
    ),
  );
  expect(await lab.pings('pod/client', far)).toBe(true);
  expect(await lab.lab.out('node/node3', 'dmesg -t')).toMatch(
    /^calico-packet: IN=vxlan\.calico OUT=cali\w+ .* PROTO=ICMP TYPE=8 CODE=0 /,
  );
});
