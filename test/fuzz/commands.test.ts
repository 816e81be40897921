/** Lines of `ip -6`, `ip6tables` and `ping -6` as somebody mistypes them: each is understood or complained about, and ends. */
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

interface Program {
  /** Words that mean something to it. */
  readonly tokens: readonly string[];
  /** Exit codes of lines that it understood, whatever came of them; with the others it complains of the line. */
  readonly understood: readonly number[];
  readonly complaints: readonly number[];
  /** Of a hundred lines, at least so many must be understood: fewer would say little of what a command does. */
  readonly percent: number;
}

const PROGRAMS: Readonly<Record<string, Program>> = {
  ip: {
    // 2: the kernel refused it.
    understood: [0, 2],
    complaints: [1, 255],
    percent: 1.5,
    tokens: [
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
  },
  ip6tables: {
    // 1: there is no such chain, rule or set.
    understood: [0, 1],
    complaints: [2, 3],
    percent: 6,
    tokens: [
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
  },
  ping: {
    // 1: sent, and not answered.
    understood: [0, 1],
    complaints: [2],
    percent: 15,
    tokens: [
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
  },
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

describe.each(Object.entries(PROGRAMS))('%s', (program, { tokens, understood, complaints, percent }) => {
  test('has lines that were once typed', () => {
    expect(lines.filter((line) => line.startsWith(`${program} `)).length).toBeGreaterThan(10);
  });

  test('does what a line says, or says why not', PATIENT, async () => {
    const ends = new Map<number, number>();
    await outlasts({
      make: (chance) => mistyped(chance, program, tokens),
      read: async (line) => {
        const stage = dualStage(COMMANDS);
        const { status } = await stage.type('host/a', line, { abortAt: PATIENCE });
        // What it changed can be shown, and packets find their way past it or not.
        await stage.type('host/a', 'ip -6 route');
        await stage.type('host/a', 'ping -c 1 -W 1 2001:db8:113::10');
        if (!Number.isInteger(status) || status < 0 || status > 255) throw new Error(`exit code ${status}`);
        ends.set(status, (ends.get(status) ?? 0) + 1);
      },
    });
    expect([...ends.keys()]).toEqual(expect.arrayContaining([...understood, ...complaints]));
    const count = understood.reduce((sum, status) => sum + (ends.get(status) ?? 0), 0);
    expect(count / INPUTS).toBeGreaterThan(percent / 100);
  });
});
