/** What a learner types or writes: shell lines, manifests, lab files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { parseLab } from '../../src/lab/spec.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import { parseShell } from '../../src/sim/shell/interpreter/parse.ts';
import { Failure } from '../../src/sim/shell/kubectl/failure.ts';
import { parseManifests } from '../../src/sim/shell/kubectl/manifest.ts';
import { labText } from '../support/lab-text.ts';
import { course } from '../support/labs.ts';
import { withstands } from './budget.ts';
import { mutatedText } from './mutation.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Golden {
  readonly cases: readonly { readonly script: string }[];
}

describe('shell lines', () => {
  const golden = JSON.parse(read('src/sim/shell/interpreter/bash.golden.json')) as Golden;
  const corpus = golden.cases.map(({ script }) => script);
  const tokens = [
    '$(',
    '`',
    '${',
    '}',
    '((',
    '))',
    '[[',
    ']]',
    '<<EOF\n',
    '<<<',
    '|',
    '||',
    '&&',
    ';;',
    ';&',
    'if ',
    'fi',
    'then ',
    'do ',
    'done',
    'case x in ',
    'esac',
    'function f ',
    '{',
    '\\',
    '"',
    "'",
    "$'",
    '\n',
    '#',
    '!',
    '=',
    '+=',
    '>&2',
    '2>',
    '<(',
    '*',
    '~',
    '\u0000',
  ];
  test('are a script, an unfinished one, or an error', () => {
    withstands({ make: (chance) => mutatedText(chance, corpus, tokens), read: parseShell });
  });
});

const YAML_TOKENS = [
  '---\n',
  '...',
  '&a ',
  '*a',
  '<<: *a',
  '!!binary ',
  '!!str ',
  '|\n',
  '>-\n',
  '[',
  ']',
  '{',
  '}',
  ': ',
  '- ',
  '? ',
  '\t',
  '"',
  "'",
  '#',
  '%YAML 1.1\n',
  'null',
  '~',
  '0x1F',
  '1e999',
  '\u0000',
  '\uFEFF',
  '\n  ',
  ',',
];

describe('YAML', () => {
  const manifests = [...course.labs.values()].flatMap(({ environment }) =>
    environment.start.map(({ text }) => text),
  );

  test('of manifests is objects, or kubectl’s error', () => {
    withstands({
      make: (chance) => mutatedText(chance, manifests, YAML_TOKENS),
      read: (text) => {
        try {
          parseManifests('fuzz.yaml', text);
        } catch (problem) {
          if (!(problem instanceof Failure)) throw problem;
        }
      },
    });
  });

  test('of labs and topologies is a value, or mistakes with their places', () => {
    const labs = [labText(), labText({ hints: '["a", "b"]' })];
    const topologies = [read('labs/topologies/two-racks.yaml'), read('labs/topologies/dual-stack.yaml')];
    withstands({
      make: (chance) => mutatedText(chance, labs, YAML_TOKENS),
      read: (text) => parseLab('lab.yaml', text),
    });
    withstands({
      make: (chance) => mutatedText(chance, topologies, YAML_TOKENS),
      read: (text) => parseTopology('topology.yaml', text),
    });
  });
});
