import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../../../model/ip.ts';
import {
  calculatedFor,
  interfaceOf,
  verdict,
  type LabSketch,
  type Packet,
  type PolicySketch,
} from './policy-lab.contract.ts';
import {
  DB,
  EVERYONE,
  FAR,
  WEB,
  gnp,
  knp,
  membersOf,
  np,
  reaches,
  table,
  tcp,
  withPolicies,
} from './three-pods.contract.ts';

describe('rules', () => {
  const ingress = (source: object, rest: object = {}): PolicySketch['spec'] => ({
    selector: "app == 'web'",
    types: ['Ingress'],
    ingress: [{ action: 'Allow', source, ...rest } as never],
  });

  test('a selector of a NetworkPolicy means its own namespace, unless it names others', () => {
    expect(table(withPolicies(np('a', ingress({ selector: "app == 'web'" }))))).toBe(
      'web>db web>far db>far far>db',
    );
    expect(
      table(withPolicies(np('a', ingress({ selector: "app == 'web'", namespaceSelector: 'all()' })))),
    ).toBe('web>db web>far db>far far>web far>db');
    expect(table(withPolicies(np('a', ingress({ namespaceSelector: "team == 'red'" }))))).toBe(
      'web>db web>far db>far far>web far>db',
    );
    expect(
      table(withPolicies(np('a', ingress({ namespaceSelector: "projectcalico.org/name == 'default'" })))),
    ).toBe('web>db web>far db>web db>far far>db');
    expect(table(withPolicies(gnp('a', ingress({ selector: "app == 'db'" }))))).toBe(
      'web>db db>web db>far far>db',
    );
  });

  test('global() means what is in no namespace', () => {
    const lab: LabSketch = {
      ...withPolicies(gnp('a', ingress({ namespaceSelector: 'global()' }))),
      sets: [{ name: 'office', labels: {}, nets: ['203.0.113.0/24'] }],
    };
    const active = calculatedFor(lab);
    expect(table(lab)).toBe('web>db far>db');
    expect(verdict(active, interfaceOf(WEB), 'ingress', tcp('203.0.113.10', WEB.address))).toBe(true);
  });

  test('selectors choose network sets too, a namespaced one only in its namespace', () => {
    const sets = [
      { name: 'office', labels: { kind: 'outside' }, nets: ['203.0.113.0/24', '203.0.113.7', '0.0.0.0/0'] },
      { name: 'home', namespace: 'prod', labels: { kind: 'outside' }, nets: ['198.51.100.0/24'] },
    ];
    const setsOf = (policy: PolicySketch): readonly (readonly string[])[] =>
      [...calculatedFor({ ...withPolicies(policy), sets }).ipSets.values()].map(membersOf);
    const outside = ingress({ selector: "kind == 'outside'" });
    expect(setsOf(gnp('a', outside))).toEqual([['0.0.0.0/1', '128.0.0.0/1']]);
    expect(setsOf(np('a', outside, 'prod'))).toEqual([['198.51.100.0/24']]);
    expect(
      setsOf(gnp('a', ingress({ selector: "kind == 'outside'", namespaceSelector: "team == 'red'" }))),
    ).toEqual([['198.51.100.0/24']]);
  });

  test('notSelector narrows a selector; alone it also speaks of strangers', () => {
    const stranger = '192.0.2.1';
    const not = calculatedFor(withPolicies(gnp('a', ingress({ notSelector: "app == 'db'" }))));
    expect(reaches(not, DB, WEB)).toBe(false);
    expect(verdict(not, interfaceOf(WEB), 'ingress', tcp(stranger, WEB.address))).toBe(true);
    const both = calculatedFor(
      withPolicies(gnp('a', ingress({ selector: 'all()', notSelector: "app == 'db'" }))),
    );
    expect(reaches(both, DB, WEB)).toBe(false);
    expect(verdict(both, interfaceOf(WEB), 'ingress', tcp(stranger, WEB.address))).toBe(false);
  });

  test('notSelector alone, in a NetworkPolicy, still means its namespace', () => {
    const active = calculatedFor(withPolicies(np('a', ingress({ notSelector: "app == 'web'" }))));
    expect([DB, FAR].map((from) => reaches(active, from, WEB))).toEqual([true, false]);
    expect(verdict(active, interfaceOf(WEB), 'ingress', tcp('192.0.2.1', WEB.address))).toBe(false);
  });

  test('service accounts by name and by label', () => {
    expect(table(withPolicies(np('a', ingress({ serviceAccounts: { names: ['default'] } }))))).toBe(
      'web>db web>far db>web db>far far>db',
    );
    expect(table(withPolicies(gnp('a', ingress({ serviceAccounts: { selector: "rank == 'high'" } }))))).toBe(
      'web>db far>web far>db',
    );
  });

  test('named ports are looked up on the endpoints, with their protocol', () => {
    const named = ingress({}, { protocol: 'TCP', destination: { ports: ['http', '9090:9092'] } });
    const active = calculatedFor(withPolicies(np('a', named)));
    const ports = [80, 8080, 9089, 9090, 9092, 9093].filter((port) => reaches(active, DB, WEB, port));
    expect(ports).toEqual([8080, 9090, 9092]);
    expect([...active.ipSets.values()]).toEqual([
      {
        id: expect.stringMatching(/^n:/) as string,
        type: 'IP_AND_PORT',
        members: [{ address: ipv4(WEB.address), protocol: 'tcp', port: 8080 }],
      },
    ]);
    const udp = ingress({}, { protocol: 'UDP', destination: { ports: ['http'] } });
    expect(reaches(calculatedFor(withPolicies(np('a', udp))), DB, WEB, 8080)).toBe(false);
  });

  test('services: to address and port, from address alone', () => {
    const services = [
      { namespace: 'default', name: 'db', addresses: [DB.address], ports: [{ protocol: 'TCP', port: 5432 }] },
    ];
    const to: PolicySketch['spec'] = {
      selector: "app == 'web'",
      types: ['Egress'],
      egress: [{ action: 'Allow', destination: { services: { name: 'db', namespace: 'default' } } }],
    };
    const active = calculatedFor({ ...withPolicies(np('a', to)), services });
    expect([reaches(active, WEB, DB, 5432), reaches(active, WEB, DB, 80)]).toEqual([true, false]);
    const from = ingress({ services: { name: 'db', namespace: 'default' } });
    expect(table({ ...withPolicies(np('a', from)), services })).toBe('web>db web>far db>web db>far far>db');
  });

  test('ICMP by type and code', () => {
    const ping = (type: number, code: number): Packet => ({
      ...tcp(DB.address, WEB.address, 0),
      protocol: 'icmp',
      icmp: { type, code },
    });
    const accepts = (rule: object): readonly boolean[] => {
      const active = calculatedFor(withPolicies(np('a', ingress({}, rule))));
      return [ping(8, 0), ping(8, 1), ping(13, 0)].map((packet) =>
        verdict(active, interfaceOf(WEB), 'ingress', packet),
      );
    };
    expect(accepts({ protocol: 'ICMP', icmp: { type: 8 } })).toEqual([true, true, false]);
    expect(accepts({ protocol: 'ICMP', icmp: { type: 8, code: 1 } })).toEqual([false, true, false]);
    expect(accepts({ protocol: 'ICMP', notICMP: { type: 8 } })).toEqual([false, false, true]);
    expect(accepts({ protocol: 'ICMPv6' })).toEqual([false, false, false]);
    expect(accepts({ notProtocol: 'TCP' })).toEqual([true, true, true]);
  });
});

describe('Kubernetes NetworkPolicy', () => {
  const web = { podSelector: { matchLabels: { app: 'web' } } };

  test('a block with exceptions', () => {
    const lab = withPolicies(
      knp('a', {
        ...web,
        ingress: [{ from: [{ ipBlock: { cidr: '10.244.0.0/24', except: ['10.244.0.2/32'] } }] }],
      }),
    );
    expect(table(lab)).toBe('web>db web>far db>far far>web far>db');
  });

  test('peers: own namespace, other namespaces, both at once', () => {
    const from = (...peers: readonly object[]): string =>
      table(withPolicies(knp('a', { ...web, ingress: [{ from: peers as never }] })));
    expect(from({ podSelector: {} })).toBe('web>db web>far db>web db>far far>db');
    expect(from({ namespaceSelector: {} })).toBe(EVERYONE);
    expect(from({ namespaceSelector: { matchLabels: { team: 'red' } } })).toBe(
      'web>db web>far db>far far>web far>db',
    );
    expect(from({ namespaceSelector: {}, podSelector: { matchLabels: { app: 'db' } } })).toBe(
      'web>db web>far db>web db>far far>db',
    );
  });

  test('an empty list of rules denies, an empty rule allows all', () => {
    expect(table(withPolicies(knp('a', { ...web, ingress: [] })))).toBe('web>db web>far db>far far>db');
    expect(table(withPolicies(knp('a', { ...web, ingress: [{}] })))).toBe(EVERYONE);
  });
});
