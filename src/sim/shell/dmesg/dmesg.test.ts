import { expect, test } from 'vitest';
import { networkCommands } from '../network-commands.ts';
import { stage } from '../network/stage.contract.ts';

const NODE = 'node/node1';

// The line's form: net/netfilter/nf_log_syslog.c; times and frames: util-linux 2.38.1.
test('a LOG rule writes lines that dmesg shows', async () => {
  const lab = stage(networkCommands, { natOutgoing: true });
  await lab.type(NODE, 'iptables -I FORWARD -p icmp -j LOG --log-prefix seen: --log-level 5');
  await lab.type(NODE, 'iptables -I OUTPUT -p tcp --dport 80 -j LOG');
  expect((await lab.type(NODE, 'dmesg')).screen).toBe('');
  await lab.type('pod/web-0', 'ping -c 1 10.244.135.1');
  await lab.type(NODE, 'curl -s -m 1 http://10.244.135.1/');
  const { screen } = await lab.type(NODE, 'dmesg -t');
  const lines = screen.replaceAll(/ ID=\d+|SPT=\d+/g, (word) => `${word.split('=')[0] ?? ''}=*`).split('\n');
  expect(lines[0]).toMatch(
    /^seen:IN=cali\w+ OUT=vxlan.calico MAC=ee:ee:ee:ee:ee:ee:7a:00:0a:f4:a6:81:08:00 SRC=10\.244\.166\.129 DST=10\.244\.135\.1 LEN=84 TOS=0x00 PREC=0x00 TTL=63 ID=\* DF PROTO=ICMP TYPE=8 CODE=0 ID=\* SEQ=1 $/,
  );
  expect(lines[1]).toMatch(/^seen:IN=vxlan.calico OUT=cali\w+ MAC=\S+ SRC=10\.244\.135\.1 .*TYPE=0 CODE=0/);
  expect(lines.find((line) => line.startsWith('IN= '))).toMatch(
    /^IN= OUT=vxlan.calico SRC=10\.244\.166\.128 DST=10\.244\.135\.1 LEN=60 .*PROTO=TCP SPT=\* DPT=80 WINDOW=\d+ RES=0x00 SYN URGP=0 $/,
  );
  expect((await lab.type(NODE, 'dmesg')).screen).toMatch(/^\[ +\d+\.\d{6}\] seen:IN=/);
  expect((await lab.type(NODE, 'dmesg -T')).screen).toMatch(
    /^\[\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\] seen:IN=/,
  );
});

test.each([
  ['dmesg --foo', "dmesg: unrecognized option '--foo'\nTry 'dmesg --help' for more information.\n"],
  ['dmesg -z', "dmesg: invalid option -- 'z'\nTry 'dmesg --help' for more information.\n"],
  ['dmesg foo', "dmesg: bad usage\nTry 'dmesg --help' for more information.\n"],
])('%s', async (line, screen) => {
  expect(await stage(networkCommands).type(NODE, line)).toMatchObject({ screen, status: 1 });
});
