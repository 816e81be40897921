/** The simulator's first law: it bundles for a browser, and what it is made of touches no host, clock or chance. */
import { beforeAll, expect, test } from 'vitest';
import { bundleForBrowser } from '../support/bundle.ts';

let code: string;

beforeAll(async () => {
  code = await bundleForBrowser('src/sim/index.ts');
}, 60_000);

test('the bundle is whole', () => {
  expect(code.length).toBeGreaterThan(100_000);
  expect(code).toContain('kube-system');
});

test.each([
  ['an import', /^\s*(import|export)\b[^;]*\bfrom\s*["']|^\s*import\s*["']|\bimport\(|\brequire\(/m],
  ['a Node module', /["']node:/],
  ['the process', /\bprocess\.[a-z]/],
  ['the clock', /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/],
  ['chance', /\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b/],
  ['timers', /\bset(Timeout|Interval|Immediate)\b|\brequestAnimationFrame\b/],
  ['the network', /\bfetch\(|\bXMLHttpRequest\b|\bnew WebSocket\b/],
])('it holds no trace of %s', (_, pattern) => {
  const found = pattern.exec(code);
  expect(found && code.slice(Math.max(0, found.index - 60), found.index + 60)).toBeNull();
});
