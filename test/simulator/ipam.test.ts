/**
 * IPAM as people meet it: a pool that is too small, moving pods to another pool as Calico's guide does, and an address for a
 * Service of type LoadBalancer, each through the commands that are typed for it.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OpenLab } from '../support/labs.ts';

let lab: OpenLab;

beforeEach(async () => {
  lab = await OpenLab.open('first-overlay');
});
afterEach(() => lab.session.dispose());

const type = (line: string): Promise<string> => lab.out('workstation', line);

const pool = (name: string, fields: readonly string[]): string =>
  [
    `calicoctl apply -f - <<'END'`,
    'apiVersion: projectcalico.org/v3',
    'kind: IPPool',
    `metadata: { name: ${name} }`,
    `spec: { ${fields.join(', ')} }`,
    'END',
  ].join('\n');

const problems = async (): Promise<string> =>
  (await type('calicoctl ipam check')).split('\n').filter((line) => line.startsWith('Check'))[1] ?? '';

const nodeOne = `--overrides='{"spec": {"nodeName": "node1"}}'`;

describe('a pod that gets no address', () => {
  test('waits in ContainerCreating, says why, and starts when the cause is gone', async () => {
    await type(
      pool('small', ['cidr: 10.50.0.0/30', 'blockSize: 30', 'vxlanMode: Always', "nodeSelector: '!all()'"]),
    );
    const pods = 'cni.projectcalico.org/ipv4pools=["small"]';
    // One after another: the last one comes too late.
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      await type(
        `kubectl run ${name} --image=registry.k8s.io/pause:3.10 --annotations='${pods}' ${nodeOne}; sleep 1`,
      );
    await type('sleep 40');
    expect(await type('kubectl get pods e')).toMatch(/^e +0\/1 +ContainerCreating +0 +\d+s$/m);
    expect(await type('kubectl describe pod e')).toMatch(
      /Warning +FailedCreatePodSandBox .* kubelet +Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "[0-9a-f]{64}": plugin type="calico" failed \(add\): failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No IPs available in pools: \[10\.50\.0\.0\/30\]\n/,
    );
    await type('kubectl delete pod b');
    await type('kubectl wait --for=condition=Ready pod/e --timeout=60s');
    expect(await type('kubectl get pod e -o jsonpath={.status.podIP}')).toMatch(/^10\.50\.0\.[0-3]$/);
    expect(await problems()).toBe('Check complete; found 0 problems.');
  });
});

describe('an address borrowed from another node', () => {
  const routes = async (node: string): Promise<readonly string[]> =>
    (await lab.out(`node/${node}`, 'ip route'))
      .split('\n')
      .map((line) => line.trim().replace(/cali[0-9a-f]{11}/, 'cali*'))
      .filter((line) => line.includes('10.50.0.'));

  const pods = 'cni.projectcalico.org/ipv4pools=["tiny"]';
  const run = (name: string, node: string): Promise<string> =>
    type(
      `kubectl run ${name} --image=registry.k8s.io/pause:3.10 --annotations='${pods}' --overrides='{"spec": {"nodeName": "${node}"}}'`,
    );

  test.each([
    [
      'vxlanMode: Always',
      [
        '10.50.0.0/30 via 10.244.166.128 dev vxlan.calico onlink mtu 1450',
        '10.50.0.1 via 10.244.104.0 dev vxlan.calico onlink mtu 1450',
      ],
      [
        '10.50.0.0 dev cali* scope link metric 1024',
        'blackhole 10.50.0.0/30 proto 80',
        '10.50.0.1 via 10.244.104.0 dev vxlan.calico onlink mtu 1450',
      ],
    ],
    [
      'ipipMode: Always',
      [
        '10.50.0.0/30 via 10.0.0.11 dev tunl0 proto bird metric 1024 onlink',
        '10.50.0.1 via 10.0.0.12 dev tunl0 proto bird metric 1024 onlink',
      ],
      [
        '10.50.0.0 dev cali* scope link metric 1024',
        'blackhole 10.50.0.0/30 proto bird',
        '10.50.0.1 via 10.0.0.12 dev tunl0 proto bird metric 1024 onlink',
      ],
    ],
  ])('is reached by its own route (%s)', async (mode, elsewhere, atOwner) => {
    await type(pool('tiny', ['cidr: 10.50.0.0/30', 'blockSize: 30', mode, "nodeSelector: '!all()'"]));
    await run('owner', 'node1');
    await type('sleep 5');
    await run('borrower', 'node2');
    await type('sleep 30');
    expect(await type('kubectl get pod borrower -o jsonpath={.status.podIP}')).toBe('10.50.0.1');
    expect(await type('calicoctl ipam show --show-borrowed')).toContain(
      '| 10.50.0.1 | node2          | 10.50.0.0/30 | node1       | pod  | default/borrower |',
    );
    expect(await routes('node3')).toEqual(elsewhere);
    expect(await routes('node1')).toEqual(atOwner);
    expect(await lab.out('pod/far', 'ping -c 1 10.50.0.1')).toContain(' 1 received');
  });
});

/** https://docs.tigera.io/calico/latest/networking/ipam/migrate-pools */
test('pods move to another pool: new pool, old one disabled, pods recreated, old one deleted', async () => {
  await type('kubectl create deployment shop --image=registry.k8s.io/pause:3.10 --replicas=6');
  await type('kubectl rollout status deployment shop');
  /** The first two numbers of the pods' addresses. */
  const ranges = async (): Promise<readonly string[]> => {
    const addresses = await type(`kubectl get pods -l app=shop -o jsonpath='{.items[*].status.podIP}'`);
    return [...new Set(addresses.split(' ').map((address) => address.split('.', 2).join('.')))];
  };
  const [old = ''] = (await type(`kubectl get ippools -o jsonpath='{.items[*].metadata.name}'`)).split(' ');
  expect(await ranges()).toEqual(['10.244']);

  await type(pool('new-pool', ['cidr: 10.66.0.0/16', 'vxlanMode: Always', 'natOutgoing: true']));
  await type(`calicoctl patch ippool ${old} -p '{"spec": {"disabled": true}}'`);
  expect(await ranges()).toEqual(['10.244']);

  await type('kubectl rollout restart deployment shop');
  await type('kubectl rollout status deployment shop');
  await type('sleep 60');
  expect(await ranges()).toEqual(['10.66']);

  expect(await type(`calicoctl delete pool ${old}`)).toBe("Successfully deleted 1 'IPPool' resource(s)\n");
  expect(await type('calicoctl get ippool -o custom-columns=NAME,CIDR')).toMatch(
    /^NAME +CIDR *\nnew-pool +10\.66\.0\.0\/16 *$/m,
  );
  const blocks = await type('calicoctl ipam show --show-blocks');
  expect(blocks).toMatch(/IP Pool {2}\| 10\.66\.0\.0\/16/);
  expect(await problems()).toBe('Check complete; found 0 problems.');
});

describe('a Service of type LoadBalancer', () => {
  const external = (): Promise<string> =>
    type(`kubectl get service web -o jsonpath='{.status.loadBalancer.ingress[*].ip}'`);

  test('waits for a pool that serves it, and gives its address back', async () => {
    await type('kubectl create service loadbalancer web --tcp=80:80');
    await type('sleep 5');
    expect(await type('kubectl get service web')).toMatch(/LoadBalancer +10\.96\.\d+\.\d+ +<pending> /);
    await type(pool('edge', ['cidr: 203.0.113.128/28', 'blockSize: 29', 'allowedUses: [LoadBalancer]']));
    await type('sleep 5');
    const address = await external();
    expect(address).toMatch(/^203\.0\.113\.1(2[89]|3\d|4[0-3])$/);
    expect(await type('kubectl get service web')).toContain(` ${address} `);
    expect(await type(`calicoctl ipam show --ip=${address}`)).toMatch(
      new RegExp(
        [
          `IP ${address.replaceAll('.', '\\.')} is in use`,
          'Handle ID: lb-[0-9A-Za-z]+',
          'Active Owner Attributes:',
          '  namespace: default',
          '  service: web',
          '  timestamp: .* \\+0000 UTC',
          '  type: LoadBalancer',
          '',
        ].join('\n'),
      ),
    );
    expect(await type(`kubectl get ipamblocks -o jsonpath='{.items[*].spec.affinity}'`)).toContain(
      'virtual:load-balancer',
    );
    expect(await type('calicoctl ipam check')).toContain('Found 1 service load balancer(s).');
    expect(await problems()).toBe('Check complete; found 0 problems.');

    await type('kubectl delete service web');
    await type('sleep 5');
    expect(await type(`calicoctl ipam show --ip=${address}`)).toBe(`${address} is not assigned\n`);
  });

  test('gets the address that its annotation names, once it names one', async () => {
    await type(pool('edge', ['cidr: 203.0.113.128/28', 'blockSize: 28', 'allowedUses: [LoadBalancer]']));
    await type('kubectl create service loadbalancer web --tcp=80:80');
    await type('sleep 5');
    expect(await external()).toBe('203.0.113.128');
    await type(`kubectl annotate service web projectcalico.org/loadBalancerIPs='["203.0.113.140"]'`);
    await type('sleep 5');
    expect(await external()).toBe('203.0.113.140');
  });
});
