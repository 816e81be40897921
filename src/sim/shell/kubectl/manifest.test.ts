import { describe, expect, test } from 'vitest';
import bad from './fixtures/bad-yaml.golden.json' with { type: 'json' };
import { Failure } from './failure.ts';
import { parseManifests } from './manifest.ts';

function complaint(file: string, text: string): string {
  try {
    parseManifests(file, text);
    return '';
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}

describe('YAML that does not parse', () => {
  test.each(bad.cases)('$file says what the real kubectl says', ({ file, text, stderr }) => {
    expect(`${complaint(file, text).split('\n')[0] ?? ''}\n`).toBe(stderr);
  });

  test('and where in the file, also behind earlier documents', () => {
    const text = 'apiVersion: v1\nkind: Pod\n---\nkind: Pod\nmetadata:\n  name: a: b\n';
    expect(complaint('two.yaml', text)).toBe(
      [
        'error: error parsing two.yaml: error converting YAML to JSON: yaml: line 3: mapping values are not allowed in this context',
        'two.yaml, line 6, column 10: a second `key:` begins inside a value; check the indentation, or quote the value. Nothing was sent to the cluster.',
      ].join('\n'),
    );
  });
});

describe('YAML that parses', () => {
  test('is YAML 1.1 as go-yaml reads it: yes is a boolean, 0644 octal, a date text', () => {
    const [manifest] = parseManifests('x', 'a: yes\nb: 0644\nc: 2026-05-01\nd: 1.10\ne: 12:30:45\nf: "no"\n');
    expect(manifest?.object).toEqual({ a: true, b: 420, c: '2026-05-01', d: 1.1, e: '12:30:45', f: 'no' });
  });

  test('opens lists and skips empty documents', () => {
    const text =
      '---\n---\nkind: List\napiVersion: v1\nitems:\n- {kind: Pod}\n- {kind: Service}\n---\n# nothing\n';
    expect(parseManifests('x', text).map(({ object }) => object['kind'])).toEqual(['Pod', 'Service']);
  });

  test('refuses what is no object', () => {
    expect(complaint('list.yaml', '- a\n')).toBe(
      'error: unable to decode "list.yaml": json: cannot unmarshal array into Go value of type unstructured.detector',
    );
  });
});
