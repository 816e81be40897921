import { describe, expect, test } from 'vitest';
import { stage } from '../network/stage.contract.ts';
import { ip } from './ip.ts';

const at = (): ReturnType<typeof stage> => stage([ip]);

// Provenance: iproute2 6.1.0 run in a network namespace, wordings and exit codes.
describe('complaints are those of the real tool', () => {
  test.each([
    ['ip xyz', 'Object "xyz" is unknown, try "ip help".', 1],
    ['ip -z a', 'Option "-z" is unknown, try "ip -help".', 255],
    ['ip addr show dev foo', 'Device "foo" does not exist.', 1],
    ['ip link show foo', 'Device "foo" does not exist.', 1],
    ['ip addr show eth0 foo', 'Error: either "dev" is duplicate, or "foo" is a garbage.', 255],
    ['ip addr foo', 'Command "foo" is unknown, try "ip address help".', 255],
    ['ip neigh foo', 'Command "foo" is unknown, try "ip neigh help".', 255],
    ['ip a s dev', 'Command line is not complete. Try option "help"', 255],
    ['ip link set foo up', 'Cannot find device "foo"', 1],
    ['ip link set', 'Not enough information: "dev" argument is required.', 255],
    ['ip link set eth0 foo', 'Error: either "dev" is duplicate, or "foo" is a garbage.', 255],
    ['ip link set eth0 mtu abc', 'Error: argument "abc" is wrong: Invalid "mtu" value\n', 255],
    ['ip link set eth0 mtu 10', 'Error: mtu less than device minimum.', 2],
    ['ip link set eth0 mtu 70000', 'Error: mtu greater than device maximum.', 2],
    ['ip l s up', 'Not enough information: "dev" argument is required.', 255],
    ['ip addr add 10.9.0.1', 'Not enough information: "dev" argument is required.', 1],
    [
      'ip addr add 10.9.0.300/24 dev eth0',
      'Error: any valid prefix is expected rather than "10.9.0.300/24".',
      1,
    ],
    ['ip addr add 10.9.1.1/24 dev foo', 'Cannot find device "foo"', 1],
    [
      'ip addr add 10.8.0.1/24 foo dev eth0',
      'Error: either "local" is duplicate, or "foo" is a garbage.',
      255,
    ],
    ['ip route add default', 'RTNETLINK answers: No such device', 2],
    ['ip route add default via', 'Command line is not complete. Try option "help"', 255],
    ['ip route add 10.50.0.0/16 via 1.1.1.1', 'Error: Nexthop has invalid gateway.', 2],
    ['ip route add 10.50.0.1/16 via 10.0.0.12', 'Error: Invalid prefix for given prefix length.', 2],
    ['ip route add foo via 10.0.0.12', 'Error: any valid prefix is expected rather than "foo".', 1],
    ['ip route add 10.51.0.0/16 via foo', 'Error: inet address is expected rather than "foo".', 1],
    ['ip route add 10.51.0.0/16 dev foo', 'Cannot find device "foo"', 1],
    [
      'ip route add 10.51.0.0/16 via 10.0.0.12 bar',
      'Error: either "to" is duplicate, or "bar" is a garbage.',
      255,
    ],
    [
      'ip route add 10.56.0.0/16 via 10.0.0.12 proto foo',
      'Error: argument "foo" is wrong: "protocol" value is invalid\n',
      255,
    ],
    [
      'ip route add 10.57.0.0/16 via 10.0.0.12 metric foo',
      'Error: argument "foo" is wrong: "metric" value is invalid\n',
      255,
    ],
    [
      'ip route add 10.59.0.0/16 via 10.0.0.12 scope foo',
      'Error: argument "foo" is wrong: invalid "scope" value\n',
      255,
    ],
    ['ip route change 10.99.0.0/16 via 10.0.0.12', 'RTNETLINK answers: No such file or directory', 2],
    ['ip route show dev foo', 'Cannot find device "foo"', 1],
    ['ip route show proto foo', 'Error: argument "foo" is wrong: invalid "protocol"\n', 255],
    ['ip route show table foo', 'Error: argument "foo" is wrong: table id value is invalid\n', 255],
    ['ip route show table 77', 'Error: ipv4: FIB table does not exist.\nDump terminated', 2],
    ['ip route show foo', 'Error: any valid prefix is expected rather than "foo".', 1],
    ['ip route get', 'need at least a destination address', 1],
    ['ip route get foo', 'Error: any valid prefix is expected rather than "foo".', 1],
    ['ip route get 10.0.0.1 bar', 'Error: inet prefix is expected rather than "bar".', 1],
    ['ip route get 10.244.166.168', 'RTNETLINK answers: Invalid argument', 2],
    ['ip route get 10.0.0.12 from 1.2.3.4', 'RTNETLINK answers: Network is unreachable', 2],
    ['ip route get 10.0.0.12 iif foo', 'Cannot find device "foo"', 1],
    [
      'ip neigh add 10.0.0.14 lladdr 02:00:00:00:00:0b',
      'Device and destination are required arguments.',
      255,
    ],
    ['ip neigh add 10.0.0.14 lladdr zz dev eth0', '"zz" is invalid lladdr.', 1],
    [
      'ip neigh add foo lladdr 02:00:00:00:00:0b dev eth0',
      'Error: any valid address is expected rather than "foo".',
      1,
    ],
    ['ip neigh add 10.0.0.13 dev eth0', 'Error: No link layer address given.', 2],
    [
      'ip neigh add 10.0.0.13 lladdr 02:00:00:00:00:0b dev eth0 nud foo',
      'Error: argument "foo" is wrong: nud state is bad',
      255,
    ],
    ['ip neigh show dev foo', 'Cannot find device "foo"', 1],
  ])('%s', async (line, message, status) => {
    const lab = at();
    const node1 = lab.network.stacks.get('node/node1');
    if (!node1) throw new Error('no node1');
    lab.network.stacks.set('node/node1', { ...node1, routes: node1.routes.slice(1) });
    expect(await lab.type('node/node1', line)).toMatchObject({ stdout: '', stderr: `${message}\n`, status });
  });

  test('what the kernel refuses is said in its own words, with exit code 2', async () => {
    const lab = at();
    expect(await lab.type('node/node1', 'ip route add default via 10.0.0.1')).toMatchObject({
      stderr: 'RTNETLINK answers: File exists\n',
      status: 2,
    });
  });

  test('what is not simulated is said plainly', async () => {
    expect(await at().type('node/node1', 'ip xfrm state')).toMatchObject({
      stderr: 'ip: "xfrm" is not simulated: no lab has such state.\n',
      status: 1,
    });
    expect((await at().type('node/node1', 'ip route save')).stderr).toBe(
      'ip: "route save" is not simulated.\n',
    );
    for (const [line, stderr] of [
      ['ip rule add from 10.0.0.0/8 table 100', 'ip: "rule add" is not simulated.\n'],
      [
        'ip route add 192.0.2.0/24 via 10.0.0.1 mtu lock 1300',
        'ip: "mtu lock" in a route is not simulated.\n',
      ],
      [
        'ip link add link eth0 name eth0.10 type vlan id 10',
        'ip: devices of type vlan are not simulated; bridge, dummy, veth and vxlan are.\n',
      ],
    ] as const)
      expect((await at().type('node/node1', line)).stderr).toBe(stderr);
    expect((await at().type('node/node1', 'ip monitor')).stderr).toBe(
      'ip: monitor is not simulated; repeat `ip ... show`, or use `watch`.\n',
    );
  });
});
