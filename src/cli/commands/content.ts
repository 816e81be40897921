/**
 * `underlay content check`: every lesson, lab and topology compiles, and their references hold. `underlay content models`: the
 * page that says what the simulator models, written anew.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { simulatorPage } from '../../sim/index.ts';
import type { CliCommand } from '../command.ts';
import { readCourse } from '../course-files.ts';
import { EXIT } from '../exit-code.ts';
import { complain, say } from '../output.ts';
import { PATHS } from '../paths.ts';

export const contentCheck: CliCommand = {
  name: 'content check',
  spec: {
    usage: 'underlay content check [FOLDER]',
    summary:
      'Check the lessons and labs of a folder that holds content/ and labs/ (default: the course itself).',
    flags: {},
    words: { min: 0, max: 1 },
  },
  async run({ words }) {
    const course = await readCourse(words[0] ?? PATHS.root);
    if (!course.ok) {
      complain(course.error);
      return EXIT.usage;
    }
    const { lessons, labs } = course.value;
    say(`${counted(lessons.size, 'lesson')} and ${counted(labs.size, 'lab')}: no mistakes.`);
    return EXIT.pass;
  },
};

const PAGE = 'docs/simulator.md';

export const contentModels: CliCommand = {
  name: 'content models',
  spec: {
    usage: 'underlay content models [FOLDER]',
    summary: `Write ${PAGE}, the page that says what the simulator models, into a checkout (default: this one).`,
    flags: {},
    words: { min: 0, max: 1 },
  },
  async run({ words }) {
    const file = path.join(words[0] ?? PATHS.root, PAGE);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, simulatorPage());
    say(`${file}: written.`);
    return EXIT.pass;
  },
};

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
