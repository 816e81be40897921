/**
 * `nc` holds a connection between two pods while the encapsulation of their pool changes: what is typed meanwhile is sent until
 * it arrives. Timing: tcp_retransmit_timer of the Linux kernel, felix/daemon/daemon.go of Calico v3.32.1.
 */
import { describe, expect, test } from 'vitest';
import { SIGNAL, smallEnvironment } from '../../src/engines/small-lab.contract.ts';
import { SimSession } from '../../src/engines/sim/session.ts';
import { WORKSTATION, type Place } from '../../src/model/place.ts';

async function lab() {
  const opened = await SimSession.open(smallEnvironment(), { belongings: { places: {} }, pace: 'free' });
  if (!opened.ok) throw new Error(opened.error.message);
  const session = opened.value;
  const run = async (place: Place, line: string) => {
    const done = await session.exec(place, ['sh', '-c', line], SIGNAL);
    if (!done.ok) throw new Error(done.error.message);
    return done.value;
  };
  const far = await run(WORKSTATION, `kubectl get pod far -o jsonpath='{.status.podIP}'`);
  return { session, run, far: far.stdout };
}

const NEAR = { kind: 'pod', namespace: 'default', name: 'near' } as const;
const FAR = { kind: 'pod', namespace: 'default', name: 'far' } as const;
const CHANGE = `kubectl patch ippool default-ipv4-ippool --type=merge -p '{"spec":{"ipipMode":"Never","vxlanMode":"Always"}}'`;

describe('a connection that nc holds', () => {
  test('carries each line when it is typed, and lives through a change of the encapsulation', async () => {
    const { session, run, far } = await lab();
    const heard = run(FAR, 'nc -lv 9000');
    const typed = run(
      NEAR,
      `(sleep 1; echo one; sleep 3; echo two; sleep 30; echo three) | nc -N ${far} 9000; echo ended $?`,
    );
    const changed = run(WORKSTATION, `sleep 3; ${CHANGE}`);
    expect((await typed).stdout).toBe('ended 0\n');
    expect((await changed).stdout).toContain('patched');
    const { stdout, stderr } = await heard;
    expect(stdout).toBe('one\ntwo\nthree\n');
    expect(stderr).toMatch(/^Listening on 0\.0\.0\.0 9000\nConnection received on \S+ \d+\n$/);
    await session.dispose();
  });

  test('is given up when nobody has acknowledged for a quarter of an hour', async () => {
    const { session, run, far } = await lab();
    const listening = new AbortController();
    const heard = session.exec(FAR, ['nc', '-l', '9000'], listening.signal);
    const typed = run(
      NEAR,
      `(sleep 1; echo one; sleep 5; date +%s >&2; echo two) | nc ${far} 9000; echo ended $?; date +%s >&2`,
    );
    await run(WORKSTATION, 'sleep 3; kubectl delete pod far --grace-period=0 --force');
    const { stdout, stderr } = await typed;
    expect(stdout).toBe('ended 1\n');
    const [said = 0, ended = 0] = stderr.trim().split('\n').map(Number);
    // 0.2 s, twice that, and so on, two minutes at most, fifteen times.
    expect(ended - said).toBeOneOf([924, 925]);
    listening.abort();
    await heard.catch(() => undefined);
    await session.dispose();
  });
});
