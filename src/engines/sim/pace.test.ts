import { beforeEach, describe, expect, test } from 'vitest';
import { HandTimers } from '../../../test/support/timers.ts';
import { Simulator, type TextTools } from '../../sim/index.ts';
import { smallEnvironment } from '../small-lab.contract.ts';
import { hostTurn } from './host-clock.ts';
import { FreePace, LivePace } from './pace.ts';

let simulator: Simulator;
let woken: string[];

beforeEach(() => {
  const { topology } = smallEnvironment();
  simulator = new Simulator({ topology, seed: 1, epoch: 0, defaultPool: true });
  simulator.settle(60_000);
  woken = [];
});

/** A program that waits and then says its name. */
const sleeper = async (name: string, milliseconds: number): Promise<void> => {
  await simulator.clock.sleep(milliseconds);
  woken.push(name);
};

describe('at wall speed', () => {
  let timers: HandTimers;
  let pace: LivePace;

  beforeEach(() => {
    timers = new HandTimers();
    pace = new LivePace(simulator, timers);
  });

  test('a virtual second takes a second', () => {
    const began = simulator.now;
    timers.pass(1_234);
    pace.catchUp();
    expect(simulator.now - began).toBe(1_234);
  });

  test('it wakes in time for a sleep, not a timer later', async () => {
    void sleeper('first', 250);
    expect(timers.next).toBeLessThanOrEqual(250);
    timers.pass(249);
    await hostTurn();
    expect(woken).toEqual([]);
    timers.pass(1);
    await hostTurn();
    expect(woken).toEqual(['first']);
  });

  test('a sleep that begins later and ends earlier brings the waking forward', async () => {
    void sleeper('long', 900);
    timers.pass(100);
    void sleeper('short', 50);
    expect(timers.next).toBeLessThanOrEqual(50);
    timers.pass(50);
    await hostTurn();
    expect(woken).toEqual(['short']);
    timers.pass(750);
    await hostTurn();
    expect(woken).toEqual(['short', 'long']);
  });

  test('without anything to wait for it still comes by every second', () => {
    const began = simulator.now;
    timers.pass(10_000);
    expect(simulator.now - began).toBeGreaterThanOrEqual(9_000);
  });

  test('time never goes back, whoever has run ahead', () => {
    simulator.advanceTo(simulator.now + 5_000);
    const ahead = simulator.now;
    timers.pass(1_000);
    pace.catchUp();
    expect(simulator.now).toBe(ahead);
    timers.pass(4_500);
    pace.catchUp();
    expect(simulator.now).toBe(ahead + 500);
  });

  test('goes on from where the clock was set to', () => {
    const kept = simulator.world;
    timers.pass(60_000);
    pace.catchUp();
    simulator.restore(kept);
    pace.rebase();
    pace.catchUp();
    expect(simulator.now).toBe(kept.cluster.now);
    expect(timers.waiting.size).toBe(1);
    timers.pass(1_500);
    pace.catchUp();
    expect(simulator.now).toBe(kept.cluster.now + 1_500);
  });

  test('one timer waits at a time, and none after the end', () => {
    void sleeper('a', 500);
    void sleeper('b', 300);
    void sleeper('c', 700);
    expect(timers.waiting.size).toBe(1);
    pace.dispose();
    expect(timers.waiting.size).toBe(0);
    simulator.advanceTo(simulator.now + 1);
    expect(timers.waiting.size).toBe(0);
  });
});

describe('free', () => {
  let pace: FreePace;

  beforeEach(() => {
    pace = new FreePace(simulator, hostTurn);
  });

  test('an hour passes at once while work waits for it', async () => {
    const began = simulator.now;
    await pace.during(sleeper('hour', 3_600_000));
    expect(woken).toEqual(['hour']);
    expect(simulator.now - began).toBe(3_600_000);
  });

  test('background work goes on during the work in front, and stands still with it', async () => {
    const background = Promise.all([sleeper('early', 1_000), sleeper('late', 10_000)]);
    await pace.during(sleeper('front', 5_000));
    expect(woken).toEqual(['early', 'front']);
    await hostTurn();
    await hostTurn();
    expect(woken).toEqual(['early', 'front']);
    await pace.during(background);
    expect(woken).toEqual(['early', 'front', 'late']);
  });

  test('two works at once share one time', async () => {
    const began = simulator.now;
    await Promise.all([pace.during(sleeper('b', 2_000)), pace.during(sleeper('a', 1_000))]);
    expect(woken).toEqual(['a', 'b']);
    expect(simulator.now - began).toBe(2_000);
  });

  test('time stands still while a text tool computes', async () => {
    let finish: () => void = () => undefined;
    const computing = new Promise<void>((resolve) => (finish = resolve));
    const tools: TextTools = {
      names: ['slow'],
      run: async () => {
        await computing;
        return { stdout: new Uint8Array(), stderr: '', exitCode: 0 };
      },
    };
    const { signal } = new AbortController();
    const request = {
      args: [],
      stdin: new Uint8Array(),
      env: new Map<string, string>(),
      cwd: '/',
      files: undefined as never,
      signal,
    };
    const began = simulator.now;
    const asleep = sleeper('asleep', 1_000);
    const work = pace.during(Promise.all([pace.watched(tools).run('slow', request), asleep]));
    for (let turn = 0; turn < 10; turn += 1) await hostTurn();
    expect(simulator.now).toBe(began);
    finish();
    await work;
    expect(woken).toEqual(['asleep']);
    expect(simulator.now - began).toBe(1_000);
  });

  test('it hands over the result of the work, and its failure', async () => {
    expect(await pace.during(Promise.resolve(7))).toBe(7);
    await expect(pace.during(Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });
});
