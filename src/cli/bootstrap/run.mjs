// Starting other programs without a shell: tools of node_modules by their own entry file, so that it works
// the same on every system.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, delimiter, join, resolve } from 'node:path';
import process from 'node:process';
import { stripVTControlCharacters } from 'node:util';

export const ROOT = resolve(import.meta.dirname, '../../..');
export const CLI = join(ROOT, 'out/main/cli.js');

/** Text without colours: some tools keep them although told not to. */
function plain(chunks) {
  return stripVTControlCharacters(`${Buffer.concat(chunks)}`);
}

/** Runs a program in the root of the project and collects what it prints. Never rejects: a missing program is code 127. */
export function run(command, args, { env = {}, shell = false } = {}) {
  return new Promise((settle) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell,
    });
    const all = [];
    const out = [];
    child.stdout.on('data', (chunk) => (all.push(chunk), out.push(chunk)));
    child.stderr.on('data', (chunk) => all.push(chunk));
    const finish = (code, extra = '') =>
      settle({
        code,
        output: plain(all) + extra,
        stdout: plain(out),
      });
    child.on('error', (error) => finish(127, `${error.message}\n`));
    child.on('close', (code, signal) => finish(code ?? (signal ? 128 : 1)));
  });
}

/** Runs a Node program; `NO_COLOR` keeps collected output readable. */
export function node(args, options = {}) {
  return run(process.execPath, args, {
    ...options,
    env: { NO_COLOR: '1', FORCE_COLOR: undefined, ...options.env },
  });
}

/** Runs a Node program in front of the user: its words are theirs to read, its exit code is the result. */
export function attend(args) {
  return new Promise((settle) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
    child.on('error', () => settle(127));
    child.on('close', (code, signal) => settle(code ?? (signal ? 128 : 1)));
  });
}

/** The entry file of the command `name` of the package `from`. */
export function tool(name, from = name) {
  const folder = join(ROOT, 'node_modules', from);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[name]);
}

/** Runs npm: the one that started us, else the one on the path. */
export function npm(args, options) {
  const path = process.env.npm_execpath;
  if (path && /^npm(-cli)?\.[cm]?js$/.test(basename(path)))
    return run(process.execPath, [path, ...args], options);
  return run('npm', args, { ...options, shell: process.platform === 'win32' });
}

/** Where `command` is, looked for on the path and in the folders of administrators' tools. */
export function which(command) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin'];
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
}
