/** Source bundled on the spot, for tests that need what a bundler makes of it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

const ROOT = join(import.meta.dirname, '..', '..');

/** One script without any import left, minified so that no comment is in it. */
export async function bundleForBrowser(entry: string): Promise<string> {
  using folder = outFolder();
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: {
      outDir: folder.path,
      target: 'es2022',
      minify: true,
      lib: { entry: join(ROOT, entry), formats: ['es'], fileName: 'bundle' },
      rolldownOptions: { onwarn: (warning) => fail(warning.message) },
    },
  });
  return readFileSync(join(folder.path, 'bundle.js'), 'utf8');
}

/** A file that Node runs, npm packages left outside; gone when disposed. */
export async function bundleForNode(entry: string): Promise<Disposable & { readonly file: string }> {
  const folder = outFolder();
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: join(ROOT, entry),
      outDir: folder.path,
      target: 'node20.19',
      minify: false,
      rolldownOptions: { output: { entryFileNames: 'bundle.mjs' } },
    },
  });
  return { file: join(folder.path, 'bundle.mjs'), [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** Inside the installation, where npm packages are found from. */
function outFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(ROOT, 'node_modules', '.underlay-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

function fail(message: string): never {
  throw new Error(message);
}
