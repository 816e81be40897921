/**
 * How long a container's process runs. Servers run until they are stopped; the few commands that lessons use to make a
 * pod finish or crash are recognised. Everything else counts as a server.
 */
import type { JsonObject } from '../../../base/json.ts';
import type { Millis } from '../../core/time.ts';
import { at, textAt, textsAt } from '../fields.ts';

export interface ProgramEnd {
  readonly after: Millis;
  readonly exitCode: number;
}

/** Images whose own command is a shell: without a terminal or a command they end at once. */
const SHELL_IMAGES = ['busybox', 'alpine', 'debian', 'ubuntu'];

/** When the container's process ends by itself; undefined when it does not. */
export function programEnd(container: JsonObject): ProgramEnd | undefined {
  const argv = [...textsAt(container, 'command'), ...textsAt(container, 'args')];
  if (argv.length > 0) return commandEnd(argv);
  const program = /([^/:@]+)(?:[:@][^/]*)?$/.exec(textAt(container, 'image'))?.[1] ?? '';
  const interactive = at(container, 'stdin') === true;
  return SHELL_IMAGES.includes(program) && !interactive ? { after: 0, exitCode: 0 } : undefined;
}

function commandEnd(argv: readonly string[]): ProgramEnd | undefined {
  const [command = '', ...args] = argv;
  switch (command.replace(/^.*\//, '')) {
    case 'true':
    case 'echo':
      return { after: 0, exitCode: 0 };
    case 'false':
      return { after: 0, exitCode: 1 };
    case 'sleep':
      return sleepEnd(args[0]);
    case 'sh':
    case 'bash':
    case 'ash':
      return args[0] === '-c' ? scriptEnd(args[1] ?? '') : undefined;
    default:
      return undefined;
  }
}

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86400 };

function sleepEnd(duration: string | undefined): ProgramEnd | undefined {
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(duration ?? '');
  if (!match)
    return duration === undefined || duration === 'infinity' ? undefined : { after: 0, exitCode: 1 };
  return { after: Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1) * 1000, exitCode: 0 };
}

/** A list of simple commands; undefined as soon as one of them is not known to end. */
function scriptEnd(script: string): ProgramEnd | undefined {
  let after = 0;
  let exitCode = 0;
  for (const line of script
    .split(/&&|;|\n/)
    .map((part) => part.trim())
    .filter((part) => part !== '')) {
    const words = line.split(/\s+/);
    if (words[0] === 'exit') return { after, exitCode: Number(words[1] ?? exitCode) };
    const end = commandEnd(words);
    if (!end) return undefined;
    after += end.after;
    ({ exitCode } = end);
  }
  return { after, exitCode };
}
