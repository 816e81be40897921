import { expect, test } from 'vitest';
import type { JsonObject } from '../../base/json.ts';
import { templateHash } from './controllers/template-hash.ts';
import { goDump } from './go-dump.ts';

const container = (more: JsonObject): JsonObject => ({
  name: 'nginx',
  image: 'nginx',
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  imagePullPolicy: 'Always',
  ...more,
});
const template = (app: string, more: JsonObject = {}, spec: JsonObject = {}): JsonObject => ({
  metadata: { labels: { app } },
  spec: {
    containers: [container(more)],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    ...spec,
  },
});
const asking = (cpu: string, memory: string): JsonObject =>
  template('nginx', { resources: { requests: { cpu, memory } } });

/**
 * Provenance: k8s.io/kubernetes pkg/controller ComputeHash over k8s.io/api v0.35.4, run on the same templates. The names of
 * ReplicaSets on a real cluster are in test/simulator/real-cluster.golden.json.
 */
test.each([
  ['a deployment of nginx', template('nginx'), '56c45fd5ff'],
  [
    'members of all kinds',
    template(
      'web',
      {
        resources: { limits: { cpu: '1.5', memory: '1Gi' }, requests: { cpu: '1', memory: '200M' } },
        env: [
          { name: 'A', value: 'b' },
          { name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } } },
        ],
        ports: [{ containerPort: 80, protocol: 'TCP' }],
        livenessProbe: { tcpSocket: { port: 80 }, timeoutSeconds: 1 },
        lifecycle: { preStop: { sleep: { seconds: 3 } } },
      },
      {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'a',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { a: 'b' } },
          },
        ],
        volumes: [
          { name: 'x', emptyDir: { sizeLimit: '2e3' } },
          { name: 'y', hostPath: { path: '/', type: '' } },
          { name: 'z', projected: { sources: [{ configMap: { name: 'q' } }], defaultMode: 420 } },
        ],
      },
    ),
    '685887879',
  ],
  ['quantities that can be shorter', asking('1000m', '1024Mi'), '7497559775'],
  ['quantities with fractions', asking('0.5', '1.5Gi'), 'c686d799f'],
  ['a multiple of eight', asking('3k', '64Mi'), '78447568bf'],
  ['nothing, and an exponent', asking('0', '1e3'), '68d9b5c7d9'],
])('the hash of %s', (_, given, hash) => {
  expect(templateHash(given)).toBe(hash);
});

test('what a field says, and what it does not', () => {
  expect(goDump('v1.EndpointPort', { name: 'dns', port: 53, protocol: 'UDP' })).toBe(
    '(v1.EndpointPort){Name:(string)dns Port:(int32)53 Protocol:(v1.Protocol)UDP AppProtocol:(*string)<nil>}',
  );
});

test('a name that is taken makes another', () => {
  expect(templateHash(template('nginx'), 1)).not.toBe(templateHash(template('nginx')));
});
