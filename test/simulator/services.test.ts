/** Services from one end to the other: who reaches an endpoint by which address, as whom, and by whose doing. */
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';
import { OpenLab } from '../support/labs.ts';

const TIMED_OUT = 28;

/** agnhost's netexec tells who it is (/hostname) and whom it sees (/clientip). */
const backend = (name: string, node: string, labels = 'app: echo'): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { ${labels} } }
spec:
  nodeName: ${node}
  containers:
    - name: c
      image: registry.k8s.io/e2e-test-images/agnhost:2.47
      args: [netexec]
      ports: [{ containerPort: 8080 }, { containerPort: 8081, protocol: UDP }]
`;

const service = (name: string, spec: string, label = 'echo'): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${label} }, ports: [{ port: 80, targetPort: 8080 }], ${spec} }
`;

class Cluster {
  readonly lab: OpenLab;

  private constructor(lab: OpenLab) {
    this.lab = lab;
  }

  static async with(...documents: readonly string[]): Promise<Cluster> {
    const cluster = new Cluster(await OpenLab.open('first-overlay'));
    await cluster.apply(...documents);
    return cluster;
  }

  async apply(...documents: readonly string[]): Promise<void> {
    await this.lab.out('workstation', `kubectl apply -f - <<'EOF'\n${documents.join('---\n')}EOF\nsleep 15`);
  }

  kubectl(line: string): Promise<string> {
    return this.lab.out('workstation', `kubectl ${line}`);
  }

  /** What the endpoint says, or curl's exit code. */
  async get(place: string, address: string, path = 'clientip'): Promise<string> {
    const { exitCode, stdout } = await this.lab.at(place, `curl -s -m 2 http://${address}/${path}`);
    return exitCode === 0 ? stdout : `exit ${exitCode}`;
  }

  /** The client's address as the endpoint sees it. */
  async seen(place: string, address: string): Promise<string> {
    return (await this.get(place, address)).replace(/:\d+$/, '');
  }

  addressOf(pod: string): Promise<string> {
    return this.kubectl(`get pod ${pod} -o jsonpath='{.status.podIP}'`);
  }
}

const ON_NODE3 = backend('three', 'node3');

describe('an endpoint on node3', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.with(
      ON_NODE3,
      service('echo', 'type: NodePort, externalIPs: [10.0.0.99]'),
      service('local', 'type: NodePort, externalTrafficPolicy: Local'),
      service('here', 'internalTrafficPolicy: Local'),
      service('nobody', 'type: NodePort', 'nobody'),
    );
  });
  afterAll(() => cluster.lab.session.dispose());

  const port = (name: string): Promise<string> =>
    cluster.kubectl(`get svc ${name} -o jsonpath='{.spec.ports[0].nodePort}'`);

  test('sees pods of every node as they are, by the cluster address', async () => {
    for (const pod of ['client', 'near', 'far'])
      expect(await cluster.seen(`pod/${pod}`, 'echo')).toBe(await cluster.addressOf(pod));
  });

  test('sees itself as its node, when it meets itself by the service', async () => {
    expect(await cluster.get('pod/three', 'echo', 'hostname')).toBe('three');
    expect(await cluster.seen('pod/three', 'echo')).toBe('10.0.1.13');
  });

  test('sees the node that a client from outside came by, or the client with policy Local', async () => {
    const [echo, local] = [await port('echo'), await port('local')];
    expect(await cluster.seen('host/outside', `10.0.0.11:${echo}`)).toBe('10.244.166.128');
    expect(await cluster.seen('host/outside', `10.0.1.13:${echo}`)).toBe('10.0.1.13');
    expect(await cluster.seen('host/outside', `10.0.1.13:${local}`)).toBe('203.0.113.10');
    expect(await cluster.seen('host/outside', `10.0.0.11:${local}`)).toBe(`exit ${TIMED_OUT}`);
  });

  test('is reached by node port from the node itself, by each of its addresses', async () => {
    const echo = await port('echo');
    for (const address of ['127.0.0.1', '10.0.0.11', '10.244.166.128'])
      expect(await cluster.get('node/node1', `${address}:${echo}`, 'hostname')).toBe('three');
  });

  test('is not there for pods of other nodes when internal traffic stays local', async () => {
    expect(await cluster.get('pod/far', 'here', 'hostname')).toBe('three');
    expect(await cluster.get('pod/client', 'here', 'hostname')).toBe(`exit ${TIMED_OUT}`);
  });

  test('a service without endpoints refuses, by each of its addresses', async () => {
    expect(await cluster.get('pod/client', 'nobody')).toBe('exit 7');
    expect(await cluster.get('host/outside', `10.0.0.11:${await port('nobody')}`)).toBe('exit 7');
  });

  test('conntrack tells of both translations', async () => {
    const [echo, pod] = [await port('echo'), await cluster.addressOf('three')];
    await cluster.lab.at('node/node1', 'conntrack -F');
    await cluster.get('host/outside', `10.0.0.11:${echo}`);
    await cluster.get('pod/client', 'echo');
    const client = await cluster.addressOf('client');
    const address = await cluster.kubectl("get svc echo -o jsonpath='{.spec.clusterIP}'");
    const lines = (await cluster.lab.at('node/node1', 'conntrack -L -p tcp')).stdout;
    const forms = (text: string): readonly string[] =>
      text
        .split('\n')
        .filter((line) => line.includes(pod))
        .map((line) =>
          line.replaceAll(/port=\d{4,5}/g, (word) => (/8080|=3\d{4}$/.test(word) ? word : 'port=*')),
        );
    const entries = forms(lines).join('\n');
    expect(entries).toContain(`src=203.0.113.10 dst=10.0.0.11`);
    expect(entries).toContain(`src=${pod} dst=10.244.166.128 sport=8080`);
    expect(entries).toContain(`src=${client} dst=${address}`);
    expect(entries).toContain(`src=${pod} dst=${client} sport=8080`);
  });

  test('the mark that asks for masquerading makes the source, and nothing else does', async () => {
    const echo = await port('echo');
    const chain = 'KUBE-MARK-MASQ';
    await cluster.lab.out('node/node3', `iptables -t nat -F ${chain}`);
    expect(await cluster.seen('host/outside', `10.0.1.13:${echo}`)).toBe('203.0.113.10');
    expect(await cluster.get('pod/three', 'echo', 'hostname')).toBe(`exit ${TIMED_OUT}`);
    await cluster.lab.out('node/node3', `iptables -t nat -A ${chain} -j MARK --set-xmark 0x4000/0x4000`);
    expect(await cluster.seen('pod/three', 'echo')).toBe('10.0.1.13');
  });
});

describe('a rule taken away by hand changes what depends on it', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.with(
      ON_NODE3,
      service('echo', 'type: NodePort, externalTrafficPolicy: Local'),
      service('nobody', '', 'nobody'),
    );
  });
  afterEach(() => cluster.lab.session.dispose());

  const without = async (table: string, chain: string, part: string): Promise<void> => {
    const rules = await cluster.lab.out('node/node1', `iptables -t ${table} -S ${chain}`);
    const rule = rules.split('\n').find((line) => line.startsWith('-A') && line.includes(part)) ?? '';
    expect(rule).not.toBe('');
    await cluster.lab.out('node/node1', `iptables -t ${table} ${rule.replace('-A', '-D')}`);
  };

  test('the cluster address in KUBE-SERVICES', async () => {
    await without('nat', 'KUBE-SERVICES', 'default/echo cluster IP');
    expect(await cluster.get('pod/client', 'echo')).toMatch(/^exit/);
    expect(await cluster.get('pod/near', 'echo', 'hostname')).toBe('three');
  });

  test('the door to KUBE-NODEPORTS', async () => {
    const port = await cluster.kubectl("get svc echo -o jsonpath='{.spec.ports[0].nodePort}'");
    expect(await cluster.get('node/node1', `10.0.0.11:${port}`, 'hostname')).toBe('three');
    await without('nat', 'KUBE-SERVICES', 'kubernetes service nodeports');
    // What is not translated any more meets the rule that drops for want of a local endpoint.
    expect(await cluster.get('node/node1', `10.0.0.11:${port}`, 'hostname')).toBe(`exit ${TIMED_OUT}`);
  });

  test('the drop for want of a local endpoint: the connection is refused instead', async () => {
    const port = await cluster.kubectl("get svc echo -o jsonpath='{.spec.ports[0].nodePort}'");
    expect(await cluster.get('host/outside', `10.0.0.11:${port}`)).toBe(`exit ${TIMED_OUT}`);
    await without('filter', 'KUBE-EXTERNAL-SERVICES', 'has no local endpoints');
    expect(await cluster.get('host/outside', `10.0.0.11:${port}`)).toBe('exit 7');
  });

  test('the refusal for want of any endpoint', async () => {
    const complaint = async (): Promise<string> =>
      (await cluster.lab.at('pod/client', 'nc -zv -w 2 nobody 80')).stderr;
    expect(await complaint()).toContain('Connection refused');
    await without('filter', 'KUBE-SERVICES', 'has no endpoints');
    expect(await complaint()).not.toContain('Connection refused');
    expect(await complaint()).not.toBe('');
  });
});

describe('session affinity', () => {
  const both = [backend('one', 'node1'), ON_NODE3];
  const sticky =
    'sessionAffinity: ClientIP, sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } }, type: ClusterIP';
  let cluster: Cluster;
  beforeEach(async () => (cluster = await Cluster.with(...both, service('echo', sticky))));
  afterEach(() => cluster.lab.session.dispose());

  const answers = async (count: number, pause = 0): Promise<readonly string[]> => {
    const given: string[] = [];
    for (let each = 0; each < count; each += 1) {
      given.push(await cluster.get('pod/client', 'echo', 'hostname'));
      if (pause > 0) await cluster.lab.out('workstation', `sleep ${pause}`);
    }
    return given;
  };
  const distinct = (given: readonly string[]): number => new Set(given).size;

  test('keeps a client with its endpoint, as long as it comes back in time', async () => {
    expect(distinct(await answers(12))).toBe(1);
    expect(distinct(await answers(8, 50))).toBe(1);
  });

  test('ends with its time: then chance decides again', async () => {
    expect(distinct(await answers(12, 61))).toBe(2);
  });

  test('is what the recent match does: without it chance decides every time', async () => {
    const rules = await cluster.lab.out('node/node1', "iptables -t nat -S | grep -- '--rcheck'");
    for (const rule of rules.trim().split('\n'))
      await cluster.lab.out('node/node1', `iptables -t nat ${rule.replace('-A', '-D')}`);
    expect(distinct(await answers(12))).toBe(2);
  });
});

describe('a load balancer', () => {
  const spec =
    'type: LoadBalancer, externalTrafficPolicy: Local, loadBalancerSourceRanges: [203.0.113.0/28], healthCheckNodePort: 30999';
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.with(ON_NODE3, service('echo', spec));
    await cluster.kubectl(
      `patch svc echo --subresource=status --type=merge -p '{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.50"}]}}}'`,
    );
    // Nobody announces the address: the router is told, as a load balancer would tell it.
    await cluster.lab.out('router/router', 'ip route add 192.0.2.50/32 via 10.0.1.13');
  });
  afterAll(() => cluster.lab.session.dispose());

  test('lets in whom its ranges name, and nobody else', async () => {
    expect(await cluster.seen('host/outside', '192.0.2.50')).toBe('203.0.113.10');
    await cluster.kubectl(`patch svc echo -p '{"spec":{"loadBalancerSourceRanges":["198.51.100.0/24"]}}'`);
    expect(await cluster.seen('host/outside', '192.0.2.50')).toBe(`exit ${TIMED_OUT}`);
    const drop = 'default/echo traffic not accepted by KUBE-FW';
    expect(await cluster.lab.out('node/node3', 'iptables -S KUBE-PROXY-FIREWALL')).toContain(drop);
    await cluster.kubectl(`patch svc echo -p '{"spec":{"loadBalancerSourceRanges":["203.0.113.0/28"]}}'`);
  });

  test('asks each node whether it has endpoints', async () => {
    const ask = async (node: string): Promise<string> =>
      (await cluster.lab.at('host/outside', `curl -is -m 2 http://${node}:30999/`)).stdout;
    expect(await ask('10.0.1.13')).toMatch(/^HTTP\/1.1 200 OK\r?\n[^{]*Weight: 1\r?\n[^{]*{\n\t"service": {/);
    expect(await ask('10.0.0.11')).toMatch(/^HTTP\/1.1 503 Service Unavailable[^]*"localEndpoints": 0,/);
  });
});

test('UDP to an endpoint that has gone finds the next one, since kube-proxy ends the connection', async () => {
  const ports = 'ports: [{ port: 5353, targetPort: 8081, protocol: UDP }]';
  const udp = service('echo', '').replace(/ports: \[.*?\], /, `${ports}`);
  const cluster = await Cluster.with(backend('one', 'node1'), udp);
  const tracked = async (): Promise<string> =>
    (await cluster.lab.at('node/node1', 'conntrack -L -p udp')).stdout;
  await cluster.lab.at('pod/client', 'echo hello | nc -u -w 1 -p 40000 echo 5353');
  const [one] = [await cluster.addressOf('one')];
  expect(await tracked()).toContain(`src=${one} dst=`);
  await cluster.apply(ON_NODE3);
  expect(await tracked()).toContain(`src=${one} dst=`);
  await cluster.kubectl('delete pod one --force --grace-period=0');
  await cluster.lab.out('workstation', 'sleep 2');
  expect(await tracked()).not.toContain(`src=${one} dst=`);
  await cluster.lab.session.dispose();
});
