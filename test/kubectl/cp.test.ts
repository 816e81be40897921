/** The in-app `kubectl cp` in a lab with real files on both sides: its pods' own programs read and write them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SIGNAL, smallEnvironment } from '../../src/engines/small-lab.contract.ts';
import { SimSession } from '../../src/engines/sim/session.ts';
import { WORKSTATION } from '../../src/model/place.ts';

let session: SimSession;

beforeAll(async () => {
  const opened = await SimSession.open(smallEnvironment(), { belongings: { places: {} }, pace: 'free' });
  if (!opened.ok) throw new Error(opened.error.message);
  session = opened.value;
});
afterAll(() => session.dispose());

async function sh(line: string): Promise<readonly [number, string, string]> {
  const done = await session.exec(WORKSTATION, ['sh', '-c', line], SIGNAL);
  if (!done.ok) throw new Error(done.error.message);
  return [done.value.exitCode, done.value.stdout, done.value.stderr];
}

test('a file goes in and comes out', async () => {
  await sh("printf 'one\\ntwo' > note.txt");
  expect(await sh('kubectl cp note.txt near:/tmp/other.txt')).toEqual([0, '', '']);
  expect(await sh('kubectl exec near -- cat /tmp/other.txt')).toEqual([0, 'one\ntwo', '']);
  expect(
    await sh('kubectl cp default/near:/tmp/other.txt deep/down/back.txt && cat deep/down/back.txt'),
  ).toEqual([0, 'one\ntwo', "tar: Removing leading `/' from member names\n"]);
});

test('into a directory the name is kept; a directory takes its files along', async () => {
  await sh('mkdir -p site/css && echo page > site/index.html && echo blue > site/css/a.css');
  expect(await sh('kubectl cp site near:/tmp')).toEqual([0, '', '']);
  expect(await sh('kubectl exec near -- cat /tmp/site/index.html /tmp/site/css/a.css')).toEqual([
    0,
    'page\nblue\n',
    '',
  ]);
  expect((await sh('kubectl cp near:/tmp/site copy && cat copy/index.html copy/css/a.css'))[1]).toBe(
    'page\nblue\n',
  );
});

// Provenance: the sentences of kubectl are compared in in-app-lines.ts; those of tar are GNU tar 1.34's.
test.each([
  [
    'kubectl cp note.txt near:/nope/x',
    2,
    'tar: /nope: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now\ncommand terminated with exit code 2\n',
  ],
  [
    'kubectl cp near:/nope x',
    2,
    'tar: /nope: Cannot stat: No such file or directory\ntar: Exiting with failure status due to previous errors\ncommand terminated with exit code 2\n',
  ],
  ['kubectl cp note.txt nope:/x', 1, 'Error from server (NotFound): pods "nope" not found\n'],
  [
    'kubectl cp near:/etc/hosts .',
    1,
    "tar: Removing leading `/' from member names\nerror: open .: is a directory\n",
  ],
  [
    'kubectl cp -c nope note.txt near:/x',
    1,
    'Error from server (BadRequest): container nope is not valid for pod near\n',
  ],
])('%s is refused', async (line, code, stderr) => {
  await sh("printf 'one\\ntwo' > note.txt");
  expect(await sh(line)).toEqual([code, '', stderr]);
});
