/** The preload as the build makes it, run as a sandboxed preload is: with a window, and a `require` that knows Electron. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import vm from 'node:vm';
import { build } from 'vite';
import type { FakePage } from './fake-page.ts';

const ROOT = join(import.meta.dirname, '..', '..');

export interface Preload {
  readonly code: string;
  /** What it requires, in order. */
  readonly required: readonly string[];
  run(page: FakePage): void;
}

/** Built with the options that electron.vite.config.ts gives the preload. */
export async function bundlePreload(): Promise<Preload> {
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.underlay-test-'));
  try {
    await build({
      root: ROOT,
      configFile: false,
      logLevel: 'error',
      publicDir: false,
      build: {
        outDir: folder,
        target: 'es2022',
        minify: false,
        lib: { entry: join(ROOT, 'src/preload/index.ts'), formats: ['cjs'], fileName: () => 'index.cjs' },
        rolldownOptions: { external: ['electron'] },
      },
    });
    return preloadOf(readFileSync(join(folder, 'index.cjs'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function preloadOf(code: string): Preload {
  const required = [...code.matchAll(/\brequire\((["'`])(.*?)\1\)/g)].map(([, , name = '']) => name);
  return {
    code,
    required,
    run: (page) => {
      const { window } = page;
      const load = (name: string): unknown => {
        if (name === 'electron') return { ipcRenderer: page.ipcRenderer };
        throw new Error(`a sandboxed preload cannot require ${name}`);
      };
      vm.runInNewContext(code, {
        window,
        location: window.location,
        require: load,
        exports: {},
        module: { exports: {} },
      });
    },
  };
}
