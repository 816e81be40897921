/**
 * No flag of the real kubectl is unknown to the in-app one: each command's own list of options (`--help`) is given to ours,
 * flag by flag, with the initial value it prints. Ours takes it, or refuses it in a sentence (refused-flags.ts). Skipped by
 * name where kubectl is missing or too old.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { HONOURED } from '../../src/sim/shell/kubectl/honoured.ts';
import { KubectlLab } from '../../src/sim/shell/kubectl/lab.contract.ts';
import { whyNoKubectl } from './binary.ts';

const missing = whyNoKubectl();

/** `    -o, --output='':` as words to type, in each spelling. */
function optionsIn(help: string): readonly string[] {
  return [...help.matchAll(/^ {4}(?:-(\w), )?--([\w-]+)=(.*):$/gm)].flatMap(
    ([, short, name = '', shown = '']) => {
      const value = shown === '[]' ? 'x' : shown.replace(/^'(.*)'$/, '$1');
      return [`--${name}=${value}`, ...(short === undefined ? [] : [`-${short}=${value}`])];
    },
  );
}

function optionsOf(words: readonly string[]): readonly string[] {
  return optionsIn(spawnSync('kubectl', words, { encoding: 'utf8' }).stdout);
}

describe.skipIf(missing !== undefined)(
  `the flags of the real kubectl${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    const lab = new KubectlLab();

    /** The options ours complains about, each with its complaint. */
    async function unknown(path: string, options: readonly string[]): Promise<readonly string[]> {
      const said = await Promise.all(
        options.map((option) => lab.kubectl([...path.split(' '), option, '--help'])),
      );
      return options.flatMap((option, at) =>
        said[at]?.code === 0 ? [] : [`${option}: ${said[at]?.stderr ?? ''}`],
      );
    }

    test.each(HONOURED.map((verb) => [verb.path, verb] as const))('kubectl %s', async (path, { flags }) => {
      const options = optionsOf([...path.split(' '), '--help']);
      expect(options.length).toBeGreaterThanOrEqual(flags.length);
      expect(await unknown(path, options)).toEqual([]);
    });

    test('those of every command', async () => {
      const options = optionsOf(['options']);
      expect(options.length).toBeGreaterThan(20);
      expect(await unknown('get', options)).toEqual([]);
    });
  },
);
