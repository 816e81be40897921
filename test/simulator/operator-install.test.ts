/**
 * What tigera-operator writes when it installs Calico, as the transcript of a cluster of Kubernetes 1.35.4 has it, where operator
 * v1.42.3 installed Calico v3.32.1; addresses are the lab's.
 */
import { beforeEach, expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { OperatorCluster } from './operator-cluster.ts';

let lab: OperatorCluster;
beforeEach(() => {
  lab = OperatorCluster.made();
});

test('writes a default into Whisker, and a status of neither Whisker nor Goldmane', () => {
  const told = (plural: string) => {
    const { metadata, spec, status } = lab.ask('GET', `/apis/operator.tigera.io/v1/${plural}/default`)
      .body as unknown as { metadata: JsonObject; spec: JsonObject; status?: JsonObject };
    return { generation: metadata['generation'], spec, status: status && Object.keys(status).sort() };
  };
  expect(told('whiskers')).toEqual({
    generation: 2,
    spec: { notifications: 'Enabled' },
    status: undefined,
  });
  expect(told('goldmanes')).toEqual({ generation: 1, spec: {}, status: undefined });
  expect(told('apiservers')).toEqual({ generation: 1, spec: {}, status: ['conditions', 'state'] });
  expect(lab.ask('GET', '/apis/operator.tigera.io/v1/tigerastatuses/whisker').body['status']).toMatchObject({
    conditions: [{ observedGeneration: 2 }, {}, {}],
  });
});

test('tells calico-node, the CNI plugin and Typha where the API server is', () => {
  const told = [
    { name: 'KUBERNETES_SERVICE_HOST', value: '10.96.0.1' },
    { name: 'KUBERNETES_SERVICE_PORT', value: '443' },
  ];
  const podSpec = (path: string) =>
    (
      lab.ask('GET', `/apis/apps/v1/namespaces/calico-system/${path}`).body as unknown as {
        spec: {
          template: { spec: Record<string, readonly { name: string; env?: readonly JsonObject[] }[]> };
        };
      }
    ).spec.template.spec;
  const ends = (path: string, of: 'containers' | 'initContainers'): object =>
    Object.fromEntries((podSpec(path)[of] ?? []).map(({ name, env = [] }) => [name, env.slice(-2)]));
  expect(ends('daemonsets/calico-node', 'containers')).toEqual({ 'calico-node': told });
  expect(ends('daemonsets/calico-node', 'initContainers')).toMatchObject({ 'install-cni': told });
  expect(ends('deployments/calico-typha', 'containers')).toEqual({ 'calico-typha': told });
  const { data } = lab.ask('GET', '/api/v1/namespaces/calico-system/configmaps/cni-config')
    .body as unknown as { data: { config: string } };
  expect(data.config).toBe(
    '{\n\t\t\t  "name": "k8s-pod-network",\n\t\t\t  "cniVersion": "0.3.1",\n\t\t\t  "plugins": ' +
      '[{"calico_api_group":"","container_settings":{"allow_ip_forwarding":false},"datastore_type":"kubernetes",' +
      '"endpoint_status_dir":"/var/run/calico/endpoint-status",' +
      '"ipam":{"assign_ipv4":"true","assign_ipv6":"false","type":"calico-ipam"},' +
      '"kubernetes":{"k8s_api_root":"https://10.96.0.1:443","kubeconfig":"__KUBECONFIG_FILEPATH__"},' +
      '"log_file_max_age":30,"log_file_max_count":10,"log_file_max_size":100,' +
      '"log_file_path":"/var/log/calico/cni/cni.log","log_level":"Info","mtu":0,"nodename_file_optional":false,' +
      '"policy":{"type":"k8s"},"policy_setup_timeout_seconds":0,"type":"calico"},' +
      '{"capabilities":{"portMappings":true},"snat":true,"type":"portmap"}]\n\t\t\t}',
  );
  expect(lab.ask('GET', '/apis/apps/v1/namespaces/calico-system/daemonsets/calico-node').body).toMatchObject({
    metadata: { annotations: { 'deprecated.daemonset.template.generation': '1' } },
    spec: {
      template: {
        metadata: {
          annotations: { 'hash.operator.tigera.io/cni-config': '5c419c5bbc47d7fd0dad2d39e318f9c3d45ab995' },
        },
      },
    },
  });
});

test('puts its pods on nodes as the real one does', () => {
  const podSpec = (name: string): JsonObject =>
    (
      lab.ask('GET', `/apis/apps/v1/namespaces/calico-system/deployments/${name}`).body as unknown as {
        spec: { template: { spec: JsonObject } };
      }
    ).spec.template.spec;
  const controlPlane = ['master', 'control-plane'].map((role) => ({
    effect: 'NoSchedule',
    key: `node-role.kubernetes.io/${role}`,
  }));
  const addons = { key: 'CriticalAddonsOnly', operator: 'Exists' };
  expect(podSpec('calico-apiserver')['tolerations']).toEqual(controlPlane);
  for (const name of ['calico-kube-controllers', 'goldmane', 'whisker'])
    expect(podSpec(name)['tolerations']).toEqual([...controlPlane, addons]);
  const weights = (name: string): readonly unknown[] =>
    (
      podSpec(name) as unknown as {
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: readonly { weight: number }[];
          };
        };
      }
    ).affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.map(({ weight }) => weight);
  expect(weights('calico-apiserver')).toEqual([100, 100]);
  expect(weights('calico-typha')).toEqual([1]);
});

// MaintainInstallationFinalizer, pkg/controller/utils/utils.go.
test('a controller lets go of the Installation when what it made has ended', () => {
  const held = (): boolean =>
    lab.simulator.world.cluster.store
      .get('installations.operator.tigera.io', undefined, 'default')
      ?.metadata.finalizers?.includes('operator.tigera.io/whisker-controller') === true;
  const running = (): boolean => lab.pods('calico-system').includes('whisker');
  lab.ask('DELETE', '/apis/operator.tigera.io/v1/whiskers/default');
  const seen: (readonly [boolean, boolean])[] = [];
  for (let passed = 0; passed < 60_000; passed += 500) {
    lab.simulator.advanceTo(lab.simulator.now + 500);
    const now = [running(), held()] as const;
    if (String(seen.at(-1)) !== String(now)) seen.push(now);
  }
  expect(seen.at(0)).toEqual([true, true]);
  expect(seen).not.toContainEqual([true, false]);
  expect(seen.at(-1)).toEqual([false, false]);
});
