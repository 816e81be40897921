/**
 * Scripts of a lab (solution, pitfalls, a learner's own): shell, cut into parts by directives that say where each runs.
 *
 *     #@ node/node1          the lines below run in this place's shell; the workstation's until said
 *     #@ step see-it         the lines below belong to this step of the lab
 *     #@ fails STEP KIND ... / #@ passes STEP KIND ...   which check of a step a pitfall fails or passes
 *     tcpdump -c 4 ... &     a part that ends in & goes on while the next ones run
 *
 * The lines between two directives are one part and run as one shell script: here-documents and loops just work.
 */
import { err, ok, type Result } from '../base/result.ts';
import { parsePlace, WORKSTATION, type Place } from '../model/place.ts';
import type { Diagnostic } from './diagnostic.ts';
import { CHECK_KINDS, type CheckKind } from './verdict.ts';

export interface ScriptPart {
  readonly place: Place;
  /** Of the first line of `text`, 1-based. */
  readonly line: number;
  readonly step: string | undefined;
  readonly text: string;
}

/** `words` narrow the check down: every one must occur in its title. */
export interface Expectation {
  readonly outcome: 'fails' | 'passes';
  readonly step: string;
  readonly kind: CheckKind;
  readonly words: readonly string[];
  /** Of the directive, 1-based. */
  readonly line: number;
}

export interface LabScript {
  readonly parts: readonly ScriptPart[];
  readonly expectations: readonly Expectation[];
}

export function parseScript(file: string, text: string): Result<LabScript, readonly Diagnostic[]> {
  const parts: ScriptPart[] = [];
  const expectations: Expectation[] = [];
  const diagnostics: Diagnostic[] = [];
  let place: Place = WORKSTATION;
  let step: string | undefined;
  let open: { line: number; lines: string[] } | undefined;
  const close = (): void => {
    if (open?.lines.some(says)) {
      parts.push({ place, step, line: open.line, text: open.lines.join('\n').trimEnd() });
    }
    open = undefined;
  };
  text.split('\n').forEach((line, at) => {
    const directive = /^#@\s*(.*?)\s*$/.exec(line);
    if (!directive) {
      open ??= { line: at + 1, lines: [] };
      open.lines.push(line);
      return;
    }
    close();
    const read = parseDirective(directive[1] ?? '', at + 1);
    if (read === undefined) {
      const message = `"${line.trim()}" is no directive: write #@ <place>, #@ step <id>, or #@ fails|passes <step> <check kind> <words>`;
      diagnostics.push({ file, line: at + 1, column: 1, path: '', message });
    } else if ('outcome' in read) expectations.push(read);
    else if ('step' in read) step = read.step;
    else place = read.place;
  });
  close();
  return diagnostics.length > 0 ? err(diagnostics) : ok({ parts, expectations });
}

/** Whether a line is more than blank or a comment. */
const says = (line: string): boolean => !/^\s*(#|$)/.test(line);

function parseDirective(
  text: string,
  line: number,
): Expectation | { readonly step: string } | { readonly place: Place } | undefined {
  const [word = '', ...rest] = text.split(/\s+/);
  if (word === 'step') return rest.length === 1 ? { step: rest[0] ?? '' } : undefined;
  if (word === 'fails' || word === 'passes') {
    const [step, kind, ...words] = rest;
    const known = CHECK_KINDS.find((candidate) => candidate === kind);
    return step !== undefined && known ? { outcome: word, step, kind: known, words, line } : undefined;
  }
  const place = rest.length === 0 ? parsePlace(word) : undefined;
  return place && { place };
}
