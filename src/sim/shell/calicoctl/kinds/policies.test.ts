import { describe, expect, test } from 'vitest';
import { TestCluster } from '../../../cni/calico/two-racks.contract.ts';
import { Terminal } from '../terminal.contract.ts';

const terminal = (): Terminal => new Terminal(new TestCluster().withCalico('default'));

const document = (kind: string, metadata: string, spec: string): string =>
  `apiVersion: projectcalico.org/v3\nkind: ${kind}\nmetadata: {${metadata}}\nspec: {${spec}}\n`;

const ALLOW_WEB = document(
  'NetworkPolicy',
  'name: allow-web, namespace: default',
  `order: 100, selector: "app == 'web'", ingress: [{action: Allow, protocol: TCP, source: {selector: "role == 'front'"}, destination: {ports: [80, "8080:8090", http]}}]`,
);

const apply = (shell: Terminal, text: string) => shell.type('calicoctl apply -f -', text);

describe('policies', () => {
  test('are completed, labelled with their tier, and shown', async () => {
    const shell = terminal();
    expect(await apply(shell, ALLOW_WEB)).toEqual({
      stdout: "Successfully applied 1 'NetworkPolicy' resource(s)\n",
      stderr: '',
      code: 0,
    });
    expect((await shell.type('calicoctl get np')).stdout).toBe(
      'NAME        TIER      \nallow-web   default   \n\n',
    );
    expect((await shell.type('calicoctl get policy -A -o wide')).stdout).toBe(
      "NAMESPACE   NAME        TIER      ORDER   SELECTOR       \ndefault     allow-web   default   100     app == 'web'   \n\n",
    );
    const { stdout } = await shell.type('calicoctl get np allow-web -o yaml');
    expect(stdout.replace(/^ {2}(creationTimestamp|resourceVersion|uid): .*\n/gm, ''))
      .toBe(`apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata:
  labels:
    projectcalico.org/tier: default
  name: allow-web
  namespace: default
spec:
  ingress:
  - action: Allow
    destination:
      ports:
      - 80
      - 8080:8090
      - http
    protocol: TCP
    source:
      selector: role == 'front'
  order: 100
  selector: app == 'web'
  tier: default
  types:
  - Ingress
`);
    const stored = shell.cluster.state.store.get(
      'networkpolicies.crd.projectcalico.org',
      'default',
      'allow-web',
    );
    expect(stored?.metadata.labels).toEqual({ 'projectcalico.org/tier': 'default' });
    expect(stored?.metadata.annotations?.['projectcalico.org/metadata']).toMatch(/^\{"name":"allow-web",/);
  });

  test('change and go', async () => {
    const shell = terminal();
    await apply(shell, ALLOW_WEB);
    expect((await shell.type('calicoctl create -f -', ALLOW_WEB)).stderr).toBe(
      `failed to create 'NetworkPolicy' resource: [resource already exists: NetworkPolicy(default/allow-web) with error: networkpolicies.crd.projectcalico.org "allow-web" already exists]\n`,
    );
    await shell.type(`calicoctl patch np allow-web -p '{"spec":{"order":2000000}}'`);
    expect((await shell.type('calicoctl get np -o wide')).stdout).toContain('2e+06');
    await shell.type('calicoctl replace -f -', ALLOW_WEB.replace('order: 100, ', ''));
    expect((await shell.type('calicoctl get np -o wide')).stdout).toContain('<nil>');
    expect((await shell.type('calicoctl delete np allow-web')).stdout).toBe(
      "Successfully deleted 1 'NetworkPolicy' resource(s)\n",
    );
    expect((await shell.type('calicoctl get np allow-web')).stderr).toBe(
      'resource does not exist: NetworkPolicy(default/allow-web) with error: networkpolicies.crd.projectcalico.org "allow-web" not found\n',
    );
  });

  test('mistakes, in the words of the client library (provenance: its source)', async () => {
    const shell = terminal();
    const complaint = async (kind: string, name: string, spec: string): Promise<string> => {
      const metadata = kind.includes('Global') ? `name: ${name}` : `name: ${name}, namespace: default`;
      const { stderr } = await apply(shell, document(kind, metadata, spec));
      return stderr.replace(/^failed to apply '\w+' resource: /, '').trimEnd();
    };
    expect(await complaint('NetworkPolicy', 'a', 'selector: "app = \'web\'"')).toBe(
      "[error with field Selector = 'app = 'web'' (Reason: failed to validate Field: Selector because of Tag: selector )]",
    );
    expect(
      await complaint('NetworkPolicy', 'a', 'ingress: [{action: Allow, destination: {ports: [80, http]}}]'),
    ).toBe(
      "[error with field Destination.Ports = '[80 http]' (rules with numeric port or port range must set protocol to TCP or UDP or SCTP)]",
    );
    expect(
      await complaint(
        'NetworkPolicy',
        'a',
        'ingress: [{action: Allow, protocol: ICMP, destination: {ports: [80]}}]',
      ),
    ).toBe(
      "[error with field Destination.Ports = '[80]' (rules that specify ports must set protocol to TCP or UDP or SCTP)]",
    );
    expect(
      await complaint(
        'NetworkPolicy',
        'a',
        'ingress: [{action: Allow, source: {nets: [10.0.0.0/8], notNets: ["2001:db8::/32"]}}]',
      ),
    ).toBe("[error with field Source.NotNets = '[2001:db8::/32]' (rule contains both IPv4 and IPv6 CIDRs)]");
    expect(
      await complaint('NetworkPolicy', 'a', 'egress: [{action: Deny, destination: {notNets: [0.0.0.0/0]}}]'),
    ).toBe(
      "[error with field Destination.NotNets = '0.0.0.0/0' (catch-all CIDR in negation creates logical contradiction (matches no traffic))]",
    );
    expect(
      await complaint(
        'NetworkPolicy',
        'a',
        'ingress: [{action: Allow, source: {namespaceSelector: "global() || has(a)"}}]',
      ),
    ).toBe(
      "[error with field NamespaceSelector field = 'global() || has(a)' (global() cannot be combined with other selectors)]",
    );
    expect(
      await complaint(
        'NetworkPolicy',
        'a',
        'ingress: [{action: Allow, destination: {services: {name: web}}}]',
      ),
    ).toBe("[error with field Services = '&{web }' (not allowed in ingress rule destination)]");
    expect(await complaint('NetworkPolicy', 'a', 'types: [Ingress, Ingress]')).toBe(
      "[error with field NetworkPolicySpec.Types = '[Ingress Ingress]' ('Ingress' type specified more than once)]",
    );
    expect(await complaint('NetworkPolicy', 'a.b.c', '')).toBe(
      "[error with field Metadata.Name = 'a.b.c' (name must consist of lower case alphanumeric characters or '-' (regex: [a-z0-9]([-a-z0-9]*[a-z0-9])?))]",
    );
    expect(
      await complaint(
        'GlobalNetworkPolicy',
        'g',
        'preDNAT: true, doNotTrack: true, egress: [{action: Allow}]',
      ),
    ).toBe(
      "[error with the following fields:\n-  PolicySpec.PreDNAT = 'true' (PreDNAT and DoNotTrack cannot both be true, for a given PolicySpec)\n-  PolicySpec.Egress (PreDNAT PolicySpec cannot have any Egress rules)\n-  PolicySpec.Types = '[Egress]' (PreDNAT PolicySpec cannot have 'egress' Type)\n-  PolicySpec.ApplyOnForward = 'false' (ApplyOnForward must be true if either PreDNAT or DoNotTrack is true, for a given PolicySpec)\n]",
    );
    expect(await complaint('StagedNetworkPolicy', 's', 'stagedAction: Delete, selector: all()')).toBe(
      '[error with field StagedNetworkPolicySpec (Spec fields, except Tier, should all be zero-value if stagedAction is Delete)]',
    );
    const foreign = document('NetworkPolicy', 'name: knp.default.x, namespace: default', '');
    expect((await shell.type('calicoctl create -f -', foreign)).stderr).toContain(
      '[operation create or apply is not supported on NetworkPolicy(default/knp.default.x): kubernetes network policies must be managed through the kubernetes API]',
    );
  });
});

describe('tiers', () => {
  test('three are there from the start, in order', async () => {
    expect((await terminal().type('calicoctl get tiers')).stdout).toBe(
      'NAME            ORDER   \nkube-admin      1000    \ndefault         1e+06   \nkube-baseline   1e+07   \n\n',
    );
  });

  test('hold policies, and cannot go while they do', async () => {
    const shell = terminal();
    const inSecurity = ALLOW_WEB.replace('order: 100', 'order: 100, tier: security');
    expect((await apply(shell, inSecurity)).stderr).toBe(
      `failed to apply 'NetworkPolicy' resource: [resource does not exist: Tier(security) with error: tiers.crd.projectcalico.org "security" not found]\n`,
    );
    await apply(shell, document('Tier', 'name: security', 'order: 50'));
    expect((await apply(shell, inSecurity)).code).toBe(0);
    expect((await shell.type('calicoctl delete tier security')).stderr).toContain(
      "Failed to delete 'Tier' resource: operation delete is not supported on security: Cannot delete a non-empty tier",
    );
    await shell.type('calicoctl delete np allow-web');
    expect((await shell.type('calicoctl delete tier security')).stdout).toBe(
      "Successfully deleted 1 'Tier' resource(s)\n",
    );
    expect((await shell.type('calicoctl delete tier default')).stderr).toContain(
      "Failed to delete 'Tier' resource: operation Delete is not supported on default: Cannot delete default tier",
    );
  });

  test('the built-in ones keep their order and action', async () => {
    const shell = terminal();
    const put = async (name: string, spec: string): Promise<string> =>
      (await shell.type('calicoctl replace -f -', document('Tier', `name: ${name}`, spec))).stderr;
    expect(await put('default', 'order: 5')).toContain(
      'error with field TierSpec.Order (default tier order must be 1e+06)',
    );
    expect(await put('kube-admin', 'order: 1000, defaultAction: Deny')).toContain(
      "The 'kube-admin' tier must have default action 'Pass'",
    );
  });
});

describe('what selectors choose', () => {
  test('host endpoints, network sets, staged Kubernetes policies', async () => {
    const shell = terminal();
    const all = [
      document(
        'HostEndpoint',
        'name: node1-eth0, labels: {role: node}',
        'node: node1, interfaceName: eth0, expectedIPs: [10.0.0.11], profiles: [projectcalico-default-allow]',
      ),
      document('GlobalNetworkSet', 'name: office', 'nets: [203.0.113.0/24, 198.51.100.7]'),
      document('NetworkSet', 'name: office, namespace: default', 'nets: [203.0.113.0/24]'),
      document(
        'StagedKubernetesNetworkPolicy',
        'name: s, namespace: default',
        'podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]',
      ),
    ];
    expect((await apply(shell, all.join('---\n'))).stdout).toBe('Successfully applied 4 resource(s)\n');
    const shown = async (word: string): Promise<string> =>
      (await shell.type(`calicoctl get ${word} -o wide`)).stdout;
    expect(await shown('hep')).toBe(
      'NAME         NODE    INTERFACE   IPS         PROFILES                      \nnode1-eth0   node1   eth0        10.0.0.11   projectcalico-default-allow   \n\n',
    );
    expect(await shown('gnetsets')).toBe(
      'NAME     NETS                          \noffice   203.0.113.0/24,198.51.100.7   \n\n',
    );
    expect(await shown('netsets')).toBe('NAME     NETS             \noffice   203.0.113.0/24   \n\n');
    expect(await shown('sknp')).toContain(
      '&LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}',
    );
    expect((await apply(shell, document('HostEndpoint', 'name: none', 'labels: {}'))).stderr).toContain(
      'labels',
    );
    expect(
      (await apply(shell, document('HostEndpoint', 'name: none', 'interfaceName: eth0'))).stderr,
    ).toContain("error with field InterfaceName = '' (no node has been specified)");
  });
});
