import { expect, test } from 'vitest';
import { copyText, singleCommand } from './commands.ts';

const lines = (text: string): { text: string }[][] => text.split('\n').map((line) => [{ text: line }]);

test.each([
  ['bash', 'ip route', 'ip route'],
  ['bash', '# look first\nkubectl get pods \\\n  -o wide', 'kubectl get pods -o wide'],
  ['console', '$ kubectl get pods\nNAME   READY', 'kubectl get pods'],
  ['console', '# ip -d link show vxlan.calico\n7: vxlan.calico', 'ip -d link show vxlan.calico'],
  ['bash', 'ip route\nip neigh', undefined],
  ['console', '$ ip route\n$ ip neigh', undefined],
  ['yaml', 'kind: IPPool', undefined],
])('the one command of a %s block', (language, text, command) => {
  expect(singleCommand(language, lines(text))).toBe(command);
});

test('copying a transcript takes its commands, copying a file takes all of it', () => {
  expect(copyText('console', lines('$ ip route\ndefault via 10.0.0.1\n$ ip neigh'))).toBe(
    'ip route\nip neigh',
  );
  expect(copyText('console', lines('default via 10.0.0.1'))).toBe('default via 10.0.0.1');
  expect(copyText('yaml', lines('a: 1\nb: 2'))).toBe('a: 1\nb: 2');
});
