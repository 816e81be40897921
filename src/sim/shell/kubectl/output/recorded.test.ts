/** Replays what the real kubectl printed (fixtures, each with its provenance) against our printers. */
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../../base/json.ts';
import goTemplates from '../fixtures/go-template.golden.json' with { type: 'json' };
import jsonPaths from '../fixtures/jsonpath.golden.json' with { type: 'json' };
import yaml from '../fixtures/yaml.golden.json' with { type: 'json' };
import { prettyJson } from './json-text.ts';
import { objectPrinter, OBJECT_FORMATS } from './object-printer.ts';
import { yamlText } from './yaml-text.ts';

const asObject = (value: unknown): JsonObject => value as JsonObject;

function printed(output: string, object: JsonObject): { readonly stdout: string; readonly stderr: string } {
  const printer = objectPrinter(output, OBJECT_FORMATS);
  const text = printer.ok ? printer.value(object) : printer;
  if (text.ok) return { stdout: text.value, stderr: '' };
  return { stdout: '', stderr: `error: ${text.error}${text.error.endsWith('\n') ? '' : '\n'}` };
}

/** Go walks maps in random order, so any order of the same values is right. */
const UNORDERED = new Set(['{..name}', '{.spec..image}', '{.metadata.labels.*}']);
const words = (text: string): readonly string[] => text.split(' ').sort();

describe('-o jsonpath', () => {
  test.each(jsonPaths.cases)('$template', ({ template, stdout, stderr }) => {
    const ours = printed(`jsonpath=${template}`, asObject(jsonPaths.object));
    if (UNORDERED.has(template)) expect(words(ours.stdout)).toEqual(words(stdout));
    else expect(ours).toEqual({ stdout, stderr });
  });
});

/** Where we say it in our words: the real message names Go's parser positions or types. */
const OWN_WORDS = /parsing template|executing template/;

describe('-o go-template', () => {
  test.each(goTemplates.cases)('$template', ({ template, stdout, stderr }) => {
    const ours = printed(`go-template=${template}`, asObject(goTemplates.object));
    if (OWN_WORDS.test(stderr)) expect(ours.stderr).toMatch(/^error: error (parsing|executing) template/);
    else expect(ours).toEqual({ stdout, stderr });
  });
});

describe('-o yaml and -o json', () => {
  test('strings that need quotes, blocks or folds, in go-yaml key order', () => {
    const map = { apiVersion: 'v1', data: yaml.data, kind: 'ConfigMap', metadata: { name: 'x' } };
    expect(yamlText(map as Json)).toBe(yaml.yaml);
  });

  test('a pod', () => {
    expect(yamlText(asObject(yaml.object))).toBe(yaml.objectYaml);
  });

  test('JSON escapes and sorts as Go does', () => {
    const { data, ...rest } = JSON.parse(yaml.json) as { data: Record<string, string> };
    expect(data).toEqual(yaml.data);
    expect(prettyJson({ html: '<a> & b', ...(rest as JsonObject) }).split('\n')[3]).toBe(
      '    "kind": "ConfigMap",',
    );
    expect(prettyJson({ html: '<a> & b' })).toBe('{\n    "html": "\\u003ca\\u003e \\u0026 b"\n}');
  });
});
