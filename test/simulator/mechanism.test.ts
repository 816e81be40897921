/** Mechanism, as a person would test it: take away one cause, and everything that depends on it fails alike. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OpenLab } from '../support/labs.ts';

const NODE3_TUNNEL_MAC = '66:a4:6f:e0:c4:da';

let lab: OpenLab;
let far: string;
let near: string;

beforeEach(async () => {
  lab = await OpenLab.open('first-overlay');
  far = await lab.out('workstation', "kubectl get pod far -o jsonpath='{.status.podIP}'");
  near = await lab.out('workstation', "kubectl get pod near -o jsonpath='{.status.podIP}'");
});

afterEach(() => lab.session.dispose());

describe('one FDB entry of node1', () => {
  test('is there, and every tool reaches the far pod', async () => {
    expect(await lab.out('node/node1', 'bridge fdb show dev vxlan.calico')).toContain(
      `${NODE3_TUNNEL_MAC} dst 10.0.1.13 self permanent`,
    );
    expect((await lab.at('pod/client', `ping -c 2 ${far}`)).stdout).toContain(
      '2 packets transmitted, 2 received, 0% packet loss',
    );
    expect((await lab.at('pod/client', `curl -s -m 3 http://${far}/hostname`)).stdout).toBe('far');
    expect((await lab.at('pod/client', `traceroute -n ${far}`)).stdout).toMatch(
      new RegExp(`\\n 3  ${far.replaceAll('.', '\\.')} `),
    );
    expect(await lab.reach('pod/client', 'pod/far')).toMatchObject({
      delivered: true,
      encapsulation: 'vxlan',
    });
  });

  test('removed by hand takes the far pod from ping, curl, traceroute, tcpdump and reach, and nothing else', async () => {
    await lab.out('node/node1', `bridge fdb del ${NODE3_TUNNEL_MAC} dev vxlan.calico dst 10.0.1.13`);

    expect(await lab.at('pod/client', `ping -c 2 -W 1 ${far}`)).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('2 packets transmitted, 0 received, 100% packet loss') as string,
    });
    expect(await lab.at('pod/client', `curl -s -S -m 3 http://${far}/hostname`)).toMatchObject({
      exitCode: 28,
      stderr: expect.stringMatching(
        /^curl: \(28\) Connection timed out after 300\d milliseconds\n$/,
      ) as string,
    });
    const trace = await lab.at('pod/client', `traceroute -n -m 3 -q 1 -w 1 ${far}`);
    expect(trace.stdout).toMatch(/^traceroute to .*\n 1 {2}10\.0\.0\.11 .*\n 2 {2}\*\n 3 {2}\*\n$/);
    expect(await lab.reach('pod/client', 'pod/far')).toMatchObject({
      delivered: false,
      disposition: 'no-fdb-entry',
      reason: expect.stringContaining('node/node1') as string,
    });

    const capture = lab.at(
      'node/node1',
      'timeout 5 tcpdump -nn -i eth0 udp port 4789 and dst host 10.0.1.13',
    );
    await lab.at('pod/client', `ping -c 2 -W 1 ${far}`);
    expect((await capture).stderr).toContain('0 packets captured');

    expect((await lab.at('pod/client', `ping -c 1 ${near}`)).exitCode).toBe(0);
    expect(await lab.reach('pod/client', 'pod/near')).toMatchObject({
      delivered: true,
      encapsulation: 'vxlan',
    });
  });

  test('is put back by Felix at its next route refresh', async () => {
    await lab.out('node/node1', `bridge fdb del ${NODE3_TUNNEL_MAC} dev vxlan.calico dst 10.0.1.13`);
    await lab.out('workstation', 'sleep 91');
    expect((await lab.at('pod/client', `ping -c 1 ${far}`)).exitCode).toBe(0);
  });
});

describe('other causes', () => {
  test.each([
    ['the route to the block', 'ip route del 10.244.135.0/26', 'no-route'],
    [
      'the neighbour entry of the tunnel',
      'ip neigh del 10.244.135.0 dev vxlan.calico',
      'neighbour-unreachable',
    ],
    ['the tunnel device', 'ip link set vxlan.calico down', 'no-route'],
  ])('removing %s ends the flow', async (_, line, disposition) => {
    await lab.out('node/node1', line);
    expect(await lab.reach('pod/client', 'pod/far')).toMatchObject({ delivered: false, disposition });
  });
});

describe('the name of a service', () => {
  const webAsItIs = 'curl -sS -m 3 http://web/hostname';

  beforeEach(async () => {
    // The pods share their label: a service of one of them needs a label of its own.
    await lab.out('workstation', 'kubectl label pod far app=far --overwrite');
    await lab.out('workstation', 'kubectl expose pod far --name=web --port=80 && sleep 1');
  });

  test('is found by DNS and reached through kube-proxy; nodes ask another server', async () => {
    expect(await lab.out('pod/client', webAsItIs)).toBe('far');
    expect(await lab.out('pod/client', 'curl -sS http://web.default.svc.cluster.local/hostname')).toBe('far');
    expect(await lab.at('node/node1', webAsItIs)).toMatchObject({
      exitCode: 6,
      stderr: 'curl: (6) Could not resolve host: web\n',
    });
  });

  test('is lost without CoreDNS, and the service stays', async () => {
    const address = await lab.out('workstation', "kubectl get svc web -o jsonpath='{.spec.clusterIP}'");
    await lab.out('workstation', 'kubectl -n kube-system scale deploy coredns --replicas=0 && sleep 40');
    expect((await lab.at('pod/client', 'ping -c 1 web')).stderr).toBe(
      'ping: web: Temporary failure in name resolution\n',
    );
    expect(await lab.out('pod/client', `curl -sS http://${address}/hostname`)).toBe('far');
  });
});
