/** What stands between a proof and an engine whose clusters take minutes to make. */
import { expect, test } from 'vitest';
import { FakeSession, SIGNAL } from '../../../test/support/fake-session.ts';
import { ok } from '../../base/result.ts';
import type { LabEngine, LabEnvironment } from '../../lab/ports.ts';
import { ReusedLab } from './lab-trials-kind.ts';

function used(): { readonly lab: ReusedLab; readonly session: FakeSession; readonly opened: () => number } {
  const session = new FakeSession();
  const environment: LabEnvironment = {
    id: 'small',
    topology: session.topology(),
    calico: { install: 'manifest', pools: 'user' },
    start: [],
    files: [{ path: 'pods.yaml', text: 'kind: Pod\n' }],
  };
  let opened = 0;
  const engine: LabEngine = {
    id: 'kind',
    preflight: () => Promise.resolve(undefined),
    open: () => {
      opened += 1;
      return Promise.resolve(ok(session));
    },
  };
  const lab = new ReusedLab(engine, environment, { signal: SIGNAL, onProgress: () => undefined });
  return { lab, session, opened: () => opened };
}

test('one cluster serves all sessions; each but the first begins with a reset and without files of the one before', async () => {
  const { lab, session, opened } = used();
  const first = await lab.open();
  session.holdings = { places: { 'node/node1': { files: { '/root/a.pcap': '' }, history: [] } } };
  if (first.ok) await first.value.dispose();
  expect([opened(), session.resets, session.status.state]).toEqual([1, 0, 'ready']);
  await lab.open();
  expect([opened(), session.resets]).toEqual([1, 1]);
  expect(session.asked).toEqual(['node/node1: rm -f -- /root/a.pcap', 'workstation: printf %s "$2" > "$1"']);
  await lab.end();
  expect(session.status.state).toBe('disposed');
});
