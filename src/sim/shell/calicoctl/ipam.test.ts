import { describe, expect, test } from 'vitest';
import { TestCluster } from '../../cni/calico/two-racks.contract.ts';
import { IPAM_CONFIGS } from '../../cni/calico/kinds.ts';
import { Terminal } from './terminal.contract.ts';

const busy = (): Terminal => {
  const cluster = new TestCluster()
    .withCalico('none')
    .withPool('a', { cidr: '10.244.0.0/16', vxlanMode: 'Always' })
    .withPool('b', { cidr: '10.65.0.0/29', blockSize: 29 });
  for (let at = 0; at < 5; at += 1) cluster.addPod(`web-${at}`, 'node1');
  return new Terminal(cluster);
};

describe('ipam', () => {
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
      '| StrictAffinity               | true ',
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
      '  10.244.166.130 in use by Workload(default/node1-k8s-web--1-eth0) and in active IPAM pool but has no IPAM allocation.\n',
    );
    expect(stdout).toContain('Check complete; found 1 problems.\n');
  });

  test('check, whole (lines and their order: upstream source)', async () => {
    const shell = busy();
    const { stdout } = await shell.type('calicoctl ipam check');
    expect(stdout).toBe(
      [
        'Checking IPAM for inconsistencies...',
        '',
        'Loading all IPAM blocks...',
        'Found 3 IPAM blocks.',
        ' IPAM block 10.244.104.0/26 affinity=host:node2:',
        ' IPAM block 10.244.135.0/26 affinity=host:node3:',
        ' IPAM block 10.244.166.128/26 affinity=host:node1:',
        'IPAM blocks record 8 allocations.',
        '',
        'Loading all IPAM pools...',
        '  10.244.0.0/16',
        '  10.65.0.0/29',
        'Found 2 active IP pools.',
        '',
        'Loading all nodes.',
        'Found 3 node tunnel IPs.',
        '',
        'Loading all service load balancer IPs.',
        'Found 0 service load balancer(s).',
        '',
        'Loading all workload endpoints.',
        'Found 5 workload IPs.',
        'Workloads and nodes are using 8 IPs.',
        '',
        'Loading all handles',
        'Looking for top (up to 20) nodes by allocations...',
        '  node1 has 6 allocations',
        '  node2 has 1 allocations',
        '  node3 has 1 allocations',
        'Node with most allocations has 6; median is 1',
        '',
        'Scanning for IPs that are allocated but not actually in use...',
        'Found 0 IPs that are allocated in IPAM but not actually in use.',
        'Scanning for IPs that are in use by a workload or node but not allocated in IPAM...',
        'Found 0 in-use IPs that are not in active IP pools.',
        'Found 0 in-use IPs that are in active IP pools but have no corresponding IPAM allocation.',
        '',
        'Scanning for IPAM handles with no matching IPs...',
        'Found 0 handles with no matching IPs (and 8 handles with matches).',
        'Scanning for IPs with missing handle...',
        'Found 0 handles mentioned in blocks with no matching handle resource.',
        'Check complete; found 0 problems.',
        '',
      ].join('\n'),
    );
    const all = (await shell.type('calicoctl ipam check --show-all-ips')).stdout.split('\n');
    expect(all).toContain('  10.244.166.129 belongs to Workload(default/node1-k8s-web--0-eth0)');
    expect(all).toContain('  10.244.104.0 belongs to Node(node2)');
    expect(all.filter((line) => line.includes(' allocated; attrs Main:'))).toHaveLength(8);
  });
});

describe('leaks', () => {
  /** An address that IPAM has given out and nobody uses: the pod is gone, its sandbox was never torn down. */
  const leaking = (): Terminal => {
    const cluster = new TestCluster().withCalico('none').withPool('a', { cidr: '10.244.0.0/16' });
    cluster.addPod('web', 'node1');
    cluster.change((tx) => {
      const web = tx.get('pods', 'default', 'web');
      if (web) tx.put('pods', { ...web, metadata: { ...web.metadata, annotations: {} } });
    });
    return new Terminal(cluster);
  };

  const LEAKED = '10.244.166.128';

  test('are found, written down and given back, once the data store is locked or with --force', async () => {
    const shell = leaking();
    const check = 'calicoctl ipam check --show-problem-ips -o report.json';
    const { stdout } = await shell.type(check);
    expect(stdout).toMatch(
      new RegExp(
        `^ {2}${LEAKED} leaked; attrs Main:k8s-pod-network.[0-9a-f]+ Extra:namespace=default,node=node1,pod=web,timestamp=`,
        'm',
      ),
    );
    expect(stdout).toContain('Check complete; found 1 problems.\n');
    const report = shell.files.get('/home/learner/report.json') ?? shell.files.get('/root/report.json') ?? '';
    expect(JSON.parse(report)).toMatchObject({
      version: 'v3.32.1',
      datastoreLocked: false,
      clusterType: 'k8s,bgp,kubeadm,kdd',
      allocations: { [LEAKED]: [{ ip: LEAKED, pod: 'web', node: 'node1', inUse: false, owners: null }] },
    });
    const release = 'calicoctl ipam release --from-report=report.json';
    expect((await shell.type(release)).stderr).toBe(
      'data store is not locked. Either lock the data store, or re-run with --force\n',
    );
    expect(await shell.type(`${release} --force`)).toEqual({
      stdout: [
        'WARNING: Data store is not locked. Ignoring due to --force option',
        'Releasing 1 old IPs...',
        'Released 1 IPs successfully',
        "Report didn't contain any handles to clean up.",
        'You may now unlock the data store.',
        '',
      ].join('\n'),
      stderr: '',
      code: 0,
    });
    expect((await shell.type(`calicoctl ipam show --ip=${LEAKED}`)).stdout).toBe(
      `${LEAKED} is not assigned\n`,
    );
    // The report is out of date now: what it says of the address no longer holds.
    expect((await shell.type(`${release} --force`)).stdout).toContain(
      `An error occurred while releasing some IPs: update conflict: ${LEAKED}.  Problems are often`,
    );
  });

  test('a locked data store: reports from before are stale, and pods get no addresses', async () => {
    const shell = leaking();
    await shell.type('calicoctl ipam check -o before.json');
    expect((await shell.type('calicoctl datastore migrate lock')).stdout).toBe('Datastore locked.\n');
    expect(shell.cluster.addPod('late', 'node1')).toBe('Calico is currently not ready to process requests');
    expect((await shell.type('calicoctl ipam release --from-report before.json')).stderr).toMatch(
      /^the provided reports are all stale/,
    );
    await shell.type('calicoctl ipam check -o now.json');
    const both = 'calicoctl ipam release --from-report before.json --from-report now.json';
    expect((await shell.type(both)).stdout).toContain('Released 1 IPs successfully\n');
    expect((await shell.type('calicoctl datastore migrate unlock')).stdout).toBe('Datastore unlocked.\n');
    expect((await shell.type('calicoctl ipam release --from-report=none.json')).stderr).toBe(
      'open none.json: no such file or directory\n',
    );
  });
});

describe('split', () => {
  test('needs a lock and a power of two, and keeps what is given out', async () => {
    const cluster = new TestCluster()
      .withCalico('none')
      .withPool('a', { cidr: '10.244.0.0/16', vxlanMode: 'Always', natOutgoing: true });
    cluster.addPod('web', 'node1');
    const shell = new Terminal(cluster);
    const split = (words: string) => shell.type(`calicoctl ipam split ${words}`);
    expect((await split('2')).stderr).toMatch(/^no name or CIDR provided/);
    expect((await split('2 --name=a')).stderr).toMatch(/^datastore is not locked\./);
    await shell.type('calicoctl datastore migrate lock');
    expect((await split('3 --name=a')).stderr).toBe(
      'error splitting the CIDR 10.244.0.0/16 into 3 CIDRs: number to split CIDR into is not a valid power of 2: 3\n',
    );
    expect((await split('2 --cidr=10.1.0.0/16')).stderr).toBe(
      'unable to find IP pool  covering the specified CIDR 10.1.0.0/16\n',
    );
    expect((await split('2 --cidr=10.244.0.0/16')).stdout).toBe(
      'IP Pool a was successfully split into 2 smaller pools.Created split-a-0 with CIDR 10.244.0.0/17.\n' +
        'Created split-a-1 with CIDR 10.244.128.0/17.\nPlease refer to the documentation for final steps.',
    );
    expect((await shell.type('calicoctl get ippool -o wide')).stdout.split('\n').slice(1, 3)).toEqual([
      expect.stringMatching(/^split-a-0 +10\.244\.0\.0\/17 +true +Never +Always +false +false +all\(\)/),
      expect.stringMatching(/^split-a-1 +10\.244\.128\.0\/17 +true +Never +Always +false +false +all\(\)/),
    ]);
    expect((await shell.type('calicoctl ipam check')).stdout).toContain('found 0 problems.');
  });
});

describe('after something moved', () => {
  test('check passes Services over when the load balancer is not configured', async () => {
    const shell = busy();
    const patch = `'{"spec": {"controllers": {"loadBalancer": null}}}'`;
    expect((await shell.type(`calicoctl patch kubecontrollersconfig default -p ${patch}`)).stdout).toBe(
      "Successfully patched 1 'KubeControllersConfiguration' resource\n",
    );
    expect((await shell.type('calicoctl ipam check')).stdout).toContain(
      [
        'Loading all service load balancer IPs.',
        'No configuration for LoadBalancer kubecontroller found, skipping service check',
        '',
        'Loading all workload endpoints.',
      ].join('\n'),
    );
  });

  test('release --from-report spares the block of an address that changed hands meanwhile', async () => {
    const shell = busy();
    for (const pod of ['web-0', 'web-1']) {
      shell.cluster.change((tx) => {
        tx.delete('pods', 'default', pod);
      });
    }
    await shell.type('calicoctl datastore migrate lock');
    await shell.type('calicoctl ipam check -o /root/report.json');
    await shell.type('calicoctl ipam release --ip=10.244.166.129');
    const [web] = [...shell.cluster.state.sandboxes.values()].filter(({ pod }) => pod === 'web-4');
    if (web) shell.cluster.change((tx) => shell.cluster.cni.del(tx, web));
    expect((await shell.type('calicoctl ipam release --from-report=/root/report.json')).stdout).toBe(
      [
        'Releasing 2 old IPs...',
        'An error occurred while releasing some IPs: update conflict: 10.244.166.129.  Problems are often caused by an out-of-date IPAM report.  Try regenerating the IPAM report and retry.',
        "Report didn't contain any handles to clean up.",
        'You may now unlock the data store.',
        '',
      ].join('\n'),
    );
    expect((await shell.type('calicoctl ipam show --ip=10.244.166.130')).stdout).toContain('is in use');
  });

  test('configure is refused by the CRD, and leaves unset what is 0', async () => {
    const shell = busy();
    const line = 'calicoctl ipam configure --strictaffinity=true';
    expect((await shell.type(`${line} --max-blocks-per-host=-1`)).stderr).toBe(
      'error: IPAMConfig.crd.projectcalico.org "default" is invalid: spec.maxBlocksPerHost: Invalid value: -1: spec.maxBlocksPerHost in body should be greater than or equal to 0\n',
    );
    expect((await shell.type(`${line} --max-blocks-per-host=0`)).stdout).toBe(
      'Successfully set StrictAffinity to: true\nSuccessfully set MaxBlocksPerHost to: 0\n',
    );
    expect(shell.cluster.get(IPAM_CONFIGS, 'default')?.spec).toEqual({
      autoAllocateBlocks: true,
      kubeVirtVMAddressPersistence: 'Enabled',
      strictAffinity: true,
    });
  });
});
