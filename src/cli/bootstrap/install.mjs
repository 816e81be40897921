// Brings node_modules in step with package-lock.json, and does nothing when it is.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { ROOT, npm } from './run.mjs';
import { Trouble, progress } from './say.mjs';

const LOCK = join(ROOT, 'package-lock.json');
const INSTALLED = join(ROOT, 'node_modules/.package-lock.json');
const STAMP = join(ROOT, 'node_modules/.underlay-installed');

export async function ensureInstalled() {
  const wanted = fingerprint();
  if (isInstalled(wanted)) return;
  const args = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = await progress('Installing dependencies', npm(args));
  if (code !== 0) throw new Trouble(...explain(code, output));
  writeFileSync(STAMP, wanted);
}

function fingerprint() {
  const hash = createHash('sha256').update(readFileSync(LOCK)).digest('hex');
  return `${hash} ${process.platform} ${process.arch}\n`;
}

function isInstalled(wanted) {
  if (existsSync(STAMP)) return readFileSync(STAMP, 'utf8') === wanted;
  // Installed by hand: npm leaves its own copy of the lock behind, newer than the lock it followed.
  if (!existsSync(INSTALLED) || statSync(INSTALLED).mtimeMs < statSync(LOCK).mtimeMs) return false;
  writeFileSync(STAMP, wanted);
  return true;
}

function explain(code, output) {
  const details = output.trim().split('\n').slice(-12).join('\n');
  if (code === 127)
    return [
      'The dependencies could not be installed: npm was not found.',
      'Install Node with npm, then run this again.',
    ];
  if (/ENOTFOUND|ETIMEDOUT|ECONNREFUSED|ECONNRESET|EAI_AGAIN/.test(output))
    return [
      'The dependencies could not be installed: the package registry did not answer.',
      'Check the network (or the proxy and registry that npm is configured with), then run this again.',
    ];
  if (/ENOSPC/.test(output))
    return ['The dependencies could not be installed: the disk is full.', 'They need about 400 MB.'];
  return [
    `The dependencies could not be installed. npm said:\n${details}`,
    'To see everything, run `npm ci --ignore-scripts`.',
  ];
}
