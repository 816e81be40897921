/**
 * What calico-node is started with: calico_backend, veth_mtu and the way to the host's address. A ConfigMap that is changed does
 * nothing until the pods are started anew. Sources: node/filesystem/etc/rc.local, node/pkg/lifecycle/startup, manifests/calico.yaml,
 * calicoctl/calicoctl/commands/node/status.go, Calico v3.32.1.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OpenLab } from '../support/labs.ts';

let lab: OpenLab;
beforeEach(async () => {
  lab = await OpenLab.open('first-overlay');
});
afterEach(() => lab.session.dispose());

const run = (line: string): Promise<string> => lab.out('workstation', line);

const NODE_POOL = 'default-ipv4-ippool';
const encapsulate = (spec: string): Promise<string> =>
  run(`calicoctl patch ippool ${NODE_POOL} -p '{"spec":${spec}}'; sleep 20`);
const VXLAN = '{"vxlanMode":"Always","ipipMode":"Never"}';
const IPIP = '{"vxlanMode":"Never","ipipMode":"Always"}';

const configure = (data: string): Promise<string> =>
  run(`kubectl patch cm -n kube-system calico-config -p '{"data":${data}}'`);

/** As the documentation tells people who run no BIRD. */
const withoutBirdProbes = (): Promise<string> =>
  run(`kubectl patch ds -n kube-system calico-node --type json -p '[
    {"op":"replace","path":"/spec/template/spec/containers/0/livenessProbe/exec/command","value":["/bin/calico-node","-felix-live"]},
    {"op":"replace","path":"/spec/template/spec/containers/0/readinessProbe/exec/command","value":["/bin/calico-node","-felix-ready"]}
  ]'; kubectl rollout status -n kube-system ds/calico-node; sleep 20`);

const status = (): Promise<string> => lab.out('node/node1', 'calicoctl node status');
const routes = (): Promise<string> => lab.out('node/node1', 'ip route');

const NO_BIRD = 'Calico process is running.\n\nThe BGP backend process (BIRD) is not running.\n\n';

describe('calico_backend', () => {
  test('does nothing to a calico-node that runs', async () => {
    await configure('{"calico_backend":"vxlan"}');
    await run('sleep 60');
    expect(await status()).toContain('IPv4 BGP status');
  });

  test.each(['vxlan', 'none'])('%s runs no BIRD: only VXLAN has routes to other nodes', async (backend) => {
    await encapsulate(VXLAN);
    await configure(`{"calico_backend":"${backend}"}`);
    await withoutBirdProbes();
    expect(await status()).toBe(NO_BIRD);
    const pod = (
      await run(
        'kubectl get pods -n kube-system -l k8s-app=calico-node --field-selector spec.nodeName=node1 -o name',
      )
    ).trim();
    expect(
      await lab.at(
        'workstation',
        `kubectl exec -n kube-system ${pod} -c calico-node -- birdcl show protocols`,
      ),
    ).toMatchObject({ exitCode: 1 });
    expect(await routes()).toMatch(/^10\.244\.104\.0\/26 via \S+ dev vxlan\.calico/m);
    expect(await lab.reach('pod/client', 'pod/far')).toMatchObject({ delivered: true });
    await encapsulate(IPIP);
    expect(await routes()).not.toMatch(/^10\.244\.104\.0\/26/m);
    expect(await lab.reach('pod/client', 'pod/far')).toMatchObject({ delivered: false });
  });

  test('vxlan under probes that ask for BIRD leaves the first pod unready, and the rollout stands', async () => {
    await configure('{"calico_backend":"vxlan"}');
    await run('kubectl rollout restart -n kube-system ds/calico-node; sleep 90');
    const pods = await run('kubectl get pods -n kube-system -l k8s-app=calico-node --no-headers');
    expect(pods.match(/0\/1/g)).toHaveLength(1);
    expect(pods.match(/1\/1/g)).toHaveLength(3);
  });
});

describe('veth_mtu', () => {
  test('fixes the MTU of tunnels and of pods that are made afterwards', async () => {
    await encapsulate(VXLAN);
    await configure('{"veth_mtu":"1350"}');
    await run('kubectl rollout restart -n kube-system ds/calico-node; sleep 120');
    expect(await lab.out('node/node1', 'ip link show vxlan.calico')).toContain('mtu 1350');
    expect(await lab.out('pod/client', 'ip link show eth0')).not.toContain('mtu 1350');
    await run('kubectl run late --image=busybox:1.36 --restart=Never -- sleep 3600; sleep 10');
    expect(await lab.out('pod/late', 'ip link show eth0')).toContain('mtu 1350');
  });
});

describe('the host address', () => {
  const address = (): Promise<string> =>
    run(`kubectl get node node1 -o jsonpath='{.metadata.annotations.projectcalico\\.org/IPv4Address}'`);
  const start = (...variables: readonly string[]): Promise<string> =>
    run(`kubectl set env -n kube-system ds/calico-node -c calico-node ${variables.join(' ')}; sleep 120`);

  beforeEach(async () => {
    await lab.out(
      'node/node1',
      'ip link add lan0 type dummy; ip addr add 192.0.2.7/28 dev lan0; ip link set lan0 up',
    );
  });

  test('is the first that is found, from the interface that came last', async () => {
    expect(await address()).toBe('10.0.0.11/24');
    await run('kubectl rollout restart -n kube-system ds/calico-node; sleep 120');
    expect(await address()).toBe('192.0.2.7/28');
  });

  test.each([
    ['interface=eth.*', '10.0.0.11/24'],
    ['interface=lan0', '192.0.2.7/28'],
    ['skip-interface=lan.*', '10.0.0.11/24'],
    ['cidr=192.0.2.0/24', '192.0.2.7/28'],
    ['can-reach=203.0.113.10', '10.0.0.11/24'],
    ['can-reach=192.0.2.1', '192.0.2.7/28'],
    ['kubernetes-internal-ip', '10.0.0.11/24'],
  ])('is found by %s', async (method, found) => {
    await start(`IP_AUTODETECTION_METHOD='${method}'`);
    expect(await address()).toBe(found);
  });

  test('is left alone by IP=none', async () => {
    await run('kubectl annotate --overwrite node node1 projectcalico.org/IPv4Address=10.0.0.11/32');
    await start('IP=none');
    expect(await address()).toBe('10.0.0.11/32');
  });

  test('of a network that leads nowhere keeps others from the node', async () => {
    await encapsulate(VXLAN);
    expect(await lab.reach('pod/client', 'pod/far')).toMatchObject({ delivered: true });
    await start("IP_AUTODETECTION_METHOD='interface=lan0,eth0'");
    expect(await lab.out('node/node2', 'bridge fdb show dev vxlan.calico')).toContain('dst 192.0.2.7');
    expect(await lab.reach('pod/client', 'pod/far')).toMatchObject({ delivered: false });
  });
});
