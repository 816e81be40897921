import { describe, expect, test } from 'vitest';
import { stage } from '../network/stage.contract.ts';
import { sysctl } from './sysctl.ts';

const at = (): ReturnType<typeof stage> => stage([sysctl]);

// Provenance: procps-ng 4.0.2 in a network namespace.
describe('reads and writes as the real tool does', () => {
  test.each([
    ['sysctl net.ipv4.ip_forward', 'net.ipv4.ip_forward = 1\n', '', 0],
    ['sysctl -n net.ipv4.ip_forward', '1\n', '', 0],
    ['sysctl -N net.ipv4.ip_forward', 'net.ipv4.ip_forward\n', '', 0],
    ['sysctl net/ipv4/ip_forward', 'net.ipv4.ip_forward = 1\n', '', 0],
    ['sysctl net.ipv4.ip_forward=0', 'net.ipv4.ip_forward = 0\n', '', 0],
    ['sysctl -qw net.ipv4.ip_forward=0', '', '', 0],
    [
      'sysctl -w net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=1',
      'net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 1\n',
      '',
      0,
    ],
    ['sysctl -a --pattern eth0.rp_filter', 'net.ipv4.conf.eth0.rp_filter = 0\n', '', 0],
    [
      'sysctl net.ipv4.nope',
      '',
      'sysctl: cannot stat /proc/sys/net/ipv4/nope: No such file or directory\n',
      1,
    ],
    ['sysctl -e net.ipv4.nope', '', '', 0],
    ['sysctl -w net.ipv4.ip_forward', '', 'sysctl: command line(0): invalid syntax, continuing...\n', 1],
    [
      'sysctl -w net.ipv4.ip_forward=abc',
      '',
      'sysctl: setting key "net.ipv4.ip_forward": Invalid argument\n',
      1,
    ],
    ['sysctl', '', "sysctl: no variables specified\nTry `sysctl --help' for more information.\n", 1],
  ])('%s', async (line, stdout, stderr, status) => {
    expect(await at().type('node/node1', line)).toMatchObject({ stdout, stderr, status });
  });
});

test('what is written is what is read, of the stack and of one device', async () => {
  const lab = at();
  const read = async (key: string): Promise<string> =>
    (await lab.type('node/node1', `sysctl -n net.ipv4.${key}`)).stdout;
  await lab.type(
    'node/node1',
    'sysctl -w net.ipv4.conf.eth0.forwarding=0 net.ipv4.conf.vxlan/calico.rp_filter=1',
  );
  expect(await read('conf.eth0.forwarding')).toBe('0\n');
  expect(await read('conf.vxlan/calico.rp_filter')).toBe('1\n');
  expect(await read('ip_forward')).toBe('1\n');
  await lab.type('node/node1', 'sysctl -w net.ipv4.ip_forward=1');
  expect(await read('conf.eth0.forwarding')).toBe('1\n');
});

test("the host's end of a pod's cable is as Felix sets it", async () => {
  const lab = at();
  const { stdout } = await lab.type('node/node1', 'sysctl -a --pattern cali0d7763386da');
  for (const line of ['proxy_arp = 1', 'forwarding = 1', 'route_localnet = 1', 'proxy_delay = 0'])
    expect(stdout).toContain(line);
});
