/**
 * kubectl apply, create and the commands that change objects, against the simulator's API server.
 * Outputs marked "compared" were compared, line by line, with kubectl v1.32.4 talking to that same server over HTTP; where
 * v1.35 words something differently (`deleted from ... namespace`, port names and event paths in describe) its source decided.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import created from './fixtures/create.golden.json' with { type: 'json' };
import { shopLab, SHOP, type KubectlLab } from './lab.contract.ts';

let lab: KubectlLab;

const type = (line: string, stdin = '') => lab.type(line, stdin);

beforeAll(async () => {
  lab = await shopLab();
});

describe('apply', () => {
  test('unchanged, configured, and back', async () => {
    expect((await type('apply -f shop.yaml')).stdout).toBe(
      'deployment.apps/web unchanged\nservice/web unchanged\nconfigmap/site unchanged\n',
    );
    const changed = SHOP.replace('colour: blue', 'colour: red');
    expect((await type('apply -f -', changed)).stdout).toBe(
      'deployment.apps/web unchanged\nservice/web unchanged\nconfigmap/site configured\n',
    );
    expect((await type('get cm site -o jsonpath={.data.colour}')).stdout).toBe('red');
    expect((await type('apply -f shop.yaml')).stdout).toContain('configmap/site configured\n');
  });

  test('a field taken out of the manifest is taken out of the object', async () => {
    await type(
      'apply -f -',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shrink}\ndata: {a: "1", b: "2"}\n',
    );
    await type('apply -f -', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shrink}\ndata: {a: "1"}\n');
    expect((await type('get cm shrink -o jsonpath={.data}')).stdout).toBe('{"a":"1"}');
    expect(await type('delete cm shrink')).toEqual({
      code: 0,
      stdout: 'configmap "shrink" deleted from default namespace\n',
      stderr: '',
    });
  });

  test('a document that does not parse stops the whole file', async () => {
    const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: half}\n---\nkind: [\n';
    const said = await type('apply -f -', text);
    expect(said.code).toBe(1);
    expect(said.stderr).toMatch(/^error: error parsing STDIN: error converting YAML to JSON: yaml: /);
    expect((await type('get cm half')).code).toBe(1);
  });

  test('dry runs change nothing', async () => {
    const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dry}\n';
    expect((await type('apply --dry-run=client -f -', manifest)).stdout).toBe(
      'configmap/dry created (dry run)\n',
    );
    expect((await type('apply --dry-run=server -f -', manifest)).stdout).toBe(
      'configmap/dry created (server dry run)\n',
    );
    expect((await type('get cm dry')).code).toBe(1);
  });

  // All compared.
  test.each([
    ['apply', 'error: must specify one of -f and -k\n'],
    ['apply -f nofile.yaml', 'error: the path "nofile.yaml" does not exist\n'],
    ['apply foo', "error: Unexpected args: [foo]\nSee 'kubectl apply -h' for help and examples\n"],
  ])('%s is refused', async (line, stderr) => {
    expect(await type(line)).toEqual({ code: 1, stdout: '', stderr });
  });

  test('an unknown kind, compared', async () => {
    expect((await type('apply -f -', 'apiVersion: v1\nkind: Foo\nmetadata: {name: x}\n')).stderr).toBe(
      'error: resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "Foo" in version "v1"\nensure CRDs are installed first\n',
    );
  });

  test('unknown fields are named by the server', async () => {
    const said = await type(
      'apply -f -',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, imag: x}]}\n',
    );
    expect(said.stderr).toContain(
      'Error from server (BadRequest): error when creating "STDIN": Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imag"',
    );
  });
});

describe('create', () => {
  test.each(created.cases)('$args', async ({ args, ...recorded }) => {
    const said = await lab.kubectl(args);
    expect(said.stdout).toBe(recorded.stdout);
    if ('stderr' in recorded) expect(said.stderr).toBe(recorded.stderr.replace(/^Error: /, 'error: '));
  });

  test('and the server has it', async () => {
    expect((await type('create namespace shop')).stdout).toBe('namespace/shop created\n');
    expect((await type('create namespace shop')).stderr).toBe(
      'Error from server (AlreadyExists): namespaces "shop" already exists\n',
    );
    expect((await type('create configmap a -n shop --from-literal=k=v')).stdout).toBe(
      'configmap/a created\n',
    );
    expect((await type('create configmap a -n shop')).stderr).toBe(
      'error: failed to create configmap: configmaps "a" already exists\n',
    );
  });
});

describe('changing objects, compared', () => {
  test.each([
    ['label cm site a=b', 'configmap/site labeled\n', ''],
    ['label cm site a=b', 'configmap/site not labeled\n', ''],
    ['label cm site a=c', '', "error: 'a' already has a value (b), and --overwrite is false\n"],
    ['label cm site a=c --overwrite', 'configmap/site labeled\n', ''],
    ['label cm site a-', 'configmap/site unlabeled\n', ''],
    ['label cm site a-', 'label "a" not found.\nconfigmap/site not labeled\n', ''],
    ['label cm site', '', 'error: at least one label update is required\n'],
    [
      'label',
      '',
      'error: one or more resources must be specified as <resource> <name> or <resource>/<name>\n',
    ],
    ['label cms site a=b', '', `error: the server doesn't have a resource type "cms"\n`],
    ['label cm a=b', '', 'error: resource(s) were provided, but no name was specified\n'],
    ['annotate cm site n=1', 'configmap/site annotated\n', ''],
    [
      'annotate cm site n=2',
      '',
      "error: --overwrite is false but found the following declared annotation(s): 'n' already has a value (1)\n",
    ],
    ['annotate cm site n-', 'configmap/site annotated\n', ''],
    [`patch cm site -p '{"data":{"x":"y"}}'`, 'configmap/site patched\n', ''],
    [`patch cm site -p '{"data":{"x":"y"}}'`, 'configmap/site patched (no change)\n', ''],
    [`patch cm site --type json -p '[{"op":"remove","path":"/data/x"}]'`, 'configmap/site patched\n', ''],
    [
      'patch cm site',
      '',
      'error: must specify --patch or --patch-file containing the contents of the patch\n',
    ],
    [
      'patch cm site --type foo -p {}',
      '',
      'error: --type must be one of [json merge strategic], not "foo"\n',
    ],
    ['cordon node1', 'node/node1 cordoned\n', ''],
    ['cordon node1', 'node/node1 already cordoned\n', ''],
    ['uncordon node1', 'node/node1 uncordoned\n', ''],
    ['taint nodes node1 k=v:NoSchedule', 'node/node1 tainted\n', ''],
    [
      'taint nodes node1 k=v:NoSchedule',
      '',
      'error: node node1 already has k taint(s) with same effect(s) and --overwrite is false\n',
    ],
    ['taint nodes node1 k:NoSchedule-', 'node/node1 untainted\n', ''],
    ['taint nodes node1 k:NoSchedule-', '', 'error: taint "k:NoSchedule" not found\n'],
    ['scale deploy web', '', 'error: required flag(s) "replicas" not set\n'],
    ['scale deploy/web --replicas=3 --current-replicas=9', '', 'error: Expected replicas to be 9, was 2\n'],
    ['scale deploy/web --replicas=3', 'deployment.apps/web scaled\n', ''],
    ['expose cm site --port=1', '', 'error: cannot expose a ConfigMap\n'],
    ['expose deploy web --name=other', 'service/other exposed\n', ''],
    ['delete svc other', 'service "other" deleted from default namespace\n', ''],
    ['delete svc other', '', 'Error from server (NotFound): services "other" not found\n'],
    ['delete svc other --ignore-not-found', '', ''],
    ['delete pods -l app=nope', 'No resources found\n', ''],
    ['delete pods', '', 'error: resource(s) were provided, but no name was specified\n'],
  ])('%s', async (line, stdout, stderr) => {
    expect(await type(line)).toEqual({ code: stderr === '' ? 0 : 1, stdout, stderr });
  });
});
