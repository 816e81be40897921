// Builds what is stale: the code when a source or a configuration changed, the lessons and labs when they did.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, node, tool } from './run.mjs';
import { Trouble, progress } from './say.mjs';

const STAMP = join(ROOT, 'out/.built.json');
const CONTENT_COMPILER = join(ROOT, 'out/main/build-content.js');
const CODE = [
  'src',
  'resources',
  'package-lock.json',
  'electron.vite.config.ts',
  'svelte.config.js',
  'tsconfig.json',
];
const CONTENT = ['content', 'labs'];
const NOT_BUILT = /(\.test\.ts|\.contract\.ts|\.golden\.\w+|\.mjs)$/;

/** Builds only what changed since the last build, or everything when `all`. */
export async function ensureBuilt({ all = false } = {}) {
  const code = fingerprint(CODE);
  const content = `${code} ${fingerprint(CONTENT)}`;
  const built = all ? {} : lastBuild();
  if (built.code !== code) {
    remember({}); // a build that breaks off leaves nothing that looks finished
    await step('Building Underlay', [tool('electron-vite'), 'build', '--logLevel', 'warn']);
    remember({ code });
  }
  if (built.content !== content) {
    if (existsSync(CONTENT_COMPILER)) await step('Compiling lessons and labs', [CONTENT_COMPILER]);
    remember({ code, content });
  }
}

async function step(label, args) {
  const { code, output } = await progress(label, node(args));
  if (code !== 0) throw new Trouble(`${label} failed:\n${withoutStack(output).trim()}`);
}

/** Build tools end their message with a trace of their own insides. */
function withoutStack(output) {
  const lines = output.split('\n').filter((line) => !/^\s+at .*(file:|node:|node_modules)/.test(line));
  return lines.join('\n');
}

/** Names, sizes and times of all files below `paths`: quick to take, and different after any edit or removal. */
function fingerprint(paths) {
  const hash = createHash('sha1');
  const visit = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return;
    if (stat.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
    else if (!NOT_BUILT.test(path)) hash.update(`${path.slice(ROOT.length)} ${stat.size} ${stat.mtimeMs}\n`);
  };
  for (const path of paths) visit(join(ROOT, path));
  return hash.digest('hex');
}

function lastBuild() {
  try {
    return JSON.parse(readFileSync(STAMP, 'utf8'));
  } catch {
    return {}; // never built, or interrupted while building: build again
  }
}

function remember(stamps) {
  mkdirSync(join(ROOT, 'out'), { recursive: true });
  writeFileSync(STAMP, JSON.stringify(stamps));
}
