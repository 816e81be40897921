/** The template generation of DaemonSets: pkg/apis/apps/v1/conversion.go and pkg/registry/apps/daemonset/strategy.go, 1.35. */
import { expect, test } from 'vitest';
import { pod, TestCluster } from '../cluster-fixture.ts';
import { at } from '../fields.ts';
import { TEMPLATE_GENERATION } from './workload.ts';

const SETS = 'daemonsets.apps';
const AGENT = { app: 'agent' };

const daemonSet = (annotations?: Readonly<Record<string, string>>) => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'agent', namespace: 'default', ...(annotations && { annotations }) },
  spec: {
    selector: { matchLabels: AGENT },
    template: { metadata: { labels: AGENT }, spec: at(pod('agent'), 'spec') ?? {} },
  },
});

const annotationsOf = (cluster: TestCluster): unknown => cluster.get(SETS, 'agent')?.metadata.annotations;
const podGenerations = (cluster: TestCluster): readonly unknown[] => [
  ...new Set(
    cluster.list('pods', 'default').map(({ metadata }) => metadata.labels?.['pod-template-generation']),
  ),
];

test('a DaemonSet counts the changes of its template, and nobody else can', () => {
  const cluster = new TestCluster().wait(5000);
  cluster.create(daemonSet({ mine: 'yes' }));
  cluster.wait(4000);
  expect(annotationsOf(cluster)).toEqual({ mine: 'yes', [TEMPLATE_GENERATION]: '1' });
  expect(podGenerations(cluster)).toEqual(['1']);
  cluster.apply(SETS, 'agent', { metadata: { annotations: { [TEMPLATE_GENERATION]: '7', mine: null } } });
  expect(annotationsOf(cluster)).toEqual({ [TEMPLATE_GENERATION]: '1' });
  cluster.apply(SETS, 'agent', { metadata: { annotations: null } });
  cluster.apply(SETS, 'agent', { spec: { minReadySeconds: 1 } });
  expect(annotationsOf(cluster)).toEqual({ [TEMPLATE_GENERATION]: '1' });
  cluster.apply(SETS, 'agent', { spec: { template: { metadata: { annotations: { again: 'yes' } } } } });
  expect(annotationsOf(cluster)).toEqual({ [TEMPLATE_GENERATION]: '2' });
  expect(cluster.get(SETS, 'agent')?.metadata.generation).toBe(3);
  cluster.wait(60_000);
  expect(podGenerations(cluster)).toEqual(['2']);
});

test('one that is made anew goes on counting where it is told', () => {
  const cluster = new TestCluster().wait(5000);
  cluster.create(daemonSet({ [TEMPLATE_GENERATION]: '4' }));
  expect(annotationsOf(cluster)).toEqual({ [TEMPLATE_GENERATION]: '4' });
});

// kube-proxy of a cluster that kubeadm made has it, too.
test('it is there from the start', () => {
  const proxy = new TestCluster()
    .list(SETS, 'kube-system')
    .find(({ metadata }) => metadata.name === 'kube-proxy');
  expect(proxy?.metadata.annotations).toEqual({ [TEMPLATE_GENERATION]: '1' });
});

test('a template on the host network keeps its ports, and its pods have them on their host', () => {
  const cluster = new TestCluster().wait(5000);
  const { spec, ...rest } = daemonSet();
  const port = { containerPort: 5473, name: 'typha', protocol: 'TCP' };
  const container = { name: 'typha', image: 'typha:1', ports: [port] };
  const template = { ...spec.template, spec: { hostNetwork: true, containers: [container] } };
  cluster.create({ ...rest, spec: { ...spec, template } });
  cluster.wait(4000);
  const portsOf = (object: unknown): unknown => at(object, 'containers', 0, 'ports');
  expect(portsOf(at(cluster.get(SETS, 'agent')?.spec, 'template', 'spec'))).toEqual([port]);
  expect(portsOf(cluster.list('pods', 'default')[0]?.spec)).toEqual([{ ...port, hostPort: 5473 }]);
});
