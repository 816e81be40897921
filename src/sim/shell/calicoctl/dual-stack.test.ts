/** What calicoctl prints of a dual-stack cluster. Forms: calicoctl/calicoctl/{commands,resourcemgr}, Calico v3.32.1. */
import { describe, expect, test } from 'vitest';
import { DUAL_STACK, TestCluster } from '../../cni/calico/two-racks.contract.ts';
import { Terminal } from './terminal.contract.ts';

function terminal(): Terminal {
  const cluster = new TestCluster(DUAL_STACK).withCalico('default');
  cluster.addPod('web', 'node1');
  return new Terminal(cluster);
}

const typed = async (tested: Terminal, line: string): Promise<string> => {
  const { stdout, stderr } = await tested.type(line);
  tested.cluster.wait(0);
  return stdout + stderr;
};

describe('resources', () => {
  test('nodes have addresses of both families', async () => {
    expect(await typed(terminal(), 'calicoctl get node -o wide')).toBe(
      [
        'NAME    ASN       IPV4           IPV6            ',
        'node1   (64512)   10.0.0.11/24   fd00:a::11/64   ',
        'node2   (64512)   10.0.0.12/24   fd00:a::12/64   ',
        'node3   (64512)   10.0.1.13/24   fd00:b::13/64   ',
        '',
        '',
      ].join('\n'),
    );
  });

  test('workload endpoints have networks of both', async () => {
    expect(await typed(terminal(), 'calicoctl get wep')).toContain(
      'web        node1   10.244.166.129/32,fd00:10:244:83:318a:6059:3e82:d1c0/128   cali68caf03a5f4',
    );
  });

  test('the pool of IPv6 has no tunnel and does not translate', async () => {
    expect(await typed(terminal(), 'calicoctl get ippool -o wide')).toBe(
      [
        'NAME                  CIDR               NAT     IPIPMODE   VXLANMODE   DISABLED   DISABLEBGPEXPORT   SELECTOR   ASSIGNMENTMODE   ',
        'default-ipv4-ippool   10.244.0.0/16      true    Always     Never       false      false              all()      Automatic        ',
        'default-ipv6-ippool   fd00:10:244::/56   false   Never      Never       false      false              all()      Automatic        ',
        '',
        '',
      ].join('\n'),
    );
  });

  test('a pool of IPv6 takes no IPIP', async () => {
    const line = `calicoctl patch ippool default-ipv6-ippool -p '{"spec":{"ipipMode":"Always"}}'`;
    expect(await typed(terminal(), line)).toContain(
      "error with field IPPool.Spec.IPIPMode = 'Always' (IPIP is not supported on an IPv6 IP pool)",
    );
  });

  test('a VXLAN tunnel of IPv6 is shown with the node', async () => {
    const tested = terminal();
    await typed(tested, `calicoctl patch ippool default-ipv6-ippool -p '{"spec":{"vxlanMode":"Always"}}'`);
    const shown = await typed(tested, 'calicoctl get node node2 -o yaml');
    expect(shown).toContain('    ipv6Address: fd00:a::12/64\n');
    expect(shown).toContain('  ipv6VXLANTunnelAddr: fd00:10:244:74:d03b:4785:4379:9540\n');
  });
});

describe('ipam', () => {
  test('show: sizes of IPv6 are powers of ten', async () => {
    expect(await typed(terminal(), 'calicoctl ipam show --show-blocks')).toBe(
      [
        '+----------+----------------------------------------+------------+------------+-------------------+',
        '| GROUPING |                  CIDR                  | IPS TOTAL  | IPS IN USE |     IPS FREE      |',
        '+----------+----------------------------------------+------------+------------+-------------------+',
        '| IP Pool  | 10.244.0.0/16                          |      65536 | 4 (0%)     | 65532 (100%)      |',
        '| Block    | 10.244.104.0/26                        |         64 | 1 (2%)     | 63 (98%)          |',
        '| Block    | 10.244.135.0/26                        |         64 | 1 (2%)     | 63 (98%)          |',
        '| Block    | 10.244.166.128/26                      |         64 | 2 (3%)     | 62 (97%)          |',
        '| IP Pool  | fd00:10:244::/56                       | 4.7224e+21 | 1 (0%)     | 4.7224e+21 (100%) |',
        '| Block    | fd00:10:244:83:318a:6059:3e82:d1c0/122 |         64 | 1 (2%)     | 63 (98%)          |',
        '+----------+----------------------------------------+------------+------------+-------------------+',
        '',
      ].join('\n'),
    );
  });

  test('show --ip and release spell an address as Go does', async () => {
    const tested = terminal();
    const spelt = 'fd00:10:244:83:318a:6059:3e82:d1c0';
    const written = 'FD00:0010:244:83:318a:6059:3e82:d1c0';
    expect(await typed(tested, `calicoctl ipam show --ip=${written}`)).toContain(`IP ${spelt} is in use\n`);
    expect(await typed(tested, `calicoctl ipam release --ip=${written}`)).toBe(
      `Successfully released IP address ${spelt}\n`,
    );
    expect(await typed(tested, `calicoctl ipam show --ip=${written}`)).toBe(`${spelt} is not assigned\n`);
    expect(await typed(tested, 'calicoctl ipam show --ip=fd00::10000')).toBe(
      'Error executing command: invalid IP address specified: fd00::10000\n',
    );
  });

  test('check knows pods of both families, and calls tunnels of IPv6 leaked', async () => {
    const tested = terminal();
    expect(await typed(tested, 'calicoctl ipam check')).toContain('Found 2 workload IPs.\n');
    expect(await typed(tested, 'calicoctl ipam check')).toContain('Check complete; found 0 problems.\n');
    await typed(tested, `calicoctl patch ippool default-ipv6-ippool -p '{"spec":{"vxlanMode":"Always"}}'`);
    const after = await typed(tested, 'calicoctl ipam check --show-problem-ips');
    expect(after).toContain(
      '  fd00:10:244:83:318a:6059:3e82:d1c1 leaked; attrs Main:vxlan-v6-tunnel-addr-node1 Extra:node=node1,type=vxlanV6TunnelAddress\n',
    );
    expect(after).toContain('Check complete; found 3 problems.\n');
  });

  test('split divides a pool of IPv6', async () => {
    const tested = terminal();
    await typed(tested, 'calicoctl datastore migrate lock');
    expect(await typed(tested, 'calicoctl ipam split 2 --name=default-ipv6-ippool')).toBe(
      'IP Pool default-ipv6-ippool was successfully split into 2 smaller pools.' +
        'Created split-default-ipv6-ippool-0 with CIDR fd00:10:244::/57.\n' +
        'Created split-default-ipv6-ippool-1 with CIDR fd00:10:244:80::/57.\n' +
        'Please refer to the documentation for final steps.',
    );
  });
});
