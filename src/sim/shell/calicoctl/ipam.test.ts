import { describe, expect, test } from 'vitest';
import { TestCluster } from '../../cni/calico/two-racks.contract.ts';
import { Terminal } from './terminal.contract.ts';

describe('ipam', () => {
  const busy = (): Terminal => {
    const cluster = new TestCluster()
      .withCalico('none')
      .withPool('a', { cidr: '10.244.0.0/16', vxlanMode: 'Always' })
      .withPool('b', { cidr: '10.65.0.0/29', blockSize: 29 });
    for (let at = 0; at < 5; at += 1) cluster.addPod(`web-${at}`, 'node1');
    return new Terminal(cluster);
  };

  test('show (layout: upstream sample)', async () => {
    const shell = busy();
    expect((await shell.type('calicoctl ipam show')).stdout).toBe(
      [
        '+----------+---------------+-----------+------------+--------------+',
        '| GROUPING |     CIDR      | IPS TOTAL | IPS IN USE |   IPS FREE   |',
        '+----------+---------------+-----------+------------+--------------+',
        '| IP Pool  | 10.244.0.0/16 |     65536 | 8 (0%)     | 65528 (100%) |',
        '| IP Pool  | 10.65.0.0/29  |         8 | 0 (0%)     | 8 (100%)     |',
        '+----------+---------------+-----------+------------+--------------+',
        '',
      ].join('\n'),
    );
    expect((await shell.type('calicoctl ipam show --show-blocks')).stdout.split('\n').slice(3, 7)).toEqual([
      '| IP Pool  | 10.244.0.0/16     |     65536 | 8 (0%)     | 65528 (100%) |',
      '| Block    | 10.244.104.0/26   |        64 | 1 (2%)     | 63 (98%)     |',
      '| Block    | 10.244.135.0/26   |        64 | 1 (2%)     | 63 (98%)     |',
      '| Block    | 10.244.166.128/26 |        64 | 6 (9%)     | 58 (91%)     |',
    ]);
  });

  test('show --ip', async () => {
    const shell = busy();
    const [sandbox] = [...shell.cluster.state.sandboxes.values()].filter(({ pod }) => pod === 'web-0');
    expect((await shell.type('calicoctl ipam show --ip=10.244.166.129')).stdout).toBe(
      [
        'IP 10.244.166.129 is in use',
        `Handle ID: k8s-pod-network.${sandbox?.containerId}`,
        'Active Owner Attributes:',
        '  namespace: default',
        '  node: node1',
        '  pod: web-0',
        '  timestamp: 2026-05-01 10:00:00 +0000 UTC',
        '',
      ].join('\n'),
    );
    expect((await shell.type('calicoctl ipam show --ip 10.244.1.1')).stdout).toBe(
      '10.244.1.1 is not assigned\n',
    );
    expect(await shell.type('calicoctl ipam show --ip=10.240.0.300')).toEqual({
      stdout: 'Error executing command: invalid IP address specified: 10.240.0.300\n',
      stderr: '',
      code: 1,
    });
  });

  test('show --show-borrowed and --show-configuration', async () => {
    const cluster = new TestCluster()
      .withCalico('none')
      .withPool('a', { cidr: '10.65.0.0/29', blockSize: 29 });
    cluster.addPod('owner', 'node2');
    cluster.addPod('borrower', 'node1');
    const shell = new Terminal(cluster);
    expect((await shell.type('calicoctl ipam show --show-borrowed')).stdout).toBe(
      [
        '+-----------+----------------+--------------+-------------+------+------------------+',
        '|    IP     | BORROWING-NODE |    BLOCK     | BLOCK OWNER | TYPE |   ALLOCATED-TO   |',
        '+-----------+----------------+--------------+-------------+------+------------------+',
        '| 10.65.0.1 | node1          | 10.65.0.0/29 | node2       | pod  | default/borrower |',
        '+-----------+----------------+--------------+-------------+------+------------------+',
        '',
      ].join('\n'),
    );
    expect((await shell.type('calicoctl ipam configure --max-blocks-per-host=4')).stderr).toBe(
      'error: MaxBlocksPerHost requires StrictAffinity to be enabled\n',
    );
    expect((await shell.type('calicoctl ipam configure --strictaffinity=true')).stdout).toBe(
      'Successfully set StrictAffinity to: true\n',
    );
    expect((await shell.type('calicoctl ipam show --show-configuration')).stdout).toContain(
      '| StrictAffinity               | true      |',
    );
    expect((await shell.type('calicoctl ipam configure')).stderr).toBe(
      'at least one configuration option must be specified\n',
    );
  });

  test('release', async () => {
    const shell = busy();
    expect((await shell.type('calicoctl ipam release --ip=10.244.166.130')).stdout).toBe(
      'Successfully released IP address 10.244.166.130\n',
    );
    expect((await shell.type('calicoctl ipam release --ip=10.244.166.130')).stderr).toBe(
      'IP address 10.244.166.130 is not assigned\n',
    );
  });

  test('check finds nothing wrong in a healthy cluster, and what was released by hand', async () => {
    const shell = busy();
    expect((await shell.type('calicoctl ipam check')).stdout).toContain(
      'Check complete; found 0 problems.\n',
    );
    await shell.type('calicoctl ipam release --ip=10.244.166.130');
    const { stdout } = await shell.type('calicoctl ipam check --show-problem-ips');
    expect(stdout).toContain(
      '  10.244.166.130 in use by [Workload(default/node1-k8s-web--1-eth0)] and in active IPAM pool but has no IPAM allocation.\n',
    );
    expect(stdout).toContain('Check complete; found 1 problems.\n');
  });
});
