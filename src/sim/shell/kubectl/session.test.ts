/**
 * kubectl commands that wait, run in pods, or tell about kubectl itself.
 * Outputs marked "compared" were compared, line by line, with kubectl v1.32.4 talking to that same server over HTTP; where
 * v1.35 words something differently (`deleted from ... namespace`, port names and event paths in describe) its source decided.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { HONOURED, NOT_SIMULATED } from './honoured.ts';
import { shopLab, type KubectlLab } from './lab.contract.ts';

let lab: KubectlLab;

const type = (line: string, stdin = '') => lab.type(line, stdin);

beforeAll(async () => {
  lab = await shopLab();
});

describe('waiting in virtual time', () => {
  test('delete returns when the pod is gone', async () => {
    await type('run short --image=nginx');
    lab.pass(10_000);
    const before = lab.state.now;
    expect((await type('delete pod short')).stdout).toBe('pod "short" deleted from default namespace\n');
    expect((await type('get pod short')).code).toBe(1);
    expect(lab.state.now).toBeGreaterThan(before);
  });

  test('wait until ready, or until the time is up', async () => {
    await type('run late --image=nginx');
    expect(await type('wait --for=condition=Ready pod/late --timeout=30s')).toEqual({
      code: 0,
      stdout: 'pod/late condition met\n',
      stderr: '',
    });
    const before = lab.state.now;
    expect((await type('wait --for=condition=Nope pod/late --timeout=7s')).stderr).toBe(
      'error: timed out waiting for the condition on pods/late\n',
    );
    expect(lab.state.now - before).toBe(7000);
    expect((await type('wait --for=delete pod/nope')).code).toBe(0);
    expect((await type('wait pod/late')).stderr).toBe('error: unrecognized condition: ""\n');
  });

  test('rollout restart and status', async () => {
    expect((await type('rollout restart deploy web')).stdout).toBe('deployment.apps/web restarted\n');
    const { code, stdout } = await type('rollout status deploy/web');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Waiting for deployment (spec update to be observed|"web" rollout to finish: )/);
    expect(stdout).toMatch(/deployment "web" successfully rolled out\n$/);
    expect((await type('rollout history deploy web')).stdout).toBe(
      'deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         <none>\n2         <none>\n\n',
    );
    expect((await type('rollout undo deploy web')).stdout).toBe('deployment.apps/web rolled back\n');
  });
});

describe('pods from inside', () => {
  test('exec runs in the place of the pod and hands on the exit code', async () => {
    await type('run box --image=nginx');
    lab.pass(10_000);
    lab.exitCode = 7;
    expect(await type('exec box -- ls -l')).toEqual({
      code: 7,
      stdout: 'ran ls -l\n',
      stderr: 'command terminated with exit code 7\n',
    });
    expect(lab.ran.at(-1)).toEqual({
      place: { kind: 'pod', namespace: 'default', name: 'box' },
      argv: ['ls', '-l'],
    });
    lab.exitCode = 0;
    expect((await type('exec -it deploy/web -- sh')).stderr).toBe(
      'Unable to use a TTY - input is not a terminal or the right kind of file\n',
    );
  });

  // Provenance: containerd's words as users report them (nigelpoulton/TheK8sBook issue 30); kubectl/pkg/cmd/run/run.go.
  test('a program that the image does not have', async () => {
    await type('run box --image=nginx');
    lab.pass(10_000);
    const { code, stdout, stderr } = await type('exec box -- nope');
    expect([code, stdout, stderr.replace(/[0-9a-f]{64}/, 'ATTEMPT')]).toEqual([
      1,
      '',
      'error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "ATTEMPT": OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown\n',
    ]);
    expect(await type('run -it --rm tiny --image=busybox --restart=Never -q -- nope')).toMatchObject({
      code: 128,
      stdout: 'pod "tiny" deleted from default namespace\n',
    });
  });

  // All compared.
  test.each([
    ['exec', 'error: pod, type/name or --filename must be specified\n'],
    ['exec box', 'error: you must specify at least one command for the container\n'],
    [
      'exec box ls',
      "error: exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead\nSee 'kubectl exec -h' for help and examples\n",
    ],
    ['exec nope -- ls', 'Error from server (NotFound): pods "nope" not found\n'],
    ['logs nope', 'error: error from server (NotFound): pods "nope" not found in namespace "default"\n'],
    ['run x', 'error: required flag(s) "image" not set\n'],
    ['run --image=x', "error: NAME is required for run\nSee 'kubectl run -h' for help and examples\n"],
    [
      'run x --image=y --rm',
      "error: --rm should only be used for attached containers\nSee 'kubectl run -h' for help and examples\n",
    ],
  ])('%s is refused', async (line, stderr) => {
    expect(await type(line)).toEqual({ code: 1, stdout: '', stderr });
  });

  test.each([
    ['merge', '{"spec":{"nodeName":"node2"}}', 'node2'],
    ['strategic', '{"spec":{"containers":[{"name":"at","image":"busybox"}],"nodeName":"node3"}}', 'node3'],
    ['json', '[{"op":"add","path":"/spec/nodeName","value":"node1"}]', 'node1'],
  ])('run --overrides by %s', async (kind, overrides, node) => {
    const { stdout } = await type(
      `run at --image=nginx --override-type=${kind} --overrides=${overrides} --dry-run=client -o jsonpath={.spec.nodeName}`,
    );
    expect(stdout).toBe(node);
  });

  test('run --overrides wants JSON', async () => {
    expect((await type('run at --image=nginx --overrides={spec:{}}')).stderr).toBe(
      'error: Invalid JSON Patch\n--overrides takes JSON: names and texts in double quotes. Nothing was sent to the cluster.\n',
    );
    expect((await type('run at --image=nginx --overrides={} --override-type=x')).stderr).toBe(
      'error: invalid override type: x\n',
    );
  });

  test('run -it --rm waits for the pod, runs there, and cleans up', async () => {
    const said = await type('run -it --rm probe --image=busybox --restart=Never -- ping -c1 node1');
    expect(said.code).toBe(0);
    expect(said.stdout).toBe('ran ping -c1 node1\npod "probe" deleted from default namespace\n');
    expect(lab.ran.at(-1)).toEqual({
      place: { kind: 'pod', namespace: 'default', name: 'probe' },
      argv: ['ping', '-c1', 'node1'],
    });
  });

  test('logs of a container', async () => {
    expect((await type('logs box --tail=1')).stdout).toMatch(/\[notice\] 1#1: start worker processes\n$/);
  });
});

describe('contexts', () => {
  test('the current context names the namespace', async () => {
    lab.files.mkdir('/root/.kube', { parents: true });
    lab.write(
      '/root/.kube/config',
      'apiVersion: v1\nkind: Config\ncurrent-context: lab\ncontexts:\n- name: lab\n  context: {cluster: lab, user: admin}\n',
    );
    expect((await type('config current-context')).stdout).toBe('lab\n');
    expect((await type('config set-context --current --namespace=kube-public')).stdout).toBe(
      'Context "lab" modified.\n',
    );
    expect((await type('get secrets')).stderr).toBe('No resources found in kube-public namespace.\n');
    expect((await type('config get-contexts')).stdout).toBe(
      'CURRENT   NAME   CLUSTER   AUTHINFO   NAMESPACE\n*         lab    lab       admin      kube-public\n',
    );
    await type('config set-context --current --namespace=default');
  });
});

describe('commands and help', () => {
  test('a word that is no command', async () => {
    expect(await type('gett pods')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: unknown command "gett" for "kubectl"\n\nDid you mean this?\n\tset\n\tget\n',
    });
    expect((await type('rollout foo')).stderr).toBe(
      `error: unknown command "foo"\nSee 'kubectl rollout -h' for help and examples\n`,
    );
  });

  test('commands that are not simulated say so in one sentence', async () => {
    expect(await type('proxy')).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'error: kubectl proxy is not simulated here: use kubectl get --output json to see API objects.\n',
    });
    for (const path of NOT_SIMULATED.keys())
      expect((await type(path)).stderr).toMatch(/^error: kubectl .* is not simulated here: [^\n]+\.\n$/);
  });

  test.each(HONOURED.map((verb) => [verb.path, verb] as const))(
    '%s --help lists exactly its flags',
    async (path, verb) => {
      const { code, stdout } = await type(`${path} --help`);
      expect(code).toBe(0);
      expect([...stdout.matchAll(/^ {4}(?:-\w, )?--([\w-]+)=/gm)].map((match) => match[1])).toEqual(
        verb.flags.map((flag) => flag.name).sort(),
      );
      expect(stdout).toContain(`Usage:\n  kubectl ${verb.usage} [options]\n`);
    },
  );

  test('the overview names every honoured command once', async () => {
    const { stdout } = await type('help');
    const names = [...stdout.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map((match) => match[1]);
    expect(names.sort()).toEqual([...new Set(HONOURED.map((verb) => verb.path.split(' ')[0]))].sort());
  });
});

describe('tab completion', () => {
  const complete = (line: string): readonly string[] => lab.completions(line.split(' '));

  test('commands, types, names, namespaces, containers and flags', () => {
    expect(complete('de')).toEqual(['delete', 'describe']);
    expect(complete('get nod')).toEqual(['nodes']);
    expect(complete('get nodes no')).toEqual(['node1', 'node2', 'node3']);
    expect(complete('get nodes/con')).toEqual(['nodes/control-plane']);
    expect(complete('-n kube-p')).toEqual([]);
    expect(complete('get pods -n kube-p')).toEqual(['kube-public']);
    expect(complete('get cm -n kube-system coredn')).toEqual(['coredns']);
    expect(complete('rollout re')).toEqual(['restart', 'resume']);
    expect(complete('exec box -c ')).toEqual(['box']);
    expect(complete('get --show')).toEqual(['--show-kind', '--show-labels', '--show-managed-fields']);
    expect(complete('apply -f sh')).toEqual(['shop.yaml']);
  });
});
