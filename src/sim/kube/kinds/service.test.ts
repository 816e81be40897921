/** Services as the API server completes and refuses them; messages after validation.go and alloc.go, Kubernetes 1.35. */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../base/json.ts';
import { service, TestCluster } from '../cluster-fixture.ts';

const PORT = { port: 80, targetPort: 8080 };
const created = (spec: JsonObject, cluster = new TestCluster()): JsonObject => {
  const answer = cluster.create(service('web', { ports: [PORT], ...spec }));
  return answer.code === 201 ? ((answer.body['spec'] ?? {}) as JsonObject) : answer.body;
};
const refusal = (spec: JsonObject, cluster = new TestCluster()): string =>
  String(created(spec, cluster)['message']).replace('Service "web" is invalid: ', '');

describe('defaults', () => {
  test('a plain service is reached from inside only', () => {
    expect(created({ clusterIP: '10.96.9.9' })).toEqual({
      clusterIP: '10.96.9.9',
      clusterIPs: ['10.96.9.9'],
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }],
      selector: { app: 'web' },
      sessionAffinity: 'None',
      type: 'ClusterIP',
    });
  });

  test.each<readonly [string, JsonObject, JsonObject]>([
    [
      'a load balancer with policy Local is asked after its endpoints',
      { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30999 },
      { allocateLoadBalancerNodePorts: true, externalTrafficPolicy: 'Local', healthCheckNodePort: 30999 },
    ],
    ['external addresses', { externalIPs: ['192.0.2.1'] }, { externalTrafficPolicy: 'Cluster' }],
    [
      'affinity lasts three hours',
      { sessionAffinity: 'ClientIP' },
      { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } } },
    ],
  ])('%s', (_, spec, filled) => {
    expect(created(spec)).toMatchObject(filled);
  });

  test('a balancer may do without node ports; ports of one number share theirs', () => {
    const ports = [
      { name: 'a', port: 53 },
      { name: 'b', port: 53, protocol: 'UDP' },
    ];
    const nodePorts = (spec: JsonObject): readonly unknown[] =>
      (created({ ...spec, ports })['ports'] as unknown as readonly JsonObject[]).map((p) => p['nodePort']);
    expect(nodePorts({ type: 'LoadBalancer', allocateLoadBalancerNodePorts: false })).toEqual([
      undefined,
      undefined,
    ]);
    const [first, second] = nodePorts({ type: 'NodePort' });
    expect(first).toBeGreaterThanOrEqual(30086);
    expect(second).toBe(first);
  });
});

const NONE = "may not be set to 'None' for NodePort services";

describe('refusals', () => {
  test.each<readonly [JsonObject, string]>([
    [{ ports: [] }, 'spec.ports: Required value'],
    [{ type: 'NodePort', clusterIP: 'None' }, `spec.clusterIPs[0]: Invalid value: "None": ${NONE}`],
    [
      { ports: [{ port: 80, nodePort: 30080 }] },
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ],
    [
      { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] },
      'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    ],
    [
      { externalTrafficPolicy: 'Local' },
      'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
    ],
    [
      { type: 'NodePort', healthCheckNodePort: 30999 },
      "spec.healthCheckNodePort: Invalid value: 30999: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    ],
    [
      { loadBalancerSourceRanges: ['10.0.0.0/8'] },
      "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
    ],
    [
      { loadBalancerClass: 'example.com/x' },
      "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
    ],
    [
      { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } } },
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400',
    ],
    [
      { externalIPs: ['127.0.0.1'] },
      'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ],
    [
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'a', port: 81 },
        ],
      },
      'spec.ports[1].name: Duplicate value: "a"',
    ],
    [
      { clusterIP: '10.97.0.1' },
      'spec.clusterIPs: Invalid value: ["10.97.0.1"]: failed to allocate IP 10.97.0.1: the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
    ],
    [
      { clusterIP: '10.96.0.1' },
      'spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: provided IP is already allocated',
    ],
  ])('%j', (spec, message) => {
    expect(refusal(spec)).toBe(message);
  });

  test('a node port that another service has, whatever its protocol', () => {
    const cluster = new TestCluster();
    const taken = { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] };
    expect(cluster.create(service('first', taken)).code).toBe(201);
    expect(
      refusal({ type: 'NodePort', ports: [{ port: 53, protocol: 'UDP', nodePort: 30080 }] }, cluster),
    ).toBe('spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated');
  });
});

describe('a change', () => {
  const change = (cluster: TestCluster, spec: JsonObject): JsonObject =>
    cluster.apply('services', 'web', { spec }).body;

  test('of type takes along what the new type has no use for, and nothing else', () => {
    const cluster = new TestCluster();
    const given = created(
      { type: 'LoadBalancer', externalTrafficPolicy: 'Local', loadBalancerClass: 'example.com/x' },
      cluster,
    );
    expect(given['healthCheckNodePort']).toBeGreaterThanOrEqual(30086);
    const after = change(cluster, { type: 'ClusterIP' })['spec'] as JsonObject;
    expect(after).toEqual({
      clusterIP: given['clusterIP'],
      clusterIPs: given['clusterIPs'],
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }],
      selector: { app: 'web' },
      sessionAffinity: 'None',
      type: 'ClusterIP',
    });
    const named = change(cluster, { type: 'ExternalName', externalName: 'example.com' })[
      'spec'
    ] as JsonObject;
    expect(named['clusterIP'] ?? named['ipFamilies']).toBeUndefined();
  });

  test('keeps node ports while the type has some', () => {
    const cluster = new TestCluster();
    const given = created({ type: 'NodePort' }, cluster);
    const after = change(cluster, { type: 'LoadBalancer' })['spec'] as JsonObject;
    expect(after['ports']).toEqual(given['ports']);
  });

  test('of the cluster address is refused', () => {
    const cluster = new TestCluster();
    created({ clusterIP: '10.96.9.9' }, cluster);
    expect(change(cluster, { clusterIP: '10.96.9.10', clusterIPs: ['10.96.9.10'] })['message']).toBe(
      'Service "web" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.9.10"]: may not change once set',
    );
  });
});
