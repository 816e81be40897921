import { describe, expect, test } from 'vitest';
import { formatDiagnostics } from './diagnostic.ts';
import { parseScript, type LabScript } from './script.ts';

function script(...lines: readonly string[]): LabScript {
  const parsed = parseScript('s.sh', lines.join('\n'));
  if (!parsed.ok) throw new Error(formatDiagnostics(parsed.error));
  return parsed.value;
}

describe('a lab script', () => {
  test('is cut into parts by where and when they run', () => {
    const { parts, expectations } = script(
      '# What this does.',
      '#@ fails switch-pool ippool default-ipv4-ippool',
      '#@ passes switch-pool reach pod/client pod/far',
      '#@ step see-it',
      '#@ node/node1',
      'tcpdump -c 4 &',
      '#@ workstation',
      'kubectl apply -f - <<EOF',
      'kind: Pod',
      'EOF',
      '',
      '#@ step next',
      'kubectl get pods',
    );
    expect(expectations).toEqual([
      { outcome: 'fails', step: 'switch-pool', kind: 'ippool', words: ['default-ipv4-ippool'], line: 2 },
      { outcome: 'passes', step: 'switch-pool', kind: 'reach', words: ['pod/client', 'pod/far'], line: 3 },
    ]);
    expect(parts).toEqual([
      { place: { kind: 'node', name: 'node1' }, step: 'see-it', line: 6, text: 'tcpdump -c 4 &' },
      {
        place: { kind: 'workstation' },
        step: 'see-it',
        line: 8,
        text: 'kubectl apply -f - <<EOF\nkind: Pod\nEOF',
      },
      { place: { kind: 'workstation' }, step: 'next', line: 13, text: 'kubectl get pods' },
    ]);
  });

  test('of comments and blank lines has no parts', () => {
    expect(script('#!/bin/sh', '', '# nothing yet')).toEqual({ parts: [], expectations: [] });
  });

  test.each([
    ['#@ nowhere/at/all'],
    ['#@ step'],
    ['#@ step a b'],
    ['#@ fails a'],
    ['#@ fails a colour'],
    ['#@'],
  ])('with %s is refused', (line) => {
    const parsed = parseScript('s.sh', `true\n${line}\n`);
    expect(parsed.ok ? '' : formatDiagnostics(parsed.error)).toBe(
      `s.sh:2:1: "${line}" is no directive: write #@ <place>, #@ step <id>, or #@ fails|passes <step> <check kind> <words>`,
    );
  });
});
