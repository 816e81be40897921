import { describe, expect, test } from 'vitest';
import { kubernetesPolicySpec, mergedPorts } from './kubernetes-policy.ts';

describe('a Kubernetes NetworkPolicy as Calico sees it (provenance: upstream conversion.go)', () => {
  test('selectors: labels in order of their names, then expressions', () => {
    const spec = kubernetesPolicySpec({
      podSelector: {
        matchLabels: { tier: 'x', app: 'web' },
        matchExpressions: [
          { key: 'env', operator: 'In', values: ['a', 'b'] },
          { key: 'env', operator: 'NotIn', values: ['c'] },
          { key: 'old', operator: 'DoesNotExist' },
          { key: 'new', operator: 'Exists' },
        ],
      },
      ingress: [
        { from: [{ namespaceSelector: {} }, { namespaceSelector: { matchLabels: { team: 'red' } } }] },
      ],
    });
    expect(spec.selector).toBe(
      "projectcalico.org/orchestrator == 'k8s' && app == 'web' && tier == 'x' && " +
        "env in { 'a', 'b' } && env not in { 'c' } && ! has(old) && has(new)",
    );
    expect(spec.ingress.map(({ source }) => [source.namespaceSelector, source.selector])).toEqual([
      ['all()', "projectcalico.org/orchestrator == 'k8s'"],
      ["team == 'red'", "projectcalico.org/orchestrator == 'k8s'"],
    ]);
    expect([spec.tier, spec.order, spec.types]).toEqual(['default', 1000, ['Ingress']]);
  });

  test('one rule for each protocol and peer; a port without a number opens its whole protocol', () => {
    const { ingress } = kubernetesPolicySpec({
      ingress: [
        {
          from: [{ ipBlock: { cidr: '10.0.0.1/8', except: ['10.1.0.0/16'] } }, { podSelector: {} }],
          ports: [
            { protocol: 'UDP', port: 53 },
            { port: 80 },
            { port: 81 },
            { port: 'http' },
            { protocol: 'UDP' },
            { protocol: 'UDP', port: 54 },
          ],
        },
      ],
    });
    expect(
      ingress.map(({ protocol, source, destination }) => [
        protocol,
        source.nets,
        source.notNets,
        destination.ports,
      ]),
    ).toEqual([
      ['tcp', ['10.0.0.0/8'], ['10.1.0.0/16'], ['http', { first: 80, last: 81 }]],
      ['tcp', [], [], ['http', { first: 80, last: 81 }]],
      ['udp', ['10.0.0.0/8'], ['10.1.0.0/16'], []],
      ['udp', [], [], []],
    ]);
  });

  test('types as listed, in one order; a rule with a port that is none is dropped', () => {
    expect(kubernetesPolicySpec({ policyTypes: ['Egress', 'Ingress'] }).types).toEqual(['Ingress', 'Egress']);
    expect(kubernetesPolicySpec({ policyTypes: ['Egress'] }).types).toEqual(['Egress']);
    expect(
      kubernetesPolicySpec({ egress: [{ ports: [{ port: 90, endPort: 80 }] }, { to: [] }] }).egress,
    ).toHaveLength(1);
  });

  test('numbers merge into ranges, names come first', () => {
    const one = (port: number): { first: number; last: number } => ({ first: port, last: port });
    expect(mergedPorts([one(82), one(80), 'foo', one(9090), one(81), one(81)])).toEqual([
      'foo',
      { first: 80, last: 82 },
      { first: 9090, last: 9090 },
    ]);
    expect(mergedPorts([one(80), one(82)])).toEqual([one(80), one(82)]);
    expect(mergedPorts([one(80), 'foo'])).toEqual([one(80), 'foo']);
    expect(
      mergedPorts([
        { first: 1, last: 10 },
        { first: 5, last: 20 },
      ]),
    ).toEqual([{ first: 1, last: 20 }]);
  });
});
