import { describe, expect, test } from 'vitest';
import { LeapingTimers } from '../../../test/support/timers.ts';
import type { LabEngine } from '../../lab/ports.ts';
import { WORKSTATION } from '../../model/place.ts';
import { labFaultsContract } from '../lab-faults.contract.ts';
import { labCaptureContract } from '../lab-capture.contract.ts';
import { labClockContract } from '../lab-clock.contract.ts';
import { labHistoryContract } from '../lab-history.contract.ts';
import { labSessionContract } from '../lab-session.contract.ts';
import { openSession, openShell, place, SIGNAL, smallEnvironment } from '../small-lab.contract.ts';
import { freeRunningSimEngine } from './free-running-engine.ts';
import { SimSession } from './session.ts';

/** A learner's session, whose seconds pass as fast as the machine can. */
function liveEngine(): LabEngine {
  return {
    id: 'sim',
    preflight: () => Promise.resolve(undefined),
    open: (environment, { belongings = { places: {} } }) =>
      SimSession.open(environment, { belongings, pace: 'live', timers: new LeapingTimers() }),
  };
}

labSessionContract('a session whose time runs free', freeRunningSimEngine);
labSessionContract('a session at wall speed', liveEngine);
labFaultsContract('a session whose time runs free', freeRunningSimEngine);
labHistoryContract('a session whose time runs free', freeRunningSimEngine);
labCaptureContract('a session whose time runs free', freeRunningSimEngine);
labClockContract('a session whose time runs free', freeRunningSimEngine);
labHistoryContract('a session at wall speed', liveEngine);
labCaptureContract('a session at wall speed', liveEngine);
labClockContract('a session at wall speed', liveEngine);

describe.each([
  ['free', freeRunningSimEngine],
  ['live', liveEngine],
])('time in a session (%s)', (_, engine) => {
  test('passes while a command waits', async () => {
    const session = await openSession(engine());
    const seconds = async (): Promise<number> => {
      const asked = await session.exec(WORKSTATION, ['date', '+%s'], SIGNAL);
      return asked.ok ? Number(asked.value.stdout) : Number.NaN;
    };
    const before = await seconds();
    await session.exec(WORKSTATION, ['sleep', '3600'], SIGNAL);
    expect((await seconds()) - before).toBeGreaterThanOrEqual(3600);
    expect((await seconds()) - before).toBeLessThan(3605);
    await session.dispose();
  });
});

describe('preflight', () => {
  test('finds nothing against any lab: the simulator needs nothing', async () => {
    expect(await freeRunningSimEngine().preflight(smallEnvironment())).toBeUndefined();
  });
});

describe('a start state that cannot be built', () => {
  const opened = (text: string, file = '30-more.yaml') => {
    const environment = smallEnvironment();
    const start = [...environment.start, { file, text }];
    return freeRunningSimEngine().open({ ...environment, start }, { signal: SIGNAL });
  };

  test.each([
    [
      'an object the API refuses',
      'apiVersion: v1\nkind: Pod\nmetadata: { name: x }\nspec: { containers: [] }\n',
      '30-more.yaml: The Pod "x" is invalid: spec.containers: Required value',
    ],
    [
      'a kind nobody knows',
      'apiVersion: v1\nkind: Pot\nmetadata: { name: x }\n',
      '30-more.yaml: error: resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "Pot" in version "v1"',
    ],
    [
      'a pool that Calico refuses',
      'apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: { name: x }\nspec: { cidr: 10.250.0.0/30 }\n',
      '30-more.yaml: ',
    ],
  ])('is told by the message of the tool: %s', async (_, text, message) => {
    expect(await opened(text)).toEqual({
      ok: false,
      error: {
        code: 'lab-start-failed',
        message: expect.stringContaining(message) as string,
        remedy: 'This is a fault of the lab, not yours; please report it.',
      },
    });
  });
});

test('a lab that is given up while it is built is not opened', async () => {
  const opened = await freeRunningSimEngine().open(smallEnvironment(), { signal: AbortSignal.abort() });
  expect(opened).toMatchObject({ ok: false, error: { code: 'interrupted' } });
});

describe('belongings', () => {
  test('are files and history that the learner made, and a new session puts them back', async () => {
    const first = await openSession(freeRunningSimEngine());
    const [stream, screen] = await openShell(first);
    stream.write(new TextEncoder().encode('echo mine > own.txt\r'));
    await screen.until(/own\.txt\r\n.*\$ $/);
    await first.exec(place('node/node1'), ['sh', '-c', 'echo here > there.txt'], SIGNAL);
    await first.exec(place('pod/near'), ['sh', '-c', 'echo gone > gone.txt'], SIGNAL);
    const kept = first.belongings();
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    expect(kept).toEqual({
      places: {
        workstation: {
          files: { '/home/learner/own.txt': base64('mine\n') },
          history: ['echo mine > own.txt'],
        },
        'node/node1': { files: { '/root/there.txt': base64('here\n') }, history: [] },
      },
    });
    await first.dispose();

    const second = await openSession(freeRunningSimEngine(), kept);
    const read = await second.exec(WORKSTATION, ['cat', 'own.txt', 'notes.txt'], SIGNAL);
    expect(read).toMatchObject({ value: { stdout: 'mine\nRead me.\n' } });
    const [again, shown] = await openShell(second);
    again.write(new TextEncoder().encode('\u001b[A'));
    await shown.until(/echo mine > own\.txt$/);
    expect(second.belongings()).toEqual(kept);
    await second.dispose();
  });
});
