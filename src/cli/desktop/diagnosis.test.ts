/** Lines that Electron and Chromium print on their way to an early end; the sentences are ours. */
import { expect, test } from 'vitest';
import { diagnose } from './diagnosis.ts';

const end = { code: 1, signal: null, said: '' } as const;

test.each([
  [
    '[1234:0501/100000.000000:FATAL:electron_main_delegate.cc(287)] Running as root without --no-sandbox is not supported. See https://crbug.com/638180.',
    'it does not run as root',
  ],
  [
    '[1:0501/100000.1:FATAL:setuid_sandbox_host.cc(158)] The SUID sandbox helper binary was found, but is not configured correctly. Rather than run without sandboxing I am aborting now.',
    'its sandbox cannot be set up on this system, and Underlay does not run without it',
  ],
  [
    '[1:0501/100000.1:FATAL:zygote_host_impl_linux.cc(128)] No usable sandbox!',
    'its sandbox cannot be set up on this system, and Underlay does not run without it',
  ],
  [
    '/x/electron: error while loading shared libraries: libnss3.so: cannot open shared object file: No such file or directory',
    'the system library libnss3.so is missing',
  ],
  [
    '[1:0501/100000.1:ERROR:ozone_platform_x11.cc(250)] Missing X server or $DISPLAY',
    'the display does not answer',
  ],
  ['spawn /x/electron ENOEXEC', 'its program is for another kind of machine'],
])('%s', (said, reason) => {
  expect(diagnose({ ...end, said: `${said}\n` })).toBe(reason);
});

test('the last word of the host itself comes before what Chromium says', () => {
  const said =
    'underlay: first\n[1:1:ERROR:zygote_host_impl_linux.cc] x\nunderlay: The compiled course is missing.\n[1:ERROR] bye\n';
  expect(diagnose({ ...end, said })).toBe('The compiled course is missing.');
});

test('what is not known is shown', () => {
  expect(diagnose({ ...end, said: 'one\n\n  two  \n' })).toBe('with code 1: two');
  expect(diagnose({ code: null, signal: 'SIGTRAP', said: '' })).toBe('by signal SIGTRAP, without a word');
});
