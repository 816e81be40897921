/** `kubectl edit` with scripted editors, on a shell that has a cluster. Wordings: k8s.io/kubectl v0.35, editoptions.go. */
import { expect, test } from 'vitest';
import { labShell, say } from '../../../../test/shell/lab.ts';
import { utf8, utf8Text } from '../../../base/bytes.ts';
import type { Command } from '../command.ts';
import { kubectl } from './kubectl.ts';
import { shopLab, type KubectlLab } from './lab.contract.ts';

type Editor = (text: string) => string;

/** Types a line at a shell whose `vi` answers each opening by the next function, and fails when there is none. */
async function edit(
  lab: KubectlLab,
  line: string,
  editors: readonly Editor[],
): Promise<{ readonly code: number; readonly output: string; readonly seen: readonly string[] }> {
  const seen: string[] = [];
  const queue = [...editors];
  const onCluster: Command = {
    ...kubectl,
    run: (io) => {
      const cluster = {
        request: lab.request.bind(lab),
        watch: lab.watchFor.bind(lab),
      };
      return kubectl.run({ ...io, files: lab.files, cluster });
    },
  };
  const editor: Command = {
    name: 'vi',
    summary: 'answers from a list',
    places: ['workstation'],
    run: (io) => {
      const path = io.args.at(-1) ?? '';
      const text = utf8Text(lab.files.read(path) ?? new Uint8Array());
      seen.push(text);
      const next = queue.shift();
      if (next !== undefined) lab.files.write(path, utf8(next(text)));
      return Promise.resolve(next === undefined ? 1 : 0);
    },
  };
  lab.files.mkdir('/tmp', { parents: true });
  const { status, output } = await say(labShell({ commands: [onCluster, editor] }), line);
  return { code: status, output, seen };
}

const keep: Editor = (text) => text;

test('an unchanged file changes nothing, also with other comments and layout', async () => {
  const lab = await shopLab();
  const same = await edit(lab, 'kubectl edit deploy/web', [(text) => `# mine\n${text}\n`]);
  expect(same).toMatchObject({ code: 0, output: 'Edit cancelled, no changes made.\n' });
  expect(same.seen[0]?.split('\n').slice(0, 6)).toEqual([
    "# Please edit the object below. Lines beginning with a '#' will be ignored,",
    '# and an empty file will abort the edit. If an error occurs while saving this file will be',
    '# reopened with the relevant failures.',
    '#',
    'apiVersion: apps/v1',
    'kind: Deployment',
  ]);
  expect(await edit(lab, 'kubectl edit deploy/web', [() => '# nothing\n'])).toMatchObject({
    code: 0,
    output: 'Edit cancelled, saved file was empty.\n',
  });
  expect(lab.files.list('/tmp') ?? []).toEqual([]);
});

test('a change is sent as a patch of what was changed', async () => {
  const lab = await shopLab();
  const done = await edit(lab, 'kubectl edit deploy/web --output-patch', [
    (text) => text.replace(/replicas: \d+/, 'replicas: 5'),
  ]);
  expect(done).toMatchObject({
    code: 0,
    output: 'Patch: {"spec":{"replicas":5}}\ndeployment.apps/web edited\n',
  });
});

test('what does not parse, and what is not valid, opens the editor again with the reason', async () => {
  const lab = await shopLab();
  const done = await edit(lab, 'kubectl edit deploy/web', [
    (text) => text.replace('kind: Deployment', 'kind: {Deployment'),
    (text) => text.replace('kind: {Deployment', 'kind: Deployment').replace(/replicas: \d+/, 'replicas: -1'),
    (text) => text.replace('replicas: -1', 'replicas: 4'),
  ]);
  expect(done.seen[1]).toMatch(
    /^# Please [^]*\n#\n# The edited file had a syntax error: error parsing edited-file: error converting YAML to JSON: yaml: [^\n]+\n#\napiVersion/,
  );
  expect(done.seen[2]).toContain(
    '#\n# deployments.apps "web" was not valid:\n# * spec.replicas: Invalid value: -1: must be greater than or equal to 0\n#\napiVersion',
  );
  expect(done.output).toBe('error: deployments.apps "web" is invalid\ndeployment.apps/web edited\n');
  expect(done.code).toBe(0);
});

test('giving up on an invalid change keeps the text', async () => {
  const lab = await shopLab();
  const done = await edit(lab, 'kubectl edit deploy/web', [
    (text) => text.replace(/replicas: \d+/, 'replicas: -1'),
    keep,
  ]);
  expect(done.code).toBe(1);
  expect(done.output).toMatch(
    /^error: deployments\.apps "web" is invalid\nA copy of your changes has been stored to "\/tmp\/kubectl-edit-[a-z0-9]{5}\.yaml"\nerror: Edit cancelled, no valid changes were saved\.\n$/,
  );
  const [path = ''] = /\/tmp\/[^"]+/.exec(done.output) ?? [];
  expect(utf8Text(lab.files.read(path) ?? new Uint8Array())).toContain('replicas: -1');
});

test('a renamed object is refused, and so is an editor that fails', async () => {
  const lab = await shopLab();
  const renamed = await edit(lab, 'kubectl edit svc/web', [
    (text) => text.replace(/^ {2}name: web$/m, '  name: other'),
  ]);
  expect(renamed.code).toBe(1);
  expect(renamed.output).toMatch(
    /^A copy of your changes [^\n]+\nerror: At least one of apiVersion, kind and name was changed\n$/,
  );
  expect(await edit(lab, 'kubectl edit svc/web', [])).toMatchObject({
    code: 1,
    output: 'error: there was a problem with the editor "vi"\n',
  });
});

test('the editor comes from the environment, with its words, and must exist', async () => {
  const lab = await shopLab();
  const named = await edit(lab, "KUBE_EDITOR='vi -c x' kubectl edit svc/web", [keep]);
  expect(named).toMatchObject({ code: 0, output: 'Edit cancelled, no changes made.\n' });
  expect(await edit(lab, 'EDITOR=emacs kubectl edit svc/web', [])).toMatchObject({
    code: 1,
    output: 'error: unable to launch the editor "emacs"\n',
  });
});

test('JSON has no header, and several objects come as a list', async () => {
  const lab = await shopLab();
  const json = await edit(lab, 'kubectl edit svc/web -o json', [keep]);
  expect(json.seen[0]?.startsWith('{\n    "apiVersion": "v1",')).toBe(true);
  const list = await edit(lab, 'kubectl edit svc/web deploy/web', [
    (text) => text.replace(/replicas: \d+/, 'replicas: 3'),
  ]);
  expect(list.seen[0]).toContain('#\napiVersion: v1\nitems:\n- apiVersion: v1\n');
  expect(list.output).toBe('service/web skipped\ndeployment.apps/web edited\n');
});
