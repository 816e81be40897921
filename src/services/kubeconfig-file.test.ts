import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/fake-services.ts';
import { kubeconfigCommand, removeKubeconfig, writeKubeconfig } from './kubeconfig-file.ts';

const config = (server: string): string => `kind: Config
clusters:
- cluster: { server: ${server} }
  name: a
extensions:
- name: underlay
  extension: {}
`;
const OURS = config('http://127.0.0.1:1/one');
const OTHERS = 'kind: Config\nclusters: []\n';

describe('a kubeconfig', () => {
  test('is for its owner alone, and nothing is left beside it', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'deep', 'config');
    expect(await writeKubeconfig(path, OURS)).toMatchObject({ ok: true });
    expect(readFileSync(path, 'utf8')).toBe(OURS);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['config']);
  });

  test('of ours is replaced, also after kubectl wrote in it, and gets its mode back', async () => {
    const path = join(temporaryFolder(), 'config');
    writeFileSync(path, `${OURS}current-context: other\n`);
    chmodSync(path, 0o644);
    expect(await writeKubeconfig(path, config('http://127.0.0.1:2/two'))).toMatchObject({ ok: true });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['another kubeconfig', OTHERS],
    ['a text', 'shopping: ['],
    ['an empty file', ''],
  ])('is never put over %s, unless forced', async (_, text) => {
    const path = join(temporaryFolder(), 'config');
    writeFileSync(path, text);
    expect(await writeKubeconfig(path, OURS)).toEqual({
      ok: false,
      error: `${path} exists and Underlay did not write it. Choose another file, or --force to replace it.`,
    });
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(await writeKubeconfig(path, OURS, { force: true })).toMatchObject({ ok: true });
    expect(readFileSync(path, 'utf8')).toBe(OURS);
  });

  test("leaves kubectl's own file alone, by whatever way it is named, even when forced", async () => {
    const home = temporaryFolder();
    mkdirSync(join(home, '.kube'));
    const own = join(home, '.kube', 'config');
    const link = join(home, 'link');
    symlinkSync(own, link);
    for (const path of [own, join(home, '.kube', '..', '.kube', 'config')]) {
      expect(await writeKubeconfig(path, OURS, { force: true, home })).toMatchObject({ ok: false });
    }
    writeFileSync(own, OURS);
    expect(await writeKubeconfig(link, OURS, { force: true, home })).toMatchObject({ ok: false });
    expect(readFileSync(own, 'utf8')).toBe(OURS);
  });

  test('that cannot be written says so', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    expect(await writeKubeconfig(join(folder, 'file', 'config'), OURS)).toMatchObject({ ok: false });
  });

  test('is removed as long as it leads to the same server', async () => {
    const path = join(temporaryFolder(), 'config');
    writeFileSync(path, config('http://127.0.0.1:2/two'));
    await removeKubeconfig(path, OURS);
    expect(existsSync(path)).toBe(true);
    await removeKubeconfig(path, config('http://127.0.0.1:2/two'));
    expect(existsSync(path)).toBe(false);
    await removeKubeconfig(path, OURS);
  });
});

test.each([
  ['/home/a/config', 'linux', 'export KUBECONFIG=/home/a/config'],
  ["/home/a b/it's", 'linux', "export KUBECONFIG='/home/a b/it'\\''s'"],
  ["C:\\a b\\it's", 'win32', "$env:KUBECONFIG = 'C:\\a b\\it''s'"],
] as const)('the line for %s on %s', (path, platform, line) => {
  expect(kubeconfigCommand(path, platform)).toBe(line);
});
