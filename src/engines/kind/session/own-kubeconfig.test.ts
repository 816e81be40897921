import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { smallEnvironment } from '../../small-lab.contract.ts';
import { kindFolder } from '../data-folder.ts';
import { ownKubeconfig } from './own-kubeconfig.ts';

let data = '';
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'underlay-kubeconfig-'));
});
afterEach(() => rm(data, { recursive: true, force: true }));

/** As kind v0.32.0 writes it (pkg/cluster/internal/kubeconfig/internal/kubeconfig/types.go), keys shortened. */
const WRITTEN = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: QQ==
    server: https://127.0.0.1:43211
  name: kind-underlay-abc123-small-0001
contexts:
- context:
    cluster: kind-underlay-abc123-small-0001
    user: kind-underlay-abc123-small-0001
  name: kind-underlay-abc123-small-0001
current-context: kind-underlay-abc123-small-0001
kind: Config
users:
- name: kind-underlay-abc123-small-0001
  user:
    client-certificate-data: QQ==
    client-key-data: QQ==
`;

async function cluster(text: string): Promise<Parameters<typeof ownKubeconfig>[0]> {
  const folder = kindFolder(data).cluster('underlay-abc123-small-0001');
  await mkdir(folder.root, { recursive: true });
  await writeFile(folder.kubeconfig, text);
  return { folder, topology: smallEnvironment().topology };
}

test('what kind wrote is handed on whole, with our mark', async () => {
  const own = await ownKubeconfig(await cluster(WRITTEN));
  if (!own.ok) throw new Error(own.error.message);
  const extensions = [{ name: 'underlay', extension: { topology: smallEnvironment().topology.name } }];
  expect(parse(own.value)).toEqual({ ...(parse(WRITTEN) as object), extensions });
});

test('the port that it has may be asked for, another is refused in words', async () => {
  const at = await cluster(WRITTEN);
  expect(await ownKubeconfig(at, { port: 43_211 })).toMatchObject({ ok: true });
  expect(await ownKubeconfig(at, { port: 6443 })).toMatchObject({
    error: {
      code: 'port-fixed',
      message:
        'This cluster has listened on 127.0.0.1:43211 since it was made, and cannot listen on port 6443 too.',
    },
  });
});

test.each([
  ['nothing', ''],
  ['a torn file', 'clusters:\n- cluster: {'],
  ['no cluster', 'kind: Config\nclusters: []\n'],
])('%s is told', async (_, text) => {
  expect(await ownKubeconfig(await cluster(text))).toMatchObject({ error: { code: 'kubeconfig-missing' } });
});
