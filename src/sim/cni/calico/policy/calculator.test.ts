import { describe, expect, test } from 'vitest';
import { policyCalculator } from './calculator.ts';
import {
  calculatedFor,
  entriesOf,
  filled,
  interfaceOf,
  podEntry,
  policyEntry,
  workloadsOf,
  type LabSketch,
  type PolicySketch,
} from './policy-lab.contract.ts';
import {
  DB,
  EVERYONE,
  FAR,
  LAB,
  WEB,
  gnp,
  knp,
  membersOf,
  np,
  reaches,
  table,
  withPolicies,
} from './three-pods.contract.ts';

describe('what applies to an endpoint', () => {
  test('without policies the profiles decide, and nothing else is calculated', () => {
    const active = calculatedFor(LAB);
    expect(table(LAB)).toBe(EVERYONE);
    expect([active.policies.size, active.ipSets.size]).toEqual([0, 0]);
    expect([...active.profiles.keys()]).toEqual([
      'kns.default',
      'kns.prod',
      'ksa.default.default',
      'ksa.prod.default',
    ]);
    expect(active.profiles.get('ksa.prod.default')?.inboundRules).toEqual([]);
  });

  test('the profile of a namespace that is gone denies', () => {
    const { prod: _prod, ...namespaces } = LAB.namespaces;
    expect(table({ ...LAB, namespaces })).toBe('web>db db>web');
  });

  test('types without rules deny that direction', () => {
    expect(table(withPolicies(np('deny', { selector: "app == 'web'", types: ['Ingress'] })))).toBe(
      'web>db web>far db>far far>db',
    );
    expect(table(withPolicies(np('deny', { selector: "app == 'web'", types: ['Egress'] })))).toBe(
      'db>web db>far far>web far>db',
    );
  });

  test('a policy stored without types governs both directions', () => {
    expect(table(withPolicies(np('deny', { selector: "app == 'web'" })))).toBe('db>far far>db');
  });

  test('a namespaced policy stays in its namespace, a global one does not', () => {
    const spec = { selector: "app == 'web'", types: ['Ingress'] };
    expect(table(withPolicies(np('deny', spec, 'prod')))).toBe('web>db db>web far>web far>db');
    expect(table(withPolicies(gnp('deny', spec)))).toBe('web>db far>db');
    expect(table(withPolicies(gnp('deny', { ...spec, namespaceSelector: "team == 'red'" })))).toBe(
      'web>db db>web far>web far>db',
    );
    expect(table(withPolicies(gnp('deny', { ...spec, serviceAccountSelector: "rank == 'high'" })))).toBe(
      'web>db db>web far>web far>db',
    );
  });

  test('staged policies are listed and never enforced', () => {
    const lab = withPolicies({
      kind: 'StagedGlobalNetworkPolicy',
      name: 'deny',
      spec: { types: ['Ingress', 'Egress'] },
    });
    expect(table(lab)).toBe(EVERYONE);
    expect(calculatedFor(lab).workloads.get(interfaceOf(WEB))?.tiers).toEqual([
      {
        name: 'default',
        defaultAction: 'Deny',
        ingressPolicies: [{ kind: 'StagedGlobalNetworkPolicy', namespace: '', name: 'deny' }],
        egressPolicies: [{ kind: 'StagedGlobalNetworkPolicy', namespace: '', name: 'deny' }],
      },
    ]);
    const gone = withPolicies({
      kind: 'StagedGlobalNetworkPolicy',
      name: 'deny',
      spec: { stagedAction: 'Delete' },
    });
    expect(calculatedFor(gone).policies.size).toBe(0);
  });

  test('pods on the host network are no endpoints, and no members of sets', () => {
    const lab = withPolicies(
      np('allow', {
        selector: "app == 'db'",
        types: ['Ingress'],
        ingress: [{ action: 'Allow', source: { selector: 'all()' } }],
      }),
    );
    const [resource, agent] = podEntry({ ...WEB, name: 'agent', address: '10.0.0.11' });
    const store = filled([
      ...entriesOf(lab),
      [resource, { ...agent, spec: { ...agent.spec, hostNetwork: true } }],
    ]);
    const workloads = [
      ...workloadsOf(lab),
      { namespace: 'default', pod: 'agent', network: { hostInterface: 'none' } },
    ];
    const active = policyCalculator()(store, 'node1', workloads);
    expect(active.workloads.has('none')).toBe(false);
    expect([...active.ipSets.values()].map(membersOf)).toEqual([['10.244.0.1/32', '10.244.0.2/32']]);
  });

  test('a policy that Felix cannot parse is treated as missing', () => {
    expect(table(withPolicies(np('odd', { selector: 'app ==', types: ['Ingress'] })))).toBe(EVERYONE);
  });
});

describe('order', () => {
  const deny = { order: 10, types: ['Ingress'], ingress: [{ action: 'Deny' }] };
  const allow = { order: 20, types: ['Ingress'], ingress: [{ action: 'Allow' }] };

  test('the lower order comes first, none at all comes last', () => {
    const orderOf = (lab: LabSketch): readonly string[] =>
      (calculatedFor(lab).workloads.get(interfaceOf(WEB))?.tiers ?? []).flatMap(({ ingressPolicies }) =>
        ingressPolicies.map(({ name }) => name),
      );
    const { order: _order, ...late } = allow;
    expect(orderOf(withPolicies(gnp('a', late), gnp('b', allow), gnp('c', deny)))).toEqual(['c', 'b', 'a']);
    expect(
      orderOf(withPolicies(np('b', deny), gnp('a', deny), np('a', deny), knp('a', {}), np('z', late))),
    ).toEqual(['a', 'a', 'b', 'a', 'z']);
  });

  test('ties are broken by name, namespace, kind', () => {
    const active = calculatedFor(withPolicies(np('a', deny), gnp('a', deny), gnp('b', deny)));
    expect(active.workloads.get(interfaceOf(WEB))?.tiers[0]?.ingressPolicies).toEqual([
      { kind: 'GlobalNetworkPolicy', namespace: '', name: 'a' },
      { kind: 'NetworkPolicy', namespace: 'default', name: 'a' },
      { kind: 'GlobalNetworkPolicy', namespace: '', name: 'b' },
    ]);
  });

  test('tiers by order, then name; a tier that does not exist comes last and denies', () => {
    const lab: LabSketch = {
      ...withPolicies(
        gnp('n', { ...allow, tier: 'nowhere' }),
        gnp('d', allow),
        gnp('s', { ...allow, tier: 'security' }),
        gnp('p', { ...allow, tier: 'platform' }),
      ),
      tiers: { security: { order: 100 }, platform: { order: 100, defaultAction: 'Pass' }, default: {} },
    };
    const tiers = calculatedFor(lab).workloads.get(interfaceOf(WEB))?.tiers ?? [];
    expect(tiers.map(({ name, defaultAction }) => `${name} ${defaultAction}`)).toEqual([
      'platform Pass',
      'security Deny',
      'default Deny',
      'nowhere Deny',
    ]);
  });

  test('Pass skips the rest of its tier, then the next tier or the profiles decide', () => {
    const pass = { types: ['Ingress'], ingress: [{ action: 'Pass' }] };
    const tiers = { security: { order: 1 }, default: {} };
    const passing = gnp('pass', { ...pass, tier: 'security', order: 1 });
    const never = gnp('never', { ...deny, tier: 'security', order: 2 });
    expect(table({ ...withPolicies(passing, never), tiers })).toBe(EVERYONE);
    expect(table({ ...withPolicies(passing, never, gnp('deny', deny)), tiers })).toBe('');
    expect(table({ ...withPolicies(passing, gnp('pass-too', pass)), tiers })).toBe(EVERYONE);
  });

  test('the default action of a tier is for what none of its rules matched', () => {
    const some = gnp('some', {
      tier: 'security',
      types: ['Ingress'],
      ingress: [{ action: 'Allow', source: { nets: ['192.0.2.0/24'] } }],
    });
    const tiers = (defaultAction: string): LabSketch['tiers'] => ({ security: { order: 1, defaultAction } });
    expect(table({ ...withPolicies(some), tiers: tiers('Deny') ?? {} })).toBe('');
    expect(table({ ...withPolicies(some), tiers: tiers('Pass') ?? {} })).toBe(EVERYONE);
  });

  test('Log goes on to the next rule', () => {
    const lab = withPolicies(
      gnp('log', { types: ['Ingress'], ingress: [{ action: 'Log' }, { action: 'Allow' }] }),
    );
    expect(table(lab)).toBe(EVERYONE);
  });
});

describe('what is remembered', () => {
  const lab = withPolicies(
    np('a', {
      selector: "app == 'web'",
      types: ['Ingress'],
      ingress: [{ action: 'Allow', source: { selector: "app == 'db'" } }],
    }),
  );

  test('a change of something else leaves the very same answer', () => {
    const calculate = policyCalculator();
    const store = filled(entriesOf(lab));
    const before = calculate(store, 'node1', workloadsOf(lab));
    const [resource, web] = podEntry(WEB);
    const ready = { ...web, status: { ...web.status, conditions: [{ type: 'Ready', status: 'True' }] } };
    expect(calculate(store.put(resource, ready).store, 'node1', workloadsOf(lab))).toBe(before);
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x', namespace: 'default' } };
    expect(calculate(store.put('services', service).store, 'node1', workloadsOf(lab))).toBe(before);
  });

  test('a namespace and an account that nobody here has are nobody’s business', () => {
    const calculate = policyCalculator();
    const store = filled(entriesOf(lab));
    const before = calculate(store, 'node1', workloadsOf(lab));
    const more = entriesOf({ ...LAB, namespaces: { new: {} }, accounts: { 'new/default': {} }, pods: [] });
    expect(calculate(filled(more.slice(0, 2), store), 'node1', workloadsOf(lab))).toBe(before);
  });

  test('a pod elsewhere changes the members of sets and nothing more', () => {
    const calculate = policyCalculator();
    const store = filled(entriesOf(lab));
    const before = calculate(store, 'node1', workloadsOf(lab));
    const other = podEntry({ ...DB, name: 'db2', address: '10.244.9.9' });
    const after = calculate(filled([other], store), 'node1', workloadsOf(lab));
    expect(after.workloads).toBe(before.workloads);
    expect(after.policies).toBe(before.policies);
    expect([...after.ipSets.values()].map(membersOf)).toEqual([['10.244.0.2/32', '10.244.9.9/32']]);
    expect(calculate(store, 'node1', workloadsOf(lab))).toEqual(before);
  });

  test('a new label of a namespace is seen by the selectors that ask for it', () => {
    const asking = withPolicies(
      np('a', {
        selector: "app == 'web'",
        types: ['Ingress'],
        ingress: [{ action: 'Allow', source: { namespaceSelector: "team == 'green'" } }],
      }),
    );
    const calculate = policyCalculator();
    const store = filled(entriesOf(asking));
    expect(reaches(calculate(store, 'node1', workloadsOf(asking)), FAR, WEB)).toBe(false);
    const green = entriesOf({ ...asking, namespaces: { prod: { team: 'green' } } }).slice(0, 1);
    expect(reaches(calculate(filled(green, store), 'node1', workloadsOf(asking)), FAR, WEB)).toBe(true);
  });

  test('host endpoints: normal, untracked, before DNAT, forwarded', () => {
    const host: PolicySketch = {
      kind: 'HostEndpoint',
      name: 'node1-eth0',
      spec: {
        node: 'node1',
        interfaceName: 'eth0',
        expectedIPs: ['10.0.0.11'],
        profiles: ['projectcalico-default-allow'],
      },
    };
    const on = (name: string, spec: PolicySketch['spec']): PolicySketch =>
      gnp(name, { selector: '!has(projectcalico.org/namespace)', ...spec });
    const active = calculatedFor(
      withPolicies(
        host,
        on('plain', {}),
        on('forward', { applyOnForward: true, types: ['Ingress'] }),
        on('raw', { applyOnForward: true, doNotTrack: true }),
        on('early', { applyOnForward: true, preDNAT: true, types: ['Ingress'] }),
      ),
    );
    const names = (
      tiers: readonly {
        ingressPolicies: readonly { name: string }[];
        egressPolicies: readonly { name: string }[];
        defaultAction: string;
      }[],
    ): unknown =>
      tiers.map((tier) => [
        tier.ingressPolicies.map(({ name }) => name),
        tier.egressPolicies.map(({ name }) => name),
        tier.defaultAction,
      ]);
    const found = active.hosts.get('node1-eth0');
    expect(
      found && [
        names(found.tiers),
        names(found.untrackedTiers),
        names(found.preDnatTiers),
        names(found.forwardTiers),
      ],
    ).toEqual([
      [[['forward', 'plain'], ['plain'], 'Deny']],
      [[['raw'], ['raw'], 'Pass']],
      [[['early'], [], 'Pass']],
      [[['forward'], [], 'Deny']],
    ]);
    expect(active.profiles.get('projectcalico-default-allow')?.inboundRules[0]?.action).toBe('allow');
    expect(policyEntry(host)[1].metadata.name).toBe('node1-eth0');
  });
});
