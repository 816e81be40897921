import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../../model/ip.ts';
import type { ProbeReply } from '../../net/exchange.ts';
import { stage, type Stage } from '../network/stage.contract.ts';
import { traceroute } from './traceroute.ts';

const timeless = (text: string): string => text.replaceAll(/\d+\.\d{3} ms/g, '* ms');

async function traced(lab: Stage, line: string, place = 'pod/web-0'): Promise<string> {
  return timeless((await lab.type(place, line)).screen);
}

// Provenance: real transcripts, traceroute 2.1.2 (facts, section 4 a and c).
describe('in the reference lab traceroute says what the real one said', () => {
  test.each([
    ['10.244.166.130', ['10.0.0.11', '10.244.166.130']],
    ['10.244.104.1', ['10.0.0.11', '10.0.0.12', '10.244.104.1']],
    ['10.244.135.1', ['10.0.0.11', '10.244.135.0', '10.244.135.1']],
  ])('to %s', async (to, hops) => {
    const expected = hops.map((hop, at) => ` ${at + 1}  ${hop}  * ms  * ms  * ms\n`).join('');
    expect(await traced(stage([traceroute]), `traceroute -n ${to}`)).toBe(
      `traceroute to ${to} (${to}), 30 hops max, 60 byte packets\n${expected}`,
    );
  });

  test('repeated at once, the budget of the destination for ICMP errors is spent', async () => {
    const lab = stage([traceroute]);
    await traced(lab, 'traceroute -n 10.244.135.1');
    expect(await traced(lab, 'traceroute -n 10.244.135.1')).toBe(
      `traceroute to 10.244.135.1 (10.244.135.1), 30 hops max, 60 byte packets
 1  10.0.0.11  * ms  * ms  * ms
 2  10.244.135.0  * ms  * ms  * ms
 3  * * *
 4  * * *
 5  * * *
 6  * * *
 7  * * *
 8  * 10.244.135.1  * ms  * ms
`,
    );
  });

  test('with ICMP', async () => {
    expect(await traced(stage([traceroute]), 'traceroute -n -I 10.244.135.1')).toBe(
      `traceroute to 10.244.135.1 (10.244.135.1), 30 hops max, 60 byte packets
 1  10.0.0.11  * ms  * ms  * ms
 2  10.244.135.0  * ms  * ms  * ms
 3  10.244.135.1  * ms  * ms  * ms
`,
    );
  });

  test('an unallocated address of a remote block', async () => {
    const lab = stage([traceroute]);
    expect(await traced(lab, 'traceroute -n -m 4 -q 1 -w 1 10.244.135.40')).toBe(
      `traceroute to 10.244.135.40 (10.244.135.40), 4 hops max, 60 byte packets
 1  10.0.0.11  * ms
 2  *
 3  *
 4  *
`,
    );
  });

  test('with natOutgoing to the outside host', async () => {
    expect(await traced(stage([traceroute], { natOutgoing: true }), 'traceroute -n 203.0.113.10')).toBe(
      `traceroute to 203.0.113.10 (203.0.113.10), 30 hops max, 60 byte packets
 1  10.0.0.11  * ms  * ms  * ms
 2  10.0.0.1  * ms  * ms  * ms
 3  203.0.113.10  * ms  * ms  * ms
`,
    );
  });
});

// Provenance: traceroute 2.1.2 run in a network namespace.
describe('complaints and forms are those of the real tool', () => {
  test.each([
    ['traceroute -Z 10.0.0.1', "Bad option `-Z' (argc 1)", 2],
    ['traceroute --foo 10.0.0.1', "Bad option `--foo' (argc 1)", 2],
    ['traceroute -m', "Option `-m' (argc 1) requires an argument: `-m max_ttl'", 2],
    ['traceroute -m 0 10.0.0.1', 'first hop out of range', 2],
    ['traceroute -m 256 10.0.0.1', 'max hops cannot be more than 255', 2],
    ['traceroute -m abc 10.0.0.1', "Cannot handle `-m' option with arg `abc' (argc 2)", 2],
    ['traceroute -q 11 10.0.0.1', 'no more than 10 probes per hop', 2],
    ['traceroute -w abc 10.0.0.1', "Cannot handle `-w' option with arg `abc' (argc 2)", 2],
    ['traceroute -f 31 10.0.0.1', 'first hop out of range', 2],
    [
      'traceroute foo',
      'foo: Name or service not known\nCannot handle "host" cmdline arg `foo\' on position 1 (argc 1)',
      2,
    ],
    ['traceroute -n 10.0.0.1 abc', 'Cannot handle "packetlen" cmdline arg `abc\' on position 2 (argc 3)', 2],
    ['traceroute -n 10.0.0.1 10.0.0.2 7', "Extra arg `7' (position 3, argc 4)", 2],
    ['traceroute -n 10.0.0.1 66000', 'too big packetlen 66000 specified', 2],
  ])('%s', async (line, message, status) => {
    expect(await stage([traceroute]).type('node/node1', line)).toMatchObject({
      stdout: '',
      stderr: `${message}\n`,
      status,
    });
  });

  test('no route', async () => {
    const { screen, status } = await stage([traceroute]).type('router/router', 'traceroute -n 8.8.8.8');
    expect(screen).toBe(
      'traceroute to 8.8.8.8 (8.8.8.8), 30 hops max, 60 byte packets\nconnect: Network is unreachable\n',
    );
    expect(status).toBe(1);
  });

  test('names', async () => {
    expect(await traced(stage([traceroute]), 'traceroute node2', 'node/node1')).toBe(
      'traceroute to node2 (10.0.0.12), 30 hops max, 60 byte packets\n 1  10.0.0.12 (10.0.0.12)  * ms  * ms  * ms\n',
    );
  });

  test('a neighbour that does not answer: !H after three seconds', async () => {
    const lab = stage([traceroute]);
    expect(await traced(lab, 'traceroute -n 10.0.0.99', 'node/node1')).toBe(
      'traceroute to 10.0.0.99 (10.0.0.99), 30 hops max, 60 byte packets\n 1  10.0.0.11  * ms !H  * ms !H  * ms !H\n',
    );
    expect(Math.round(lab.clock.now / 1000)).toBe(3);
  });

  test.each([
    ['net-unreachable', '!N'],
    ['host-unreachable', '!H'],
    ['admin-prohibited', '!X'],
  ] as const)('%s ends the trace with %s', async (error, note) => {
    const lab = stage([traceroute]);
    const reply: ProbeReply = { kind: 'icmp-error', from: ipv4('10.0.0.1'), error, rtt: 0.1 };
    lab.network.udpProbe = () => ({ reply, traces: [] });
    expect(await traced(lab, 'traceroute -n -q 1 10.72.0.1', 'node/node1')).toBe(
      `traceroute to 10.72.0.1 (10.72.0.1), 30 hops max, 60 byte packets\n 1  10.0.0.1  * ms ${note}\n`,
    );
  });
});

describe('time', () => {
  test('sixteen probes at once: thirty silent hops take six waits', async () => {
    const lab = stage([traceroute]);
    lab.network.udpProbe = () => ({ reply: { kind: 'silence' }, traces: [] });
    await traced(lab, 'traceroute -n 10.244.135.40', 'node/node1');
    expect(lab.clock.now).toBe(6 * 5000);
  });

  test('Ctrl-C ends it', async () => {
    const lab = stage([traceroute]);
    lab.network.udpProbe = () => ({ reply: { kind: 'silence' }, traces: [] });
    const { stdout } = await lab.type('node/node1', 'traceroute -n 10.244.135.40', { abortAt: 7000 });
    expect(stdout.split('\n').length).toBe(8);
  });
});
