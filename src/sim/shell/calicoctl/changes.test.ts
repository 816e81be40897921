import { describe, expect, test } from 'vitest';
import { COMMANDS } from './commands.ts';
import { TestCluster } from '../../cni/calico/two-racks.contract.ts';
import { Terminal } from './terminal.contract.ts';

const terminal = (pools: 'default' | 'none' = 'default'): Terminal =>
  new Terminal(new TestCluster().withCalico(pools));

describe('patch and label', () => {
  test('change one field', async () => {
    const shell = terminal();
    const patch = (text: string) => shell.type(`calicoctl patch ippool default-ipv4-ippool -p '${text}'`);
    expect(await patch('{"spec":{"ipipMode":"Never","vxlanMode":"CrossSubnet"}}')).toEqual({
      stdout: "Successfully patched 1 'IPPool' resource\n",
      stderr: '',
      code: 0,
    });
    expect((await patch('{"spec":{"ipipMode":"Always"}}')).stderr).toBe(
      "hit error: updating existing resource: error with field IPPool.Spec.VXLANMode = 'CrossSubnet' (Cannot enable both VXLAN and IPIP on the same IPPool)\n",
    );
    expect((await patch('{"spec":{"cidr":"10.245.0.0/16"}}')).stderr).toBe(
      "hit error: updating existing resource: error with field IPPool.Spec.CIDR = '10.245.0.0/16' (IPPool CIDR cannot be modified)\n",
    );
    expect((await patch('{oops')).stderr).toBe(
      'hit error: performing strategic merge patch: invalid JSON document\n',
    );
  });

  test('label a node', async () => {
    const shell = terminal();
    expect((await shell.type('calicoctl label nodes node1 rack=a')).stdout).toBe(
      'Successfully set label rack on nodes node1\n',
    );
    expect((await shell.type('calicoctl label nodes node1 rack=b')).stderr).toBe(
      "failed to update label of nodes node1, key rack is already present. please use '--overwrite' to set a new value\n",
    );
    expect((await shell.type('calicoctl label nodes node1 rack=b --overwrite')).stdout).toBe(
      'Successfully updated label rack on nodes node1\n',
    );
    expect((await shell.type('calicoctl label nodes node1 rack --remove')).stdout).toBe(
      'Successfully removed label rack from nodes node1\n',
    );
    expect((await shell.type('calicoctl label nodes node1 rack --remove')).stderr).toBe(
      'cannot remove label of nodes node1, key rack does not exist\n',
    );
  });
});

describe('the rest', () => {
  test('version, and a cluster of another version', async () => {
    const shell = terminal();
    expect((await shell.type('calicoctl version')).stdout).toBe(
      'Client Version:    v3.32.1\nGit commit:        0ca9d1b93\nCluster Version:   v3.32.1\nCluster Type:      k8s,bgp,kubeadm,kdd\n',
    );
    shell.cluster.change((tx) => {
      const information = tx.get('clusterinformations.crd.projectcalico.org', undefined, 'default');
      if (information)
        tx.put('clusterinformations.crd.projectcalico.org', {
          ...information,
          spec: { calicoVersion: 'v3.30.0' },
        });
    });
    expect((await shell.type('calicoctl get nodes')).stderr).toBe(
      'version mismatch.\nClient Version:   v3.32.1\nCluster Version:  v3.30.0\nUse --allow-version-mismatch to override\n',
    );
    expect((await shell.type('calicoctl get nodes --allow-version-mismatch')).code).toBe(0);
  });

  test('help and unknown commands', async () => {
    const shell = terminal();
    expect((await shell.type('calicoctl --help')).code).toBe(0);
    expect((await shell.type('calicoctl get -h')).stdout).toContain(
      'calicoctl get ( <KIND> [<NAME>...] | --filename=<FILENAME> )',
    );
    expect((await shell.type('calicoctl')).stdout).toBe(
      "Invalid option: ''. Use flag '--help' to read about a specific subcommand.\n",
    );
    expect((await shell.type('calicoctl foo')).stderr).toMatch(/^unknown command: "foo"\n/);
    expect((await shell.type('calicoctl node')).stderr).toBe(
      "invalid option: 'calicoctl node'. Use flag '--help' to read about a specific subcommand\n",
    );
    expect((await shell.type('calicoctl node run')).stderr).toContain('not simulated');
    expect((await shell.type('calicoctl datastore migrate')).code).toBe(1);
  });

  test.each(COMMANDS.map(({ name }) => [name] as const))('%s --help', async (name) => {
    const { stdout, code } = await terminal().type(`calicoctl ${name} --help`);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage:\\n {2}calicoctl ${name}`));
  });

  test('help of groups', async () => {
    const shell = terminal();
    expect((await shell.type('calicoctl node --help')).stdout).toContain('calicoctl node <command>');
    expect((await shell.type('calicoctl datastore --help')).stdout).toMatch(
      / migrate +Commands: lock, unlock/,
    );
    expect((await shell.type('calicoctl ipam foo')).stdout).toContain('calicoctl ipam <command>');
  });

  test('completion', async () => {
    const shell = terminal();
    expect(await shell.complete('calicoctl ')).toContain('apply');
    expect(await shell.complete('calicoctl get ')).toContain('ippool');
    expect(await shell.complete('calicoctl get ippool ')).toEqual(['default-ipv4-ippool']);
    expect(await shell.complete('calicoctl ipam ')).toEqual([
      'show',
      'check',
      'configure',
      'release',
      'split',
    ]);
    expect(await shell.complete('calicoctl datastore migrate ')).toEqual(['lock', 'unlock']);
    expect(await shell.complete('calicoctl get ippool -o ')).toContain('yaml');
  });
});
