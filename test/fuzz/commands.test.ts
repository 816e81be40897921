/** Lines of `ip -6`, `ip6tables` and `ping -6` as somebody mistypes them: each is obeyed or complained about, and ends. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ip } from '../../src/sim/shell/ip/ip.ts';
import { ip6tables } from '../../src/sim/shell/iptables/iptables.ts';
import { dualStage } from '../../src/sim/shell/network/dual-stage.contract.ts';
import { ping } from '../../src/sim/shell/ping/ping.ts';
import { INPUTS, outlasts, PATIENT } from './budget.ts';
import { mutatedText, type Chance } from './mutation.ts';

interface Golden {
  readonly sessions: readonly { readonly lines: readonly { readonly line: string }[] }[];
}

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../src/sim/shell/network/inet6.golden.json'), 'utf8'),
) as Golden;
const lines = [...new Set(golden.sessions.flatMap((session) => session.lines.map(({ line }) => line)))];

/** By the program: the corpus, and words that mean something to it. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  ip: [
    ' -6',
    ' -4',
    ' -j',
    ' -br',
    ' route',
    ' addr',
    ' neigh',
    ' link',
    ' add',
    ' del',
    ' replace',
    ' show',
    ' get',
    ' flush',
    ' via',
    ' dev eth0',
    ' src',
    ' metric',
    ' nexthop',
    ' nodad',
    ' type vxlan id 7 dstport 4789 local fd00:a::11',
    ' fd00:20::/64',
    ' fe80::1%eth0',
    ' ::ffff:10.0.0.1',
    ' ::/0',
    ' ::',
    '/129',
    ':::',
    ' 10.0.0.1',
    ' default',
  ],
  ip6tables: [
    ' -t nat',
    ' -A INPUT',
    ' -I FORWARD 1',
    ' -D OUTPUT',
    ' -N made',
    ' -s',
    ' -d',
    ' !',
    ' -p ipv6-icmp',
    ' -p tcp',
    ' -m icmp6 --icmpv6-type',
    ' -m multiport --dports',
    ' -m conntrack --ctstate',
    ' -m set --match-set',
    ' -j REJECT --reject-with icmp6-port-unreachable',
    ' -j DNAT --to-destination [fd00:a::1]:80',
    ' -j MASQUERADE',
    ' fd00:a::/64',
    '/129',
    ' 10.0.0.0/8',
    ' ::/0',
    ',',
    ':',
    '[',
    ']',
    ' -S',
    ' -L -n -v',
  ],
  ping: [
    ' -6',
    ' -4',
    ' -c 1',
    ' -s',
    ' -M do',
    ' -I eth0',
    ' -t',
    ' -W',
    ' -i',
    ' fd00:a::1',
    ' fe80::1%eth0',
    '%',
    ' ::',
    ' ::1',
    ' ff02::1',
    ' 65536',
    ' -1',
    ' 0',
  ],
};

const COMMANDS = [ip, ip6tables, ping];

/** Virtual milliseconds after which somebody presses Ctrl-C. */
const PATIENCE = 20_000;

function mistyped(chance: Chance, program: string, tokens: readonly string[]): string {
  const corpus = lines
    .filter((line) => line.split(' ')[0] === program)
    .map((line) => line.slice(program.length));
  // What the shell would have made of it is a matter of the shell.
  return `${program}${mutatedText(chance, corpus, tokens)
    .replaceAll(/[^\S ]/g, ' ')
    .replace(/^(?! )/, ' ')}`;
}

describe.each(Object.entries(PROGRAMS))('%s', (program, tokens) => {
  test('has lines that were once typed', () => {
    expect(lines.filter((line) => line.startsWith(`${program} `)).length).toBeGreaterThan(10);
  });

  test('does what a line says, or says why not', PATIENT, async () => {
    let obeyed = 0;
    await outlasts({
      make: (chance) => mistyped(chance, program, tokens),
      read: async (line) => {
        const stage = dualStage(COMMANDS);
        const { status } = await stage.type('host/a', line, { abortAt: PATIENCE });
        // What it changed can be shown, and packets find their way past it or not.
        await stage.type('host/a', 'ip -6 route');
        await stage.type('host/a', 'ping -c 1 -W 1 2001:db8:113::10');
        if (status === 0) obeyed += 1;
        if (!Number.isInteger(status) || status < 0 || status > 255) throw new Error(`exit code ${status}`);
      },
    });
    expect(obeyed).toBeGreaterThan(INPUTS / 100);
  });
});
