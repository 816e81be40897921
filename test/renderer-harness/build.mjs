// Builds the renderer alone into the folder given, for looking at it without the hosts.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { resolve } from 'node:path';
import process from 'node:process';
import { build } from 'vite';

const ROOT = resolve(import.meta.dirname, '../..');

await build({
  configFile: false,
  root: resolve(ROOT, 'src/renderer'),
  base: './',
  logLevel: 'warn',
  plugins: [svelte({ configFile: resolve(ROOT, 'svelte.config.js') })],
  build: { outDir: resolve(process.argv[2] ?? 'out/renderer'), emptyOutDir: true, target: 'es2022' },
});
