import { expect, test } from 'vitest';
import { FakeSession, SIGNAL } from '../../test/support/fake-session.ts';
import { parseScript, type LabScript } from '../lab/script.ts';
import { ofStep, runScript, upTo } from './script-run.ts';

function script(text: string): LabScript {
  const parsed = parseScript('s.sh', text);
  if (!parsed.ok) throw new Error('bad script');
  return parsed.value;
}

const THREE = script(
  '#@ step a\none\n#@ step b\n#@ node/node1\ntwo &\n#@ workstation\nthree\n#@ step c\nfour\n',
);

test('parts run in their places; one in the background gets a second to begin', async () => {
  const session = new FakeSession({ exec: (_, line) => `${line}\n` });
  const run = await runScript(THREE, session, SIGNAL);
  expect(session.asked).toEqual([
    'workstation: one',
    'node/node1: two',
    'workstation: sleep 1',
    'workstation: three',
    'workstation: four',
  ]);
  expect(run.ok && run.value.map(({ stdout }) => stdout)).toEqual(['one\n', 'two\n', 'three\n', 'four\n']);
});

test('a command that fails does not stop the script, an engine that fails does', async () => {
  const failing = new FakeSession({ exec: (_, line) => (line === 'one' ? 1 : 0) });
  expect(await runScript(THREE, failing, SIGNAL)).toMatchObject({ ok: true });
  const dying = new FakeSession({ exec: (_, line) => (line === 'three' ? undefined : 0) });
  expect(await runScript(THREE, dying, SIGNAL)).toMatchObject({ ok: false, error: { code: 'down' } });
  expect(dying.asked).not.toContain('workstation: four');
});

test('can be cut at steps', () => {
  const texts = ({ parts }: LabScript): readonly string[] => parts.map(({ text }) => text);
  expect(texts(ofStep(THREE, 'b'))).toEqual(['two &', 'three']);
  expect(texts(upTo(THREE, 'b'))).toEqual(['one', 'two &', 'three']);
  expect(texts(upTo(THREE, 'nowhere'))).toEqual([]);
});
