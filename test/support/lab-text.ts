/** A small lab in YAML, to be bent by tests: `labWith({ checks: '...' })`. */
import { parseLab, type LabSpec } from '../../src/lab/spec.ts';
import { formatDiagnostics } from '../../src/lab/diagnostic.ts';

export interface LabParts {
  readonly checks?: string;
  readonly predict?: string;
  readonly hints?: string;
}

/** The checks begin on line 14. */
export function labText({
  checks = '- object: { resource: pods, name: a }',
  predict,
  hints,
}: LabParts = {}): string {
  return [
    'id: small',
    'title: A small lab',
    'level: introductory',
    'minutes: 5',
    'engines: [sim]',
    'topology: two-racks',
    'calico: { install: manifest, pools: user }',
    'steps:',
    '  - id: first',
    '    title: The first step',
    '    task: Do it.',
    ...(hints === undefined ? ['    hints: []'] : [`    hints: ${hints}`]),
    '    checks:',
    checks.replace(/^/gm, '      '),
    ...(predict === undefined ? [] : [`    predict: ${predict}`]),
    '',
  ].join('\n');
}

export function labWith(parts: LabParts = {}): LabSpec {
  const parsed = parseLab('lab.yaml', labText(parts));
  if (!parsed.ok) throw new Error(formatDiagnostics(parsed.error));
  return parsed.value;
}

/** What `parseLab` complains about; empty when it does not. */
export function mistakesIn(text: string): readonly string[] {
  const parsed = parseLab('lab.yaml', text);
  return parsed.ok ? [] : formatDiagnostics(parsed.error).split('\n');
}
