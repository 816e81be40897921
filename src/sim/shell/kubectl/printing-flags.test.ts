import { beforeAll, describe, expect, test } from 'vitest';
import { shopLab, type KubectlLab } from './lab.contract.ts';
import { REFUSED_EVERYWHERE } from './refused-flags.ts';

let lab: KubectlLab;
const type = (line: string): ReturnType<KubectlLab['type']> => lab.type(line);

beforeAll(async () => {
  lab = await shopLab();
});

describe('managed fields', () => {
  test.each(['yaml', 'json'])('are hidden in %s until they are asked for', async (format) => {
    expect((await type(`get cm site -o ${format}`)).stdout).not.toContain('managedFields');
    expect((await type(`get cm site -o ${format} --show-managed-fields`)).stdout).toContain('managedFields');
    expect((await type(`get cm -o ${format}`)).stdout).not.toContain('managedFields');
  });

  test('are there for templates, under the name that --field-manager gives', async () => {
    await type('annotate cm site note=x --field-manager=me');
    expect((await type('get cm site -o jsonpath={.metadata.managedFields[*].manager}')).stdout).toContain(
      'me',
    );
  });
});

describe('missing template keys', () => {
  test('print nothing, or <no value>, unless they are refused', async () => {
    expect(await type('get cm site -o jsonpath={.nope}')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await type('get cm site -o go-template={{.nope}}')).stdout).toBe('<no value>');
    const strict = '--allow-missing-template-keys=false';
    const path = await type(`get cm site -o jsonpath={.nope} ${strict}`);
    expect([path.code, path.stderr.split('. Printing')[0]]).toEqual([
      1,
      'error: error executing jsonpath "{.nope}": Error executing template: nope is not found',
    ]);
    const template = await type(`get cm site -o go-template={{.nope}} ${strict}`);
    expect([template.code, template.stderr]).toEqual([
      1,
      'error: error executing template "{{.nope}}": template: output:1: map has no entry for key "nope"\n',
    ]);
    expect((await type(`get cm site -o jsonpath={.data.colour} ${strict}`)).stdout).toBe('blue');
  });
});

describe('get --raw', () => {
  test('prints the answer as it comes', async () => {
    expect(JSON.parse((await type('get --raw /api/v1/nodes?limit=1')).stdout)).toMatchObject({
      kind: 'NodeList',
    });
    expect((await type('get --raw /api/v1/namespaces/default/pods/nope')).stderr).toBe(
      'Error from server (NotFound): pods "nope" not found\n',
    );
  });
});

// Provenance: printScale of k8s.io/kubernetes pkg/printers/internalversion.
test('get --subresource shows that part', async () => {
  const { stdout } = await type('get deploy web --subresource=scale');
  expect(stdout).toMatch(/^NAME {3}DESIRED {3}AVAILABLE {3}AGE\nweb {4}2 {9}2 {11}\d+s\n$/);
  expect((await type('get deploy web --subresource=status')).stdout).toBe(
    (await type('get deploy web')).stdout,
  );
});

describe('refused flags', () => {
  test.each([
    ['apply -k .', 'kubectl apply --kustomize is not simulated here: write the manifests out and use -f.'],
    [
      'get pods --as=bob --as-group=ops',
      'kubectl get --as-group is not simulated here: the server knows users by name alone; use --as.',
    ],
    [
      '--token x get pods',
      'kubectl get --token is not simulated here: nobody has to log in to this lab; use --as to speak as somebody else.',
    ],
    [
      'label cm site a=b --local',
      'kubectl label --local is not simulated here: objects are always read from the server; use --dry-run=client where nothing may change.',
    ],
  ])('%s says why', async (line, sentence) => {
    expect(await type(line)).toEqual({ code: 1, stdout: '', stderr: `error: ${sentence}\n` });
  });

  test('pass at their initial values', async () => {
    expect((await type('label cm site a=b --local=false --dry-run=client -v=0')).code).toBe(0);
  });

  test('are not in the help', async () => {
    const { stdout } = await type('options');
    for (const { name } of REFUSED_EVERYWHERE) expect(stdout).not.toContain(`--${name}=`);
  });
});
