// Serves the built renderer with canned answers: `node test/renderer-harness/start.mjs [folder] [port]`.
import { resolve } from 'node:path';
import process from 'node:process';
import { runnerImport } from 'vite';

const { module } = await runnerImport(resolve(import.meta.dirname, 'host.ts'), {
  configFile: false,
  logLevel: 'error',
});
const { url } = await module.serve({
  folder: resolve(process.argv[2] ?? 'out/renderer'),
  port: Number(process.argv[3] ?? 4180),
});
console.log(url);
