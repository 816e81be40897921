/** Why a window did not stay open, read from what Electron printed. */

/** Begins each line that the desktop host itself says on standard error; the rest of what stands there is Chromium's. */
export const DESKTOP_SAYS = 'underlay: ';

/** What Electron 45 prints on its ways to an early end, and what that means. */
const KNOWN: readonly (readonly [RegExp, (found: RegExpExecArray) => string])[] = [
  [/running as root without --no-sandbox/i, () => 'it does not run as root'],
  [
    /SUID sandbox helper|setuid_sandbox|No usable sandbox|namespace sandbox|zygote_host_impl/i,
    () => 'its sandbox cannot be set up on this system, and Underlay does not run without it',
  ],
  [
    /error while loading shared libraries: ([^\s:]+)/,
    ([, library = '']) => `the system library ${library} is missing`,
  ],
  [
    /Missing X server|cannot open display|Unable to open X display|Failed to connect to Wayland|ozone_platform/i,
    () => 'the display does not answer',
  ],
  [
    /cannot execute binary file|Exec format error|ENOEXEC/i,
    () => 'its program is for another kind of machine',
  ],
];

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What was printed on standard error, or why the program could not be started at all. */
  readonly said: string;
}

/** The rest of a sentence that begins with "Electron ended: ". */
export function diagnose({ code, signal, said }: End): string {
  const lines = said
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const own = lines.findLast((line) => line.startsWith(DESKTOP_SAYS));
  if (own !== undefined) return own.slice(DESKTOP_SAYS.length);
  for (const [pattern, meaning] of KNOWN) {
    const found = pattern.exec(said);
    if (found) return meaning(found);
  }
  const how = signal === null ? `with code ${String(code)}` : `by signal ${signal}`;
  const last = lines.at(-1);
  return last === undefined ? `${how}, without a word` : `${how}: ${last.slice(0, 200)}`;
}
