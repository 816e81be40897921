import { describe, expect, test } from 'vitest';
import { ok } from '../../../base/result.ts';
import type { ObjectQuery } from '../../../lab/ports.ts';
import type { Kubectl } from '../cluster/cluster.ts';
import { withoutKubectl } from './execution.ts';
import { objectsOf, podState } from './kubernetes.ts';

const { signal } = new AbortController();

/** A kubectl that says what it is told to, by what it is asked for. */
function saying(answers: Readonly<Record<string, { readonly stdout?: string; readonly stderr?: string }>>): {
  readonly kubectl: Kubectl;
  readonly asked: string[];
} {
  const asked: string[] = [];
  return {
    asked,
    kubectl: (argv) => {
      asked.push(argv.join(' '));
      const { stdout = '', stderr = '' } = answers[argv[argv.indexOf('--') + 1] ?? ''] ?? {};
      return Promise.resolve(ok({ exitCode: stderr === '' ? 0 : 1, stdout, stderr }));
    },
  };
}

const ask = (kubectl: Kubectl, query: ObjectQuery): ReturnType<typeof objectsOf> =>
  objectsOf(kubectl, query, signal);

/** kubectl v1.32's own words. */
const UNKNOWN = 'error: the server doesn\'t have a resource type "ippools"\n';
const FORBIDDEN = 'Error from server (Forbidden): pods is forbidden: User "x" cannot list resource "pods"\n';
const AWAY =
  'The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?\n';

describe('objects', () => {
  test('are a list, one, or none', async () => {
    const list = saying({ pods: { stdout: '{"kind":"List","items":[{"kind":"Pod"},{"kind":"Pod"}]}' } });
    expect(await ask(list.kubectl, { resource: 'pods', labelSelector: 'app=web' })).toEqual({
      ok: true,
      value: [{ kind: 'Pod' }, { kind: 'Pod' }],
    });
    expect(list.asked).toEqual([
      'get --output=json --ignore-not-found --all-namespaces --selector=app=web -- pods',
    ]);
    const one = saying({ pods: { stdout: '{"kind":"Pod"}' } });
    expect(await ask(one.kubectl, { resource: 'pods', name: 'web' })).toEqual({
      ok: true,
      value: [{ kind: 'Pod' }],
    });
    expect(one.asked).toEqual(['get --output=json --ignore-not-found --namespace=default -- pods web']);
    expect(await ask(saying({}).kubectl, { resource: 'pods', name: 'web' })).toEqual({ ok: true, value: [] });
  });

  test('of a kind that is not served are an error of their own, refused and unreachable ones another', async () => {
    const answered = async (stderr: string): Promise<unknown> => {
      const found = await ask(saying({ pots: { stderr } }).kubectl, { resource: 'pots' });
      return found.ok ? found.value : found.error.code;
    };
    expect(await answered(UNKNOWN)).toBe('unknown-resource');
    expect(await answered(FORBIDDEN)).toBe('api-refused');
    expect(await answered(AWAY)).toBe('api-refused');
  });

  test('of projectcalico.org/v3 are what is stored, where nothing presents them', async () => {
    const stored = {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'IPPool',
      metadata: { name: 'a', annotations: { 'projectcalico.org/metadata': '{}' } },
      spec: { cidr: '10.244.0.0/16' },
    };
    const { kubectl } = saying({
      'ippools.projectcalico.org': { stderr: UNKNOWN },
      'ippools.crd.projectcalico.org': { stdout: JSON.stringify({ items: [stored] }) },
    });
    expect(await ask(kubectl, { resource: 'ippools.projectcalico.org' })).toEqual({
      ok: true,
      value: [
        {
          apiVersion: 'projectcalico.org/v3',
          kind: 'IPPool',
          metadata: { name: 'a' },
          spec: { cidr: '10.244.0.0/16' },
        },
      ],
    });
  });

  test('that are no JSON are no answer', async () => {
    const { kubectl } = saying({ pods: { stdout: 'garbage' } });
    expect(await ask(kubectl, { resource: 'pods' })).toMatchObject({
      ok: false,
      error: { code: 'api-refused' },
    });
  });
});

test('a pod’s chosen container is the annotated one, or the first', () => {
  const pod = {
    metadata: { name: 'web', uid: 'u' },
    spec: { nodeName: 'node1', containers: [{ name: 'a' }, { name: 'b' }] },
  };
  expect(podState(pod)).toMatchObject({
    namespace: 'default',
    container: 'a',
    node: 'node1',
    phase: 'Unknown',
  });
  const annotations = { 'kubectl.kubernetes.io/default-container': 'b' };
  expect(podState({ ...pod, metadata: { ...pod.metadata, annotations } }).container).toBe('b');
});

describe('what kubectl says of a program that it ran', () => {
  test('is taken out', () => {
    const said = { exitCode: 3, stdout: 'out\n', stderr: 'err\ncommand terminated with exit code 3\n' };
    expect(withoutKubectl(said)).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  test('makes a missing program what a shell calls one', () => {
    const stderr =
      'error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "e": OCI runtime exec failed: exec failed: unable to start container process: exec: "ip": executable file not found in $PATH: unknown\n';
    expect(withoutKubectl({ exitCode: 1, stdout: '', stderr }).exitCode).toBe(127);
  });
});
