import { describe, expect, test } from 'vitest';
import { TestCluster } from '../../cni/calico/two-racks.contract.ts';
import { BLOCK_AFFINITIES, IPAM_BLOCKS, IP_POOLS } from '../../cni/calico/kinds.ts';
import { Terminal } from './terminal.contract.ts';

const terminal = (pools: 'default' | 'none' = 'default'): Terminal =>
  new Terminal(new TestCluster().withCalico(pools));

const pool = (name: string, ...fields: readonly string[]): string =>
  [
    'apiVersion: projectcalico.org/v3',
    'kind: IPPool',
    'metadata:',
    `  name: ${name}`,
    'spec:',
    ...fields.map((field) => `  ${field}`),
    '',
  ].join('\n');

describe('get', () => {
  test('pools (provenance: upstream sample and fact sheet)', async () => {
    const shell = terminal();
    expect(await shell.type('calicoctl get ippool')).toEqual({
      stdout: [
        'NAME                  CIDR            SELECTOR   ',
        'default-ipv4-ippool   10.244.0.0/16   all()      ',
        '',
        '',
      ].join('\n'),
      stderr: '',
      code: 0,
    });
    expect((await shell.type('calicoctl get ipp -o wide')).stdout).toBe(
      [
        'NAME                  CIDR            NAT    IPIPMODE   VXLANMODE   DISABLED   DISABLEBGPEXPORT   SELECTOR   ASSIGNMENTMODE   ',
        'default-ipv4-ippool   10.244.0.0/16   true   Always     Never       false      false              all()      Automatic        ',
        '',
        '',
      ].join('\n'),
    );
    expect((await shell.type('calicoctl get pool -o custom-columns=NAME,NAT')).stdout).toBe(
      'NAME                  NAT    \ndefault-ipv4-ippool   true   \n\n',
    );
  });

  test('one pool as YAML and JSON', async () => {
    const shell = terminal();
    const { uid, resourceVersion } = shell.cluster.get(IP_POOLS, 'default-ipv4-ippool')?.metadata ?? {};
    const yaml = (await shell.type('calicoctl get ippool default-ipv4-ippool -o yaml')).stdout;
    expect(yaml.replace(/uid: .*/, 'uid: U')).toBe(
      [
        'apiVersion: projectcalico.org/v3',
        'kind: IPPool',
        'metadata:',
        '  creationTimestamp: "2026-05-01T10:00:00Z"',
        '  name: default-ipv4-ippool',
        `  resourceVersion: "${resourceVersion}"`,
        '  uid: U',
        'spec:',
        '  allowedUses:',
        '  - Workload',
        '  - Tunnel',
        '  assignmentMode: Automatic',
        '  blockSize: 26',
        '  cidr: 10.244.0.0/16',
        '  ipipMode: Always',
        '  natOutgoing: true',
        '  nodeSelector: all()',
        '  vxlanMode: Never',
        '',
      ].join('\n'),
    );
    expect(yaml).not.toContain(uid);
    const json = (await shell.type('calicoctl get ippool default-ipv4-ippool -o json')).stdout;
    expect(json.endsWith('\n')).toBe(false);
    expect(Object.keys((JSON.parse(json) as { spec: object }).spec)).toEqual([
      'cidr', 'vxlanMode', 'ipipMode', 'natOutgoing', 'blockSize', 'nodeSelector', 'allowedUses', 'assignmentMode',
    ]); // prettier-ignore
  });

  test('nodes, workload endpoints, profiles', async () => {
    const shell = terminal();
    shell.cluster.addPod('web-0', 'node1');
    expect((await shell.type('calicoctl get nodes -o wide')).stdout).toBe(
      [
        'NAME    ASN       IPV4           IPV6   ',
        'node1   (64512)   10.0.0.11/24          ',
        'node2   (64512)   10.0.0.12/24          ',
        'node3   (64512)   10.0.1.13/24          ',
        '',
        '',
      ].join('\n'),
    );
    expect((await shell.type('calicoctl get wep')).stdout).toBe(
      [
        'WORKLOAD   NODE    NETWORKS            INTERFACE         ',
        'web-0      node1   10.244.166.129/32   cali0d7763386da   ',
        '',
        '',
      ].join('\n'),
    );
    expect((await shell.type('calicoctl get wep -A')).stdout.split('\n')[0]).toBe(
      'NAMESPACE   WORKLOAD   NODE    NETWORKS            INTERFACE         ',
    );
    expect((await shell.type('calicoctl get profiles')).stdout).toContain('kns.default');
    expect((await shell.type('calicoctl get node node1 -o yaml')).stdout).toContain(
      [
        'spec:',
        '  addresses:',
        '  - address: 10.0.0.11/24',
        '    type: CalicoNodeIP',
        '  bgp:',
        '    ipv4Address: 10.0.0.11/24',
        '    ipv4IPIPTunnelAddr: 10.244.166.128',
        '  interfaces:',
        '  - addresses:',
        '    - 10.0.0.11',
        '    name: eth0',
        '  orchRefs:',
        '  - nodeName: node1',
        '    orchestrator: k8s',
      ].join('\n'),
    );
    // In JSON, members stand as in Calico's struct: libcalico's api/v3 NodeSpec.
    const { spec } = JSON.parse((await shell.type('calicoctl get node node1 -o json')).stdout) as {
      readonly spec: object;
    };
    expect(Object.keys(spec)).toEqual(['bgp', 'orchRefs', 'addresses', 'interfaces']);
  });

  test('by template', async () => {
    const shell = terminal();
    const typed = await shell.type(
      "calicoctl get ippool -o 'go-template={{range .}}{{range .Items}}{{.Spec.CIDR}} {{.Name}}{{end}}{{end}}'",
    );
    expect(typed.stdout).toBe('10.244.0.0/16 default-ipv4-ippool');
  });

  test('what it refuses', async () => {
    const shell = terminal();
    const errors = {
      'calicoctl get somekind': "failed to get resources: resource type 'somekind' is not supported\n",
      'calicoctl get ippool x':
        'resource does not exist: IPPool(x) with error: ippools.crd.projectcalico.org "x" not found\n',
      'calicoctl get ippool -n default': 'IPPool is not namespaced\n',
      'calicoctl get ippool -o xml': "unrecognized output format 'xml'\n",
      'calicoctl get ippool -o custom-columns=FOO':
        'unknown heading FOO, valid values are: NAME, CIDR, NAT, IPIPMODE, VXLANMODE, DISABLED, DISABLEBGPEXPORT, SELECTOR, ASSIGNMENTMODE\n',
      'calicoctl get --foo':
        "invalid option: 'calicoctl get --foo'. Use flag '--help' to read about a specific subcommand\n",
      'calicoctl get':
        "invalid option: 'calicoctl get'. Use flag '--help' to read about a specific subcommand\n",
      'calicoctl get -f none.yaml': 'failed to execute command: open none.yaml: no such file or directory\n',
      'calicoctl get wep x -A': 'cannot use --all-namespace flag for getting a single resource\n',
    };
    for (const [line, stderr] of Object.entries(errors)) {
      const typed = await shell.type(line);
      expect({ line, stderr: typed.stderr, code: typed.code }).toEqual({ line, stderr, code: 1 });
    }
  });
});

describe('apply, create, replace, delete', () => {
  test('a pool is born, changed by its whole specification, and deleted with its claims', async () => {
    const shell = terminal('none');
    shell.files.set(
      '/root/pool.yaml',
      pool('lab', 'cidr: 10.244.0.0/16', 'vxlanMode: Always', 'natOutgoing: true'),
    );
    expect(await shell.type('calicoctl apply -f pool.yaml')).toEqual({
      stdout: "Successfully applied 1 'IPPool' resource(s)\n",
      stderr: '',
      code: 0,
    });
    const stored = shell.cluster.get(IP_POOLS, 'lab');
    expect(stored?.metadata.annotations).toEqual({
      'projectcalico.org/metadata': '{"creationTimestamp":"2026-05-01T10:00:00Z"}',
    });
    expect(stored?.spec).toEqual({
      allowedUses: ['Workload', 'Tunnel'],
      assignmentMode: 'Automatic',
      blockSize: 26,
      cidr: '10.244.0.0/16',
      ipipMode: 'Never',
      natOutgoing: true,
      nodeSelector: 'all()',
      vxlanMode: 'Always',
    });
    shell.cluster.wait(0).addPod('web', 'node1');
    await shell.type('calicoctl apply -f -', pool('lab', 'cidr: 10.244.0.0/16', 'vxlanMode: CrossSubnet'));
    expect(shell.cluster.get(IP_POOLS, 'lab')?.spec?.['natOutgoing']).toBeUndefined();
    expect(await shell.type('calicoctl delete ippool lab')).toEqual({
      stdout: "Successfully deleted 1 'IPPool' resource(s)\n",
      stderr: '',
      code: 0,
    });
    expect(shell.cluster.names(BLOCK_AFFINITIES)).toEqual([]);
    expect(shell.cluster.wait(0).names(IPAM_BLOCKS)).toEqual(['10-244-166-128-26']);
    expect((await shell.type('calicoctl ipam show --show-blocks')).stdout).toBe(
      [
        '+----------+-------------------+-----------+------------+----------+',
        '| GROUPING |       CIDR        | IPS TOTAL | IPS IN USE | IPS FREE |',
        '+----------+-------------------+-----------+------------+----------+',
        '| Block    | 10.244.166.128/26 |        64 | 1 (2%)     | 63 (98%) |',
        '+----------+-------------------+-----------+------------+----------+',
        '',
      ].join('\n'),
    );
  });

  test('errors name the field, one or many', async () => {
    const shell = terminal();
    const apply = async (verb: string, text: string) =>
      (await shell.type(`calicoctl ${verb} -f -`, text)).stderr;
    expect(await apply('apply', pool('b', 'cidr: 10.0.0.0/8'))).toBe(
      "failed to apply 'IPPool' resource: [error with field IPPool.Spec.CIDR = '10.0.0.0/8' (IPPool(b) CIDR overlaps with IPPool(default-ipv4-ippool) CIDR 10.244.0.0/16)]\n",
    );
    expect(await apply('create', pool('b', 'cidr: 10.9.0.1/28', 'blockSize: 33'))).toBe(
      [
        "failed to create 'IPPool' resource: [error with the following fields:",
        "-  IPPool.Spec.BlockSize = '33' (IPv4 block size must be between 20 and 32)",
        "-  IPPool.Spec.CIDR = '10.9.0.0/28' (IPPool CIDR is not strictly masked)",
        ']',
        '',
      ].join('\n'),
    );
    expect(await apply('create', pool('default-ipv4-ippool', 'cidr: 10.244.0.0/16'))).toBe(
      'failed to create \'IPPool\' resource: [resource already exists: IPPool(default-ipv4-ippool) with error: ippools.crd.projectcalico.org "default-ipv4-ippool" already exists]\n',
    );
    expect(await apply('apply', pool('b', 'cidr: 10.9.0.0/24', 'foo: 1'))).toBe(
      'field in document is not recognized or is in the wrong location: foo\n',
    );
    expect(await apply('apply', pool('b', 'cidr: 10.9.0.0/24', 'natOutgoing: maybe'))).toBe(
      'failed to execute command: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct field IPPoolSpec.spec.natOutgoing of type bool\n',
    );
    expect(await apply('apply', 'apiVersion: v1\nkind: Foo\n')).toBe(
      'failed to execute command: unknown resource type (Foo) and/or version (v1)\n',
    );
    expect(await apply('apply', '# nothing\n')).toBe('no resources specified in file -\n');
  });

  test('a YAML mistake has a line and a column', async () => {
    const { stderr } = await terminal().type(
      'calicoctl apply -f -',
      'apiVersion: projectcalico.org/v3\nkind: IPPool\nspec:\n\tcidr: 10.0.0.0/24\n',
    );
    expect(stderr).toContain(
      'failed to execute command: error converting YAML to JSON: yaml: line 4: found character that cannot start any token',
    );
    expect(stderr).toMatch(/line 4, column \d+/);
  });

  test('several resources: what can be done is done', async () => {
    const shell = terminal();
    const good = pool('good', 'cidr: 10.9.0.0/24');
    const better = pool('better', 'cidr: 10.10.0.0/24');
    const bad = pool('bad', 'cidr: 10.244.0.0/24');
    expect(await shell.type('calicoctl apply -f -', [good, bad, better].join('---\n'))).toEqual({
      stdout: "Partial success: applied the first 2 out of 3 'IPPool' resources:\n",
      stderr:
        "hit error(s): [error with field IPPool.Spec.CIDR = '10.244.0.0/24' (IPPool(bad) CIDR overlaps with IPPool(default-ipv4-ippool) CIDR 10.244.0.0/16)]\n",
      code: 1,
    });
    const mixed = [
      'apiVersion: projectcalico.org/v3',
      'kind: BGPConfiguration',
      'metadata:',
      '  name: default',
      'spec:',
      '  asNumber: 64513',
      '',
    ].join('\n');
    expect((await shell.type('calicoctl apply -f -', [good, mixed].join('---\n'))).stdout).toBe(
      'Successfully applied 2 resource(s)\n',
    );
    expect((await shell.type('calicoctl get bgpconfig')).stdout).toBe(
      'NAME      LOGSEVERITY   MESHENABLED   ASNUMBER   \ndefault   Info          -             64513      \n\n',
    );
  });

  test('a failed replace counts as handled', async () => {
    expect(await terminal().type('calicoctl replace -f -', pool('none', 'cidr: 10.9.0.0/24'))).toEqual({
      stdout: "Partial success: replaced the first 1 out of 1 'IPPool' resources:\n",
      stderr:
        'hit error: resource does not exist: IPPool(none) with error: ippools.crd.projectcalico.org "none" not found\n',
      code: 1,
    });
  });

  test('deleting what does not exist', async () => {
    const shell = terminal();
    expect((await shell.type('calicoctl delete ippool nope')).stderr).toBe(
      'Failed to delete \'IPPool\' resource: resource does not exist: IPPool(nope) with error: ippools.crd.projectcalico.org "nope" not found\n\n',
    );
    expect((await shell.type('calicoctl delete ippool nope --skip-not-exists')).stdout).toBe(
      "Successfully deleted 1 'IPPool' resource(s)\n",
    );
    expect((await shell.type('calicoctl delete node node1')).stderr).toBe(
      "Failed to delete 'Node' resource: resource does not exist: WorkloadEndpoint(node1-*) with error: malformed WorkloadEndpoint name - unable to determine Pod name\n\n",
    );
  });

  test('rules of the CRD reach a kind that calicoctl does not check itself', async () => {
    const felix = [
      'apiVersion: projectcalico.org/v3',
      'kind: FelixConfiguration',
      'metadata:',
      '  name: node.node1',
      'spec:',
      '  routeTableRange: { min: 1, max: 2 }',
      '  routeTableRanges: [{ min: 1, max: 2 }]',
      '',
    ].join('\n');
    expect((await terminal().type('calicoctl apply -f -', felix)).stderr).toContain(
      'routeTableRange and routeTableRanges cannot both be set',
    );
  });
});
