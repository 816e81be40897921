import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../../base/json.ts';
import { policyCalculator } from './calculator.ts';
import { naiveVerdict } from './naive-policy.contract.ts';
import {
  entriesOf,
  filled,
  interfaceOf,
  verdict,
  workloadsOf,
  type Direction,
  type LabSketch,
  type Packet,
  type PodSketch,
  type PolicySketch,
} from './policy-lab.contract.ts';

const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const maybe = (name: string, value: fc.Arbitrary<Json>): fc.Arbitrary<JsonObject> =>
  fc
    .option(value, { nil: undefined, freq: 1 })
    .map((found) => (found === undefined ? {} : { [name]: found }));
const merged = (...parts: readonly fc.Arbitrary<JsonObject>[]): fc.Arbitrary<JsonObject> =>
  fc.tuple(...parts).map((found) => Object.assign({}, ...found) as JsonObject);

const NAMESPACES = ['blue', 'red', 'green'];
const ACCOUNTS = ['default', 'robot'];
const PORTS = [
  { name: 'http', protocol: 'TCP', port: 80 },
  { name: 'http', protocol: 'TCP', port: 8080 },
  { name: 'dns', protocol: 'UDP', port: 53 },
  { name: 'dns', protocol: 'TCP', port: 53 },
];

const labels = fc.record(
  { app: oneOf('web', 'db'), env: oneOf('prod', 'test') },
  { requiredKeys: [] },
) as fc.Arbitrary<Readonly<Record<string, string>>>;

const selector = oneOf(
  "app == 'web'",
  "app != 'db'",
  'has(env)',
  "env in {'prod'} || app == 'db'",
  "!(env == 'test') && has(app)",
  'all()',
  "projectcalico.org/namespace == 'red'",
);
const namespaceSelector = oneOf(
  'all()',
  'global()',
  "env == 'prod'",
  "projectcalico.org/name in {'blue', 'green'}",
  "app != 'web'",
);
const namespaceSelectorOfPolicy = oneOf("env == 'prod'", "projectcalico.org/name != 'blue'", 'has(app)');
const nets = fc.subarray(['10.244.0.0/30', '10.244.0.2/32', '203.0.113.0/24', '0.0.0.0/0'], { minLength: 1 });
const ports = fc.subarray<Json>([80, '1000:9000', 'http', 'dns'], { minLength: 1 });

const entity = merged(
  maybe('selector', selector),
  maybe('notSelector', selector),
  maybe('namespaceSelector', namespaceSelector),
  maybe('nets', nets),
  maybe('notNets', nets),
  maybe(
    'serviceAccounts',
    fc.oneof(fc.constant({ names: ['robot'] }), fc.constant({ selector: 'has(env)' })),
  ),
);
const mostly = (value: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: value });
const source = mostly(entity);
const destination = fc
  .tuple(mostly(entity), mostly(merged(maybe('ports', ports), maybe('notPorts', ports))))
  .map(([who, where]) => ({ ...who, ...where }));

/** Ports need a protocol that has them. */
const rule = fc
  .tuple(
    oneOf('Allow', 'Allow', 'Deny', 'Pass', 'Log'),
    source,
    destination,
    oneOf<Json | undefined>('TCP', 'UDP', 17, undefined),
  )
  .map(([action, from, to, protocol]): JsonObject => {
    const asks = to['ports'] !== undefined || to['notPorts'] !== undefined;
    const speaks = protocol ?? (asks ? 'TCP' : undefined);
    return { action, source: from, destination: to, ...(speaks !== undefined && { protocol: speaks }) };
  });

const icmpRule = oneOf<JsonObject>(
  { action: 'Allow', protocol: 'ICMP', icmp: { type: 8 } },
  { action: 'Deny', protocol: 'ICMP', icmp: { type: 8, code: 0 } },
  { action: 'Allow', protocol: 'ICMP', notICMP: { type: 8 } },
);
const rules = fc.array(fc.oneof({ weight: 5, arbitrary: rule }, { weight: 1, arbitrary: icmpRule }), {
  maxLength: 4,
});
const serviceRule = (side: 'source' | 'destination'): fc.Arbitrary<JsonObject> =>
  oneOf<JsonObject>(
    { action: 'Allow', [side]: { services: { name: 'shop', namespace: 'blue' } } },
    { action: 'Deny', [side]: { services: { name: 'shop', namespace: 'red' } } },
  );
const withService = (side: 'source' | 'destination'): fc.Arbitrary<readonly JsonObject[]> =>
  fc
    .tuple(rules, fc.option(serviceRule(side), { nil: undefined }))
    .map(([all, one]) => (one ? [one, ...all] : all));

const calicoSpec = merged(
  maybe('order', oneOf<Json>(10, 20, 1000)),
  maybe('tier', oneOf<Json>('first', 'second', 'default')),
  maybe('selector', selector),
  maybe('serviceAccountSelector', fc.constant('has(env)')),
  maybe('types', fc.subarray<Json>(['Ingress', 'Egress'])),
  maybe('ingress', withService('source') as fc.Arbitrary<Json>),
  maybe('egress', withService('destination') as fc.Arbitrary<Json>),
);

const labelSelector = oneOf<JsonObject>(
  {},
  { matchLabels: { app: 'web' } },
  { matchLabels: { app: 'web', env: 'prod' } },
  { matchExpressions: [{ key: 'env', operator: 'In', values: ['prod', 'test'] }] },
  { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] },
  { matchExpressions: [{ key: 'env', operator: 'Exists' }] },
  { matchExpressions: [{ key: 'env', operator: 'DoesNotExist' }] },
);
const peer = fc.oneof(
  merged(
    maybe('podSelector', labelSelector),
    labelSelector.map((found) => ({ namespaceSelector: found })),
  ),
  labelSelector.map((found): JsonObject => ({ podSelector: found })),
  oneOf<JsonObject>(
    { ipBlock: { cidr: '10.244.0.0/24', except: ['10.244.0.2/31'] } },
    { ipBlock: { cidr: '203.0.113.0/24' } },
  ),
);
const kubernetesPort = oneOf<JsonObject>(
  { port: 80 },
  { port: 81, endPort: 90 },
  { port: 'http' },
  { protocol: 'UDP', port: 'dns' },
  { protocol: 'UDP' },
  { port: 8080, protocol: 'TCP' },
);
const kubernetesRules = (peers: 'from' | 'to'): fc.Arbitrary<Json> =>
  fc.array(
    merged(
      maybe(peers, fc.array(peer, { maxLength: 2 }) as fc.Arbitrary<Json>),
      maybe('ports', fc.array(kubernetesPort, { maxLength: 3 }) as fc.Arbitrary<Json>),
    ),
    { maxLength: 2 },
  );
const kubernetesSpec = merged(
  labelSelector.map((found) => ({ podSelector: found })),
  oneOf<JsonObject>(
    { policyTypes: ['Ingress'] },
    { policyTypes: ['Egress'] },
    { policyTypes: ['Ingress', 'Egress'] },
  ),
  maybe('ingress', kubernetesRules('from')),
  maybe('egress', kubernetesRules('to')),
);

const policy: fc.Arbitrary<Omit<PolicySketch, 'name'>> = fc.oneof(
  fc.record({
    kind: oneOf('NetworkPolicy', 'StagedNetworkPolicy'),
    namespace: oneOf(...NAMESPACES),
    spec: calicoSpec,
  }),
  fc.record({
    kind: fc.constant('GlobalNetworkPolicy'),
    spec: merged(calicoSpec, maybe('namespaceSelector', namespaceSelectorOfPolicy)),
  }),
  fc.record({
    kind: fc.constant('KubernetesNetworkPolicy'),
    namespace: oneOf(...NAMESPACES),
    spec: kubernetesSpec,
  }),
);

const tier = fc.record(
  { order: oneOf(100, 200), defaultAction: oneOf('Deny', 'Pass') },
  { requiredKeys: [] },
);

const lab: fc.Arbitrary<LabSketch> = fc.record({
  namespaces: fc.record({ blue: labels, red: labels, green: labels }),
  accounts: fc
    .array(labels, { minLength: 6, maxLength: 6 })
    .map((found) =>
      Object.fromEntries(
        NAMESPACES.flatMap((namespace, i) =>
          ACCOUNTS.map((name, j) => [`${namespace}/${name}`, found[2 * i + j] ?? {}]),
        ),
      ),
    ),
  pods: fc
    .array(
      fc.record({
        namespace: oneOf(...NAMESPACES),
        labels,
        account: oneOf(...ACCOUNTS),
        ports: fc.subarray(PORTS),
      }),
      {
        minLength: 2,
        maxLength: 6,
      },
    )
    .map((found) =>
      found.map((pod, index): PodSketch => ({
        ...pod,
        name: `pod-${index}`,
        address: `10.244.0.${index + 1}`,
      })),
    ),
  sets: fc
    .array(fc.record({ labels, nets, namespace: fc.option(oneOf(...NAMESPACES), { nil: undefined }) }), {
      maxLength: 2,
    })
    .map((found) =>
      found.map(({ namespace, ...rest }, index) => ({
        ...rest,
        name: `set-${index}`,
        ...(namespace !== undefined && { namespace }),
      })),
    ),
  services: fc.constant([
    { namespace: 'blue', name: 'shop', addresses: ['10.244.0.1'], ports: [{ protocol: 'TCP', port: 80 }] },
    {
      namespace: 'red',
      name: 'shop',
      addresses: ['10.244.0.2', '10.244.0.1'],
      ports: [{ protocol: 'UDP', port: 53 }],
    },
  ]),
  tiers: fc.record(
    { first: tier, second: tier, default: fc.constant({ order: 1_000_000 }) },
    { requiredKeys: [] },
  ),
  policies: fc.array(policy, { maxLength: 5 }).map((found) =>
    found.map((each, index): PolicySketch => ({
      ...each,
      name: `p${index % 3}-${each.kind.toLowerCase()}-${index}`,
    })),
  ),
});

type Entry = ReturnType<typeof entriesOf>[number];

const OUTSIDE = '203.0.113.10';

/** Everyone to everyone, and the world outside, in a few protocols. */
function packets(pods: readonly PodSketch[]): readonly Packet[] {
  const addresses = [...pods.map(({ address }) => address), OUTSIDE];
  const kinds: readonly Omit<Packet, 'src' | 'dst'>[] = [
    { protocol: 'tcp', srcPort: 40000, dstPort: 80 },
    { protocol: 'tcp', srcPort: 40000, dstPort: 8080 },
    { protocol: 'udp', srcPort: 40000, dstPort: 53 },
    { protocol: 'icmp', srcPort: 0, dstPort: 0, icmp: { type: 8, code: 0 } },
  ];
  return addresses.flatMap((src) =>
    addresses.filter((dst) => dst !== src).flatMap((dst) => kinds.map((kind) => ({ ...kind, src, dst }))),
  );
}

interface Question {
  readonly pod: PodSketch;
  readonly packet: Packet;
  readonly direction: Direction;
}

const directionOf = ({ address }: PodSketch, { src }: Packet): Direction =>
  address === src ? 'egress' : 'ingress';

describe('policy', () => {
  test('does to every packet what a naive reading of the objects says', () => {
    let allowed = 0;
    let asked = 0;
    fc.assert(
      fc.property(lab, (sketch) => {
        const active = policyCalculator()(filled(entriesOf(sketch)), 'node1', workloadsOf(sketch));
        const questions = packets(sketch.pods).flatMap((packet) =>
          sketch.pods
            .filter(({ address }) => address === packet.src || address === packet.dst)
            .map((pod) => ({ pod, packet, direction: directionOf(pod, packet) })),
        );
        const spelt = (judge: (question: Question) => boolean): readonly string[] =>
          questions.map((question) => {
            const { protocol, src, dst, dstPort } = question.packet;
            const { name } = question.pod;
            return `${name} ${question.direction} ${protocol} ${src} ${dst}:${dstPort} ${String(judge(question))}`;
          });
        const calculated = spelt(({ pod, direction, packet }) =>
          verdict(active, interfaceOf(pod), direction, packet),
        );
        expect(calculated).toEqual(
          spelt(({ pod, direction, packet }) => naiveVerdict(sketch, pod, direction, packet)),
        );
        allowed += calculated.filter((line) => line.endsWith('true')).length;
        asked += calculated.length;
      }),
      { numRuns: 200 },
    );
    expect(allowed).toBeGreaterThan(asked / 10);
    expect(allowed).toBeLessThan((asked * 9) / 10);
  });

  test('depends on what the datastore holds, not on how it came to hold it', () => {
    fc.assert(
      fc.property(lab, lab, fc.infiniteStream(fc.nat()), (sketch, other, dice) => {
        const entries = entriesOf(sketch);
        const workloads = workloadsOf(sketch);
        const expected = policyCalculator()(filled(entries), 'node1', workloads);
        const shuffled = entries
          .map((entry) => ({ entry, at: Number(dice.next().value) }))
          .sort((a, b) => a.at - b.at)
          .map(({ entry }) => entry);
        const calculate = policyCalculator();
        // First another cluster, then this one object by object, then the other goes; looked at all the way.
        const name = ([resource, { metadata }]: Entry): string =>
          `${resource} ${metadata.namespace ?? ''}/${metadata.name}`;
        const mine = new Set(entries.map(name));
        const theirs = entriesOf(other);
        let store = filled(theirs);
        for (const entry of shuffled) {
          store = filled([entry], store);
          calculate(store, 'node1', workloads);
        }
        for (const [resource, item] of theirs) {
          if (mine.has(name([resource, item]))) continue;
          store = store.delete(resource, item.metadata.namespace, item.metadata.name);
          calculate(store, 'node1', workloads);
        }
        expect(calculate(store, 'node1', workloads)).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });
});
