import { expect, test } from 'vitest';
import { withDefaults } from './decoding.ts';
import { array, map, object, string } from './schema.ts';

const PORT = object({ name: string(), protocol: { ...string(), default: 'TCP' } });
const SPEC = object({ ports: array(PORT), byName: map(PORT), note: string() });

test('defaults are filled in where they lack, in lists and maps too', () => {
  const lacking = { ports: [{ name: 'web' }, { name: 'dns', protocol: 'UDP' }], byName: { web: {} } };
  expect(withDefaults(SPEC, lacking)).toEqual({
    ports: [
      { name: 'web', protocol: 'TCP' },
      { name: 'dns', protocol: 'UDP' },
    ],
    byName: { web: { protocol: 'TCP' } },
  });
});

test('what lacks nothing is given back as it is: thousands of pods share the parts of their template', () => {
  const whole = { ports: [{ name: 'web', protocol: 'TCP' }], byName: { web: { protocol: 'TCP' } }, note: '' };
  expect(withDefaults(SPEC, whole)).toBe(whole);
});
