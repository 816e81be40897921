import { describe, expect, test } from 'vitest';
import { NO_NETFILTER } from '../../net/netfilter-rules.ts';
import { stage, type Stage } from '../network/stage.contract.ts';
import { iptables } from './iptables.ts';
import { iptablesRestore } from './restore.ts';

/** A router without rules; the text of a restore comes from a file. */
function router(): Stage {
  const lab = stage([iptables, iptablesRestore]);
  const netns = lab.network.stacks.get('router/router');
  if (!netns) throw new Error('no router');
  lab.network.stacks.set('router/router', { ...netns, netfilter: NO_NETFILTER });
  return lab;
}

async function restore(
  lab: Stage,
  text: string,
  flags = '',
): Promise<{ readonly stderr: string; readonly status: number }> {
  lab.files.set('/root/rules', new TextEncoder().encode(text));
  const { stderr, status } = await lab.type('router/router', `iptables-restore${flags} rules`);
  return { stderr, status };
}

const rules = async (lab: Stage, table = 'filter'): Promise<readonly string[]> =>
  (await lab.type('router/router', `iptables -t ${table} -S`)).stdout.trimEnd().split('\n');

const DONE = { stderr: '', status: 0 };
const BASE = ['-P INPUT ACCEPT', '-P FORWARD ACCEPT', '-P OUTPUT ACCEPT'];

// Provenance: iptables-restore 1.8.9 (nf_tables) in a network namespace.
describe('iptables-restore', () => {
  test('with -n adds to what is there; without it begins anew', async () => {
    const lab = router();
    await lab.type('router/router', 'iptables -N bar');
    const text =
      '*filter\n:INPUT ACCEPT [0:0]\n:my - [0:0]\n-A INPUT -j my\n-A my -s 1.2.3.4/32 -j DROP\nCOMMIT\n';
    expect(await restore(lab, text, ' -n')).toEqual(DONE);
    expect(await rules(lab)).toEqual([
      ...BASE,
      '-N bar',
      '-N my',
      '-A INPUT -j my',
      '-A my -s 1.2.3.4/32 -j DROP',
    ]);
    const anew =
      '*filter\n:INPUT DROP [3:4]\n[5:6] -A INPUT -s 1.1.1.1 -m comment --comment "a b" -j ACCEPT\nCOMMIT\n';
    expect(await restore(lab, anew)).toEqual(DONE);
    expect(await rules(lab)).toEqual([
      '-P INPUT DROP',
      ...BASE.slice(1),
      '-A INPUT -s 1.1.1.1/32 -m comment --comment "a b" -j ACCEPT',
    ]);
  });

  test('with -t only reads', async () => {
    const lab = router();
    expect(await restore(lab, '*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n', ' -t -n')).toEqual(DONE);
    expect(await rules(lab, 'nat')).toHaveLength(4);
  });

  const TRY = "Try `iptables-restore -h' or 'iptables-restore --help' for more information.\n";

  test.each([
    [
      '*filter\n-A INPUT -j nosuch\nCOMMIT\n',
      `iptables-restore v1.8.9 (nf_tables): Chain 'nosuch' does not exist\nError occurred at line: 3\n${TRY}`,
      2,
    ],
    [
      '*filter\n-A NOPE -j ACCEPT\nCOMMIT\n',
      'iptables-restore: line 2 failed: No chain/target/match by that name.\n',
      1,
    ],
    [
      '*nosuch\nCOMMIT\n',
      `iptables-restore v1.8.9 (nf_tables): iptables-restore: line 1 table name 'nosuch' invalid\nError occurred at line: 1\n${TRY}`,
      2,
    ],
    ['*filter\n-A INPUT -j ACCEPT\n', 'iptables-restore: COMMIT expected at line 3\n', 1],
    ['garbage\n', 'iptables-restore: line 1 failed\n', 1],
    ['*filter\ngarbage\nCOMMIT\n', `Bad argument \`garbage'\nError occurred at line: 2\n${TRY}`, 2],
    ['*filter\n:INPUT NOPE [0:0]\nCOMMIT\n', 'iptables-restore: line 2 failed: Bad policy name.\n', 1],
  ])('%j is refused, and nothing of its table counts', async (text, stderr, status) => {
    const lab = router();
    expect(await restore(lab, text, ' -n')).toEqual({ stderr, status });
    expect(await rules(lab)).toEqual(BASE);
  });
});

// Provenance: iptables 1.8.9 (nf_tables) in a network namespace.
test('a chain gets another name, and the rules that jump to it follow', async () => {
  const lab = router();
  const type = async (line: string): Promise<string> => (await lab.type('router/router', line)).stderr;
  await type('iptables -N foo');
  await type('iptables -N bar');
  expect(await type('iptables -E foo bar')).toBe('iptables: File exists.\n');
  expect(await type('iptables -E nope other')).toBe('iptables: No chain/target/match by that name.\n');
  await type('iptables -A FORWARD -j foo');
  expect(await type('iptables -E foo qux')).toBe('');
  expect(await rules(lab)).toEqual([...BASE, '-N bar', '-N qux', '-A FORWARD -j qux']);
  expect(await type('iptables -Z nope')).toBe('iptables: No chain/target/match by that name.\n');
});
