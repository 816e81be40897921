import { describe, expect, test } from 'vitest';
import { networkCommands } from '../network-commands.ts';
import { stage } from '../network/stage.contract.ts';
import { layOut } from '../ss/table.ts';

const FAR = '10.244.135.1';

// Provenance: netcat-openbsd 1.219, wordings and exit codes.
describe('nc', () => {
  test.each([
    [`nc -zv ${FAR} 80`, `Connection to ${FAR} 80 port [tcp/http] succeeded!\n`, 0],
    [`nc -zv ${FAR} 99`, `nc: connect to ${FAR} port 99 (tcp) failed: Connection refused\n`, 1],
    [`nc -z ${FAR} 99`, '', 1],
    [
      `nc -zv ${FAR} 79-80`,
      `nc: connect to ${FAR} port 79 (tcp) failed: Connection refused\nConnection to ${FAR} 80 port [tcp/http] succeeded!\n`,
      0,
    ],
    ['nc -zv foo 80', 'nc: getaddrinfo for host "foo" port 80: Name or service not known\n', 1],
    [`nc ${FAR} foo`, 'nc: port number invalid: foo\n', 1],
  ])('%s', async (line, screen, status) => {
    expect(await stage(networkCommands).type('pod/web-0', line)).toMatchObject({ screen, status });
  });

  test('without the FDB entry the handshake gets no answer, for as long as -w says or the kernel tries', async () => {
    const lab = stage(networkCommands);
    await lab.type('node/node1', 'bridge fdb del 66:a4:6f:e0:c4:da dev vxlan.calico dst 10.0.1.13');
    expect((await lab.type('pod/web-0', `nc -zv -w 2 ${FAR} 80`)).screen).toBe(
      `nc: connect to ${FAR} port 80 (tcp) timed out: Operation now in progress\n`,
    );
    expect(lab.clock.now).toBe(2000);
    expect((await lab.type('pod/web-0', `nc -zv ${FAR} 80`)).screen).toBe(
      `nc: connect to ${FAR} port 80 (tcp) failed: Connection timed out\n`,
    );
    expect(lab.clock.now).toBe(129_000);
  });

  test('a listener hears one connection, is a socket meanwhile, and is gone afterwards', async () => {
    const lab = stage(networkCommands);
    const listening = lab.type('pod/web-0', 'nc -lv 9000');
    await Promise.resolve();
    await Promise.resolve();
    expect((await lab.type('pod/web-0', 'nc -l 9000')).screen).toBe('nc: Address already in use\n');
    expect((await lab.type('pod/web-0', 'ss -tln sport = :9000')).stdout).toContain('0.0.0.0:9000');
    expect((await lab.type('node/node1', 'nc -zv 10.244.166.129 9000')).screen).toContain('succeeded!');
    expect(await listening).toMatchObject({
      status: 0,
      screen: expect.stringMatching(
        /^Listening on 0\.0\.0\.0 9000\nConnection received on 10\.0\.0\.11 \d+\n$/,
      ),
    });
    expect((await lab.type('node/node1', 'nc -zv 10.244.166.129 9000')).screen).toContain(
      'Connection refused',
    );
  });
});

// Provenance: ss of iproute2 6.1 into a pipe.
test('ss: columns as wide as their words', async () => {
  const columns = [
    { title: 'State', gap: '' },
    { title: 'Recv-Q', gap: ' ' },
    { title: 'Send-Q', gap: ' ' },
    { title: 'Local Address:', gap: ' ', right: true },
    { title: 'Port', gap: '' },
    { title: 'Peer Address:', gap: ' ', right: true },
    { title: 'Port', gap: '' },
    { title: 'Process', gap: '' },
  ];
  const rows = [
    ['LISTEN', '0', '1', '0.0.0.0:', '7777', '0.0.0.0:', '*', ''],
    ['ESTAB', '0', '0', '127.0.0.1:', '7777', '127.0.0.1:', '48238', ''],
    ['ESTAB', '0', '0', '127.0.0.1:', '48238', '127.0.0.1:', '7777', ''],
  ];
  expect(layOut(columns, rows, { head: true, screen: undefined })).toEqual([
    'State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process',
    'LISTEN 0      1            0.0.0.0:7777       0.0.0.0:*           ',
    'ESTAB  0      0          127.0.0.1:7777     127.0.0.1:48238       ',
    'ESTAB  0      0          127.0.0.1:48238    127.0.0.1:7777        ',
  ]);
  expect((await stage(networkCommands).type('node/node1', 'ss -uln')).stdout).toBe(
    'State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\nUNCONN 0      0            0.0.0.0:4789      0.0.0.0:*          \n',
  );
});
