// Plain words for whoever runs a script: what happens, what went wrong, what to do about it. Never a stack trace.
import process from 'node:process';

const MINIMUM = [20, 19];

export function say(line = '') {
  process.stdout.write(`${line}\n`);
}

/** An outcome the user can act on: `message` is a sentence, `remedy` says what to do. */
export class Trouble extends Error {
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

/** Runs the main function of a script; turns every failure into sentences and exit code 1. */
export async function main(body) {
  try {
    requireNode();
    process.exitCode = (await body()) ?? process.exitCode;
  } catch (error) {
    process.stderr.write(`\n${describe(error)}\n`);
    process.exitCode = 1;
  }
}

export function describe(error) {
  if (error instanceof Trouble) return error.remedy ? `${error.message}\n${error.remedy}` : error.message;
  return `Something unexpected happened: ${error?.message ?? error}`;
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return;
  throw new Trouble(
    `Underlay needs Node ${MINIMUM.join('.')} or newer; this is Node ${process.versions.node}.`,
    'Install a current Node from https://nodejs.org and run the same command again.',
  );
}

/** Waits for `work`; once it takes longer than a second, shows that it is under way and how long it takes. */
export async function progress(label, work) {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const terminal = process.stdout.isTTY;
  let shown = false;
  const tick = setInterval(
    () => {
      if (terminal) process.stdout.write(`\r\x1b[2K${'|/-\\'[seconds() % 4]} ${label} (${seconds()} s)`);
      else say(shown ? `  still at it: ${label} (${seconds()} s)` : `${label} ...`);
      shown = true;
    },
    terminal ? 1000 : 10_000,
  );
  const first = terminal
    ? undefined
    : setTimeout(() => !shown && (say(`${label} ...`), (shown = true)), 1000);
  try {
    const result = await work;
    clearInterval(tick);
    clearTimeout(first);
    if (terminal && shown) process.stdout.write('\r\x1b[2K');
    if (shown) say(`${label}: ${result?.code ? 'failed after' : 'done in'} ${seconds()} s`);
    return result;
  } finally {
    clearInterval(tick);
    clearTimeout(first);
  }
}
