/** What sessions that keep a history owe to labs: run against each engine that has one, with the same small lab. */
import { describe, expect, test } from 'vitest';
import type { HistoryLog } from '../lab/history.ts';
import type { LabEngine, LabSession, SessionSnapshot } from '../lab/ports.ts';
import { formatPlace, WORKSTATION } from '../model/place.ts';
import { openSession, openShell, place, sharedSession, SIGNAL, typed } from './small-lab.contract.ts';

type History = NonNullable<LabSession['history']>;
const historyOf = (of: LabSession): History => {
  if (!of.history) throw new Error('this engine keeps no history');
  return of.history;
};
const taken = async (history: History): Promise<SessionSnapshot> => {
  const snapshot = await history.snapshot(SIGNAL);
  if (!snapshot.ok) throw new Error(snapshot.error.message);
  return snapshot.value;
};
const logOf = async (history: History): Promise<HistoryLog> => {
  const log = await history.log(SIGNAL);
  if (!log.ok) throw new Error(log.error.message);
  return log.value;
};
const names = async (of: LabSession): Promise<unknown> => {
  const asked = ['kubectl', 'get', 'pods', '-o', 'name'];
  return of.exec(WORKSTATION, asked, SIGNAL);
};
const both = { ok: true, value: { exitCode: 0, stdout: 'pod/far\npod/near\n', stderr: '' } };

/** @param makeEngine an engine of the kind under test; the suite resets one session between its tests */
export function labHistoryContract(name: string, makeEngine: () => LabEngine): void {
  describe(`${name}: its history`, () => {
    const { current, at, reach, hurry } = sharedSession(makeEngine);

    test('brings the cluster back, its pods with what was in them; the learner’s files stay', async () => {
      const history = historyOf(current());
      await at('pod/near', 'sh', '-c', 'echo before > /tmp/note');
      await at('workstation', 'sh', '-c', 'echo old > mine.txt');
      const snapshot = await taken(history);
      await at('pod/near', 'sh', '-c', 'echo after > /tmp/note; echo more > /tmp/more');
      await at('workstation', 'sh', '-c', 'echo new > mine.txt');
      await at('node/node1', 'ip', 'link', 'set', 'vxlan.calico', 'down');
      await at('workstation', 'kubectl', 'delete', 'pod', 'far', '--now', '--wait=false');
      await hurry();
      expect(await history.restore(snapshot, SIGNAL)).toEqual({ ok: true, value: undefined });
      expect(await names(current())).toEqual(both);
      expect(current().places().map(formatPlace)).toContain('pod/far');
      expect(await reach('pod/near', { to: place('pod/far'), protocol: 'tcp', port: 80 })).toMatchObject({
        value: { delivered: true },
      });
      expect(await at('pod/near', 'sh', '-c', 'cd /tmp; cat note; ls')).toMatchObject({
        value: { stdout: 'before\nnote\n' },
      });
      expect(await at('workstation', 'cat', 'mine.txt')).toMatchObject({ value: { stdout: 'new\n' } });
    });

    test('goes on in another session of the lab, at the time where it was', async () => {
      const history = historyOf(current());
      await at('workstation', 'kubectl', 'delete', 'pod', 'near', '--now', '--wait=false');
      await at('node/node2', 'ip', 'route', 'add', '192.0.2.0/24', 'via', '10.0.0.1');
      await hurry();
      const snapshot = await taken(history);
      expect(snapshot.elapsed).toBeGreaterThanOrEqual(0);
      const other = await openSession(makeEngine());
      expect(await historyOf(other).restore(snapshot, SIGNAL)).toMatchObject({ ok: true });
      expect(await names(other)).toMatchObject({ value: { stdout: 'pod/far\n' } });
      expect(other.places().map(formatPlace)).not.toContain('pod/near');
      expect(await other.exec(place('node/node2'), ['ip', 'route'], SIGNAL)).toMatchObject({
        value: { stdout: expect.stringContaining('192.0.2.0/24 via 10.0.0.1') as string },
      });
      const again = await taken(historyOf(other));
      expect(again.elapsed).toBeGreaterThanOrEqual(snapshot.elapsed);
      await other.reset(SIGNAL);
      expect(await names(other)).toEqual(both);
      await other.dispose();
    });

    test('leaves terminals as they stand, ends watches, and shows captures what crosses from then on', async () => {
      const history = historyOf(current());
      const snapshot = await taken(history);
      const [stream, screen] = await openShell(current());
      stream.write(typed('here=still; kubectl get pods --watch; echo watch $? $here\r'));
      await screen.until(/near .*Running/);
      const [capture, seen] = await openShell(current(), place('node/node1'));
      capture.write(typed('tcpdump -nn -i eth0 -c 1 icmp\r'));
      await seen.until(/listening on eth0/);
      expect(await history.restore(snapshot, SIGNAL)).toMatchObject({ ok: true });
      await screen.until(/watch 0 still\r\n/);
      await at('node/node1', 'ping', '-c', '1', '10.0.1.13');
      await seen.until(/10\.0\.0\.11 > 10\.0\.1\.13: ICMP echo request/);
    });

    test('refuses what is no snapshot of this lab, says why, and leaves everything as it is', async () => {
      const history = historyOf(current());
      const snapshot = await taken(history);
      await at('workstation', 'kubectl', 'delete', 'pod', 'near', '--now', '--wait=false');
      await hurry();
      const { text } = snapshot;
      for (const broken of ['', '{}', 'null', text.slice(0, -9), text.replace('node1', 'node9'), '[]']) {
        const refused = await history.restore({ ...snapshot, text: broken }, SIGNAL);
        expect(refused, broken.slice(0, 20)).toMatchObject({
          ok: false,
          error: { code: 'snapshot-damaged' },
        });
      }
      expect(await history.restore({ ...snapshot, text: '{"format":99}' }, SIGNAL)).toMatchObject({
        error: { code: 'snapshot-outdated' },
      });
      expect(await names(current())).toMatchObject({ value: { stdout: 'pod/far\n' } });
    });

    test('tells what was done, by whom, and what time brought', async () => {
      const history = historyOf(current());
      const { present } = await logOf(history);
      await at('workstation', 'kubectl', 'label', 'pod', 'near', 'colour=blue', 'note=');
      await at('node/node2', 'ip', 'route', 'add', '192.0.2.0/24', 'via', '10.0.0.1');
      await at('workstation', 'kubectl', 'get', 'pods');
      await hurry();
      const done = await history.log(SIGNAL, present);
      if (!done.ok) throw new Error(done.error.message);
      const { entries } = done.value;
      const commands = entries.filter(({ command }) => command !== undefined);
      expect(commands).toMatchObject([
        {
          place: { kind: 'workstation' },
          command: 'kubectl label pod near colour=blue note=',
          what: 'PATCH /api/v1/namespaces/default/pods/near',
        },
        { place: { kind: 'node', name: 'node2' }, what: 'node/node2: add-route 192.0.2.0/24' },
      ]);
      for (const { line } of commands)
        expect(line).toMatch(/^\d\d:\d\d:\d\d (workstation: kubectl|node\/node2: ip) /);
      expect(entries.at(-1)?.line).toMatch(/^\d\d:\d\d:\d\d time passes/);
      expect(entries.map(({ id }) => id)).toEqual([...entries.map(({ id }) => id)].sort((a, b) => a - b));
    });

    test('goes back to a moment and forward again, pods’ files with it', async () => {
      const history = historyOf(current());
      await at('pod/near', 'sh', '-c', 'echo before > /tmp/note');
      const { present: before } = await logOf(history);
      await at('pod/near', 'sh', '-c', 'echo after > /tmp/note');
      await at('workstation', 'kubectl', 'delete', 'pod', 'far', '--now', '--wait=false');
      await hurry();
      const { present: after } = await logOf(history);
      expect(await history.goTo(before, SIGNAL)).toEqual({ ok: true, value: undefined });
      expect(await names(current())).toEqual(both);
      expect(await at('pod/near', 'cat', '/tmp/note')).toMatchObject({ value: { stdout: 'before\n' } });
      expect(await history.goTo(after, SIGNAL)).toEqual({ ok: true, value: undefined });
      expect(await names(current())).toMatchObject({ value: { stdout: 'pod/near\n' } });
      expect(await at('pod/near', 'cat', '/tmp/note')).toMatchObject({ value: { stdout: 'after\n' } });
      const { entries } = await logOf(history);
      expect(entries.map(({ id }) => id)).toEqual(expect.arrayContaining([before, after]));
      expect(await history.goTo(99_999, SIGNAL)).toMatchObject({ error: { code: 'no-such-moment' } });
    });

    test('tells what differs between two moments', async () => {
      const history = historyOf(current());
      const { present: before } = await logOf(history);
      await at('workstation', 'kubectl', 'label', 'pod', 'near', 'colour=blue');
      await at('node/node2', 'ip', 'route', 'add', '192.0.2.0/24', 'via', '10.0.0.1');
      const { present: after } = await logOf(history);
      const differs = await history.diff(before, after, SIGNAL);
      if (!differs.ok) throw new Error(differs.error.message);
      const near = differs.value.objects.find(({ name: named }) => named === 'near');
      expect(near).toMatchObject({ change: 'changed', resource: 'pods', namespace: 'default' });
      expect(near?.fields).toContainEqual({ path: 'metadata.labels.colour', after: 'blue' });
      const route = differs.value.rows.find(({ key }) => key === '192.0.2.0/24');
      expect(route).toMatchObject({
        change: 'added',
        netns: 'node/node2',
        table: 'routes',
        after: { destination: '192.0.2.0/24', via: '10.0.0.1', device: 'eth0' },
      });
      const none = { ok: true, value: { objects: [], rows: [], memory: [] } };
      expect(await history.diff(before, before, SIGNAL)).toEqual(none);
      expect(await history.diff(0, after, SIGNAL)).toMatchObject({ error: { code: 'no-such-moment' } });
    });

    test('forks: two labs that do not touch each other, from the present and from a moment', async () => {
      const history = historyOf(current());
      await at('pod/near', 'sh', '-c', 'echo kept > /tmp/note');
      const { present: early } = await logOf(history);
      await at('workstation', 'kubectl', 'delete', 'pod', 'far', '--now', '--wait=false');
      await hurry();
      const [now, then] = [await history.fork(SIGNAL), await history.fork(SIGNAL, early)];
      if (!now.ok || !then.ok) throw new Error('there is no fork');
      expect(await names(now.value)).toMatchObject({ value: { stdout: 'pod/near\n' } });
      expect(await names(then.value)).toEqual(both);
      const note = await then.value.exec(place('pod/near'), ['cat', '/tmp/note'], SIGNAL);
      expect(note).toMatchObject({ value: { stdout: 'kept\n' } });

      await then.value.exec(WORKSTATION, ['kubectl', 'create', 'namespace', 'elsewhere'], SIGNAL);
      await then.value.exec(WORKSTATION, ['sh', '-c', 'echo theirs > theirs.txt'], SIGNAL);
      const asked = ['kubectl', 'get', 'namespace', 'elsewhere'];
      expect(await current().exec(WORKSTATION, asked, SIGNAL)).toMatchObject({ value: { exitCode: 1 } });
      expect(await now.value.exec(WORKSTATION, asked, SIGNAL)).toMatchObject({ value: { exitCode: 1 } });
      expect(await at('workstation', 'test', '-e', 'theirs.txt')).toMatchObject({ value: { exitCode: 1 } });
      await now.value.dispose();
      expect(await names(then.value)).toEqual(both);
      await then.value.reset(SIGNAL);
      expect(await names(then.value)).toEqual(both);
      await then.value.dispose();
      expect(await names(current())).toMatchObject({ value: { stdout: 'pod/near\n' } });
      expect(await history.fork(SIGNAL, 99_999)).toMatchObject({ error: { code: 'no-such-moment' } });
    });

    test('tells when there is something to keep', async () => {
      const history = historyOf(current());
      const changed = new Promise<void>((resolve) => void history.onChange(resolve));
      await at('workstation', 'kubectl', 'create', 'namespace', 'elsewhere');
      await changed;
      const typing = new Promise<void>((resolve) => void history.onChange(resolve));
      const [stream] = await openShell(current());
      stream.write(typed('#'));
      await typing;
    });
  });
}
