/**
 * The package as electron-builder makes it, around a stand-in for Electron's distribution (a file with the fuses in it):
 * what is inside, which fuses are flipped, and that the packaged host starts and the packaged simulator works.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleForNode } from '../support/bundle.ts';
import { toolImageOf } from '../../src/engines/kind/fabric/tool-image.ts';
import { simEngine } from '../../src/engines/sim/engine.ts';
import { WORKSTATION } from '../../src/model/place.ts';
import { TOOLS } from '../../src/sim/shell/text/tool-facts.ts';
import { readLibrary } from '../../src/services/library.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FUSES = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const fromBuilder = createRequire(createRequire(import.meta.url).resolve('electron-builder/package.json'));
const SIGNAL = new AbortController().signal;

const full = process.env['UNDERLAY_FULL'] === '1' && process.platform === 'linux';

describe.runIf(full)('the package (long: with npm run test:full, on Linux)', () => {
  let folder: string;
  let inside: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'underlay-package-'));
    const dist = join(folder, 'electron');
    mkdirSync(join(dist, 'resources'), { recursive: true });
    mkdirSync(join(dist, 'locales'));
    writeFileSync(join(dist, 'version'), '0.0.0');
    writeFileSync(join(dist, 'electron'), `${FUSES}\x01\x0801100001`, { mode: 0o755 });
    for (const name of ['LICENSE', 'LICENSES.chromium.html', 'chrome-sandbox', 'chrome_crashpad_handler']) {
      writeFileSync(join(dist, name), '');
    }
    const run = (...args: string[]): void => {
      execFileSync(process.execPath, args, { cwd: ROOT, stdio: 'pipe' });
    };
    run('src/cli/bootstrap/build.mjs', '--stale');
    run(
      ...[fromBuilder.resolve('electron-builder/cli.js'), '--linux', 'dir', '--publish', 'never'],
      ...[`-c.electronDist=${dist}`, `-c.directories.output=${join(folder, 'dist')}`],
    );
    const { extractAll } = fromBuilder('@electron/asar') as {
      readonly extractAll: (archive: string, folder: string) => void;
    };
    inside = join(folder, 'app');
    extractAll(join(folder, 'dist', 'linux-unpacked', 'resources', 'app.asar'), inside);
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('has its fuses flipped', () => {
    const program = readFileSync(join(folder, 'dist', 'linux-unpacked', 'underlay'), 'latin1');
    // RunAsNode, cookies, NODE_OPTIONS, inspect, integrity, only asar, snapshot, file: privileges.
    expect(program.slice(program.indexOf(FUSES) + FUSES.length + 2)).toBe('01001100');
  });

  test('holds no native module, no source and nothing under the LGPL', () => {
    const files = execFileSync('find', ['.', '-type', 'f'], { cwd: inside, encoding: 'utf8' }).split('\n');
    expect(
      files.filter((name) => /\.(node|so|gyp|ts|map|svelte)$|node-liblzma|^\.\/(src|test|labs)\//.test(name)),
    ).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining([
        './package.json',
        './NOTICE',
        './out/main/index.js',
        './out/main/sim-worker.js',
        './out/preload/index.cjs',
        './out/renderer/index.html',
        './out/content/course.json',
      ]),
    );
  });

  test('holds all that the tool image is built from, where the packaged host looks for it', async () => {
    const at = join('resources', 'tool-image');
    const names = readdirSync(join(ROOT, at));
    expect(readdirSync(join(inside, at))).toEqual(names);
    // It is known by a hash of what it is built from: both are one image.
    expect(await toolImageOf(join(inside, at))).toBe(await toolImageOf(join(ROOT, at)));
    // Electron reads folders and files of an archive for us (lib/node/asar-fs-wrapper.ts); for nobody else, so none may need
    // a path in there, and nothing may lie beside the archive, where it could be changed.
    const archive = join(folder, 'dist', 'linux-unpacked', 'resources', 'app.asar');
    expect(existsSync(`${archive}.unpacked`)).toBe(false);
    const { statFile } = fromBuilder('@electron/asar') as {
      readonly statFile: (
        archive: string,
        file: string,
      ) => { readonly size?: number; readonly link?: string };
    };
    for (const name of names)
      expect(statFile(archive, `${at}/${name}`).size, name).toBe(statSync(join(ROOT, at, name)).size);
  });

  test('has a host that starts and serves its page', async () => {
    using electron = await bundleForNode('test/support/fake-electron-module.ts');
    const hook = join(folder, 'hook.mjs');
    const fake = pathToFileURL(electron.file).href;
    writeFileSync(
      hook,
      `import { register } from 'node:module';
       const resolve = "export const resolve = (name, context, next) => name === 'electron' ? { url: '${fake}', shortCircuit: true } : next(name, context);";
       register('data:text/javascript,' + encodeURIComponent(resolve));`,
    );
    const said = execFileSync(process.execPath, ['--import', pathToFileURL(hook).href, 'out/main/index.js'], {
      cwd: inside,
      env: { ...process.env, UNDERLAY_DATA: join(folder, 'data') },
      encoding: 'utf8',
    });
    expect(said).toBe('200 app://underlay/ with a body\n');
  });

  test('has a simulator with all that its commands need', async () => {
    const engine = simEngine({ worker: join(inside, 'out', 'main', 'sim-worker.js') });
    const library = await readLibrary(join(inside, 'out', 'content', 'course.json'));
    const lab = library.ok ? library.value.labs.get('first-overlay') : undefined;
    if (lab === undefined) throw new Error('the packaged course has no lab first-overlay');
    const opened = await engine.open(lab.environment, { signal: SIGNAL });
    if (!opened.ok) throw new Error(opened.error.message);
    const { value: session } = opened;
    const said = async (line: string): Promise<string> => {
      const done = await session.exec(WORKSTATION, ['sh', '-c', line], SIGNAL);
      return done.ok ? done.value.stdout + done.value.stderr : done.error.message;
    };
    expect(await said('kubectl get node node1 -o name')).toBe('node/node1\n');
    expect(await said("kubectl get node node1 -o json | jq -r '.metadata.name'")).toBe('node1\n');
    expect(await said("printf 'a: 1\\n' | yq .a")).toBe('1\n');
    expect(await said("printf 'b\\na\\n' | sort | sed s/a/x/ | awk '{ print NR $1 }'")).toBe('1x\n2b\n');
    for (const tool of Object.keys(TOOLS)) {
      expect(await said(`${tool} --help < /dev/null`), tool).not.toMatch(/Cannot find|MODULE_NOT_FOUND|ERR_/);
    }
    await session.dispose();
    await engine.dispose();
  });
});
