/**
 * What kubectl says about YAML that does not parse (go-yaml v2's sentences and its way of counting lines: from the start
 * of the document, none for its first line), and after it, in plain words, where in the file that is.
 */
import type { YAMLParseError } from 'yaml';

interface Meaning {
  readonly sentence: string;
  /** Who notices in go-yaml: the scanner counts lines from one, the parser from zero. */
  readonly by: 'scanner' | 'parser';
  readonly advice: string;
}

const NESTED: Meaning = {
  sentence: 'mapping values are not allowed in this context',
  by: 'scanner',
  advice: 'a second `key:` begins inside a value; check the indentation, or quote the value',
};
const NO_KEY: Meaning = {
  sentence: 'did not find expected key',
  by: 'parser',
  advice: 'the line does not fit its surroundings; check its indentation',
};
const BAD_START: Meaning = {
  sentence: 'found character that cannot start any token',
  by: 'scanner',
  advice: 'a value cannot begin with this character; quote it',
};

const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ['BLOCK_AS_IMPLICIT_KEY', NESTED],
  ['MULTILINE_IMPLICIT_KEY', NESTED],
  ['BAD_SCALAR_START', BAD_START],
  ['TAB_AS_INDENT', { ...BAD_START, advice: 'YAML is indented with spaces, never with tabs' }],
]);

export interface YamlPosition {
  /** From one, in the file. */
  readonly line: number;
  readonly column: number;
}

export interface YamlComplaint {
  /** `yaml: line 3: ...`, as go-yaml words it. */
  readonly message: string;
  readonly advice: string;
  readonly at: YamlPosition;
}

/** `text` is the whole file, `documentLine` the line (from one) on which the failing document begins. */
export function yamlComplaint(error: YAMLParseError, text: string, documentLine: number): YamlComplaint {
  const meaning = meaningOf(error);
  const offset = offsetOf(error, text, meaning);
  const at = positionOf(text, offset);
  const seen = at.line - documentLine + (meaning.sentence.startsWith('could not') ? 1 : 0);
  const line = seen <= 0 ? '' : `line ${meaning.by === 'scanner' ? seen + 1 : seen}: `;
  return { message: `yaml: ${line}${meaning.sentence}`, advice: meaning.advice, at };
}

function meaningOf(error: YAMLParseError): Meaning {
  const known = MEANINGS.get(error.code);
  if (known) return known;
  const [, closer] = /must be sufficiently indented and end with a ([}\]])/.exec(error.message) ?? [];
  if (closer !== undefined) {
    return {
      sentence: `did not find expected ',' or '${closer}'`,
      by: 'parser',
      advice: `an opening bracket has no closing ${closer}`,
    };
  }
  if (error.code !== 'MISSING_CHAR') return NO_KEY;
  return error.message.includes('quote')
    ? {
        sentence: 'found unexpected end of stream',
        by: 'scanner',
        advice: 'a quote that was opened is never closed',
      }
    : {
        sentence: "could not find expected ':'",
        by: 'scanner',
        advice: 'a line is neither `key: value` nor part of a longer value',
      };
}

/** go-yaml marks the offending colon, our parser the beginning of the value it stands in. */
function offsetOf(error: YAMLParseError, text: string, meaning: Meaning): number {
  const start = error.pos[0];
  if (meaning !== NESTED) return start;
  const colon = text.slice(start).search(/:(\s|$)/);
  return colon < 0 ? start : start + colon;
}

export function positionOf(text: string, offset: number): YamlPosition {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
}
