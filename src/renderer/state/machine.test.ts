import { describe, expect, test } from 'vitest';
import { answers, refuses, StageClock, StageHost } from '../../../test/renderer-harness/stage-host.ts';
import type { Finding, Leftover } from '../../lab/care.ts';
import { Client } from '../client.ts';
import { MachineState } from './machine.svelte.ts';
import { Notices } from './notices.svelte.ts';

const NODE: Finding = { id: 'node', title: 'Node.js', state: 'good', says: 'Node.js 20.20.2 runs this.' };
const DOCKER: Finding = {
  id: 'docker',
  title: 'Docker',
  state: 'limited',
  says: 'No Docker Engine answers on this machine.',
  remedy: 'Start it.',
};
const LEFT: Leftover = { name: 'underlay-a1b2c3-small-00ff', kind: 'idle', containers: 4, size: 3e9 };
const OBSTACLE = { code: 'docker-missing', message: 'No Docker.', remedy: 'Start it.' };

function stage(handlers: StageHost['handlers']): {
  readonly host: StageHost;
  readonly machine: MachineState;
} {
  const host = new StageHost(handlers);
  const client = new Client(host.connect, new StageClock());
  const machine = new MachineState(client, new Notices());
  client.start();
  return { host, machine };
}

describe('looking at the machine', () => {
  test('shows all findings and what is left', async () => {
    const { machine } = stage({
      'care.examine': answers([NODE, DOCKER]),
      'care.leftovers': answers([LEFT]),
    });
    await machine.look();
    expect([machine.findings, machine.leftovers, machine.examining]).toEqual([[NODE, DOCKER], [LEFT], false]);
  });

  test('that is under way is not begun again', async () => {
    const { machine, host } = stage({ 'care.examine': answers([]), 'care.leftovers': answers([]) });
    await Promise.all([machine.look(), machine.look()]);
    expect(host.called('care.examine')).toHaveLength(1);
  });

  test('says nothing of leftovers while no engine answers', async () => {
    const { machine, host } = stage({ 'care.examine': answers([]), 'care.leftovers': answers([LEFT]) });
    await machine.look();
    host.handlers['care.leftovers'] = refuses('internal');
    await machine.look();
    expect(machine.leftovers).toBeUndefined();
  });
});

test('removing a cluster shows what is left after it', async () => {
  const { machine, host } = stage({
    'care.clean': answers(null),
    'care.leftovers': answers([]),
  });
  await machine.clean([LEFT.name]);
  expect([host.called('care.clean'), machine.leftovers]).toEqual([[{ names: [LEFT.name] }], []]);
});

test('what is being removed is known meanwhile, and one removal follows another', async () => {
  let finish = (): void => undefined;
  const removed = new Promise<void>((resolve) => (finish = resolve));
  const { machine, host } = stage({
    'care.examine': answers([]),
    'care.leftovers': answers([LEFT, { ...LEFT, name: 'other', size: 5e8 }]),
    'care.clean': async () => {
      await removed;
      return { ok: true, value: null };
    },
  });
  await machine.look();
  expect([machine.leftBytes, machine.removing]).toEqual([3.5e9, []]);
  const removal = machine.clean([LEFT.name]);
  expect(machine.removing).toEqual([LEFT.name]);
  await machine.clean(['other']);
  finish();
  await removal;
  expect([machine.removing, host.called('care.clean')]).toEqual([[], [{ names: [LEFT.name] }]]);
});

describe('what a lab runs on', () => {
  test('is the simulator where there is no choice', async () => {
    const { machine } = stage({ 'lab.engines': answers([{ engine: 'sim' }] as const) });
    machine.choose('kind');
    await machine.askFor('small');
    expect([machine.chosen, machine.engineFor('small')]).toEqual(['sim', 'sim']);
  });

  test('is the learner’s choice where there is one, for that lab', async () => {
    const { machine } = stage({ 'lab.engines': answers([{ engine: 'sim' }, { engine: 'kind' }] as const) });
    await machine.askFor('small');
    machine.choose('kind');
    expect([machine.engineFor('small'), machine.engineFor('other')]).toEqual(['kind', 'sim']);
  });

  test('falls back when something came into the way', async () => {
    const { machine, host } = stage({
      'lab.engines': answers([{ engine: 'sim' }, { engine: 'kind' }] as const),
    });
    await machine.askFor('small');
    machine.choose('kind');
    host.handlers['lab.engines'] = answers([
      { engine: 'sim' },
      { engine: 'kind', obstacle: OBSTACLE },
    ] as const);
    await machine.askFor('small');
    expect(machine.engineFor('small')).toBe('sim');
  });
});
