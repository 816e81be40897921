import { describe, expect, test } from 'vitest';
import { networkCommands } from '../network-commands.ts';
import { stage } from '../network/stage.contract.ts';

const TOOL = 'conntrack v1.4.7 (conntrack-tools)';

describe('conntrack (layout: real transcript, facts section 4 c)', () => {
  test('lists, filters, counts and forgets', async () => {
    const lab = stage(networkCommands, { natOutgoing: true });
    await lab.type('pod/web-0', 'ping -c 1 203.0.113.10');
    await lab.type('pod/web-0', 'nc -zv 203.0.113.10 80');
    const { stdout, stderr } = await lab.type('node/node1', 'conntrack -L');
    expect(stdout).toMatch(
      /^icmp {5}1 29 src=10\.244\.166\.129 dst=203\.0\.113\.10 type=8 code=0 id=(\d+) src=203\.0\.113\.10 dst=10\.0\.0\.11 type=0 code=0 id=\d+ mark=0 use=1\ntcp {6}6 \d+ TIME_WAIT src=10\.244\.166\.129 dst=203\.0\.113\.10 sport=(\d+) dport=80 src=203\.0\.113\.10 dst=10\.0\.0\.11 sport=80 dport=\d+ \[ASSURED\] mark=0 use=1\n$/,
    );
    expect(stderr).toBe(`${TOOL}: 2 flow entries have been shown.\n`);
    expect((await lab.type('node/node1', 'conntrack -L -p icmp -o extended')).stdout).toMatch(
      /^ipv4 {5}2 icmp {5}1 /,
    );
    expect((await lab.type('node/node1', 'conntrack -L -p tcp --dport 81')).screen).toBe(
      `${TOOL}: 0 flow entries have been shown.\n`,
    );
    expect((await lab.type('node/node1', 'conntrack -C')).screen).toBe('2\n');
    const gone = await lab.type('node/node1', 'conntrack -D -p tcp');
    expect(gone.stderr).toBe(`${TOOL}: 1 flow entries have been deleted.\n`);
    expect(await lab.type('node/node1', 'conntrack -D -p tcp')).toMatchObject({ status: 1, stdout: '' });
    expect((await lab.type('node/node1', 'conntrack -F')).screen).toBe(
      `${TOOL}: connection tracking table has been emptied.\n`,
    );
    expect((await lab.type('node/node1', 'conntrack -L')).stdout).toBe('');
  });

  const HINT = "Try `conntrack -h' or 'conntrack --help' for more information.\n";
  // Provenance: conntrack 1.4.7.
  test.each([
    ['conntrack -L --dport 80', `${TOOL}: unknown option \`--dport'\n${HINT}`],
    ['conntrack -L -p foo', `${TOOL}: \`foo' unsupported protocol\n${HINT}`],
    ['conntrack -L -s foo', `${TOOL}: Invalid IP address \`foo'\n${HINT}`],
    ['conntrack -L -o foo', `${TOOL}: Bad parameter \`foo'\n${HINT}`],
  ])('%s', async (line, screen) => {
    expect(await stage(networkCommands).type('node/node1', line)).toMatchObject({ screen, status: 2 });
  });
});
