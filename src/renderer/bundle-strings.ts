/** What the interface says of offline bundles: a part of the catalogue in strings.ts. */
export const bundleStrings = {
  title: 'Offline bundle',
  intro:
    'The first lab on a real cluster downloads about 1 GB. Where there is no network, or a slow one, load all of it from one file instead: from a stick, or from your instructor’s machine.',
  from: 'File or address',
  fromHelp:
    'The whole path of a file on this machine, like `/media/stick/underlay.bundle` or `E:\\underlay.bundle`, or an address, like `http://10.0.0.5:41235/underlay.bundle`.',
  choose: 'Choose a file…',
  fingerprint: 'Fingerprint',
  optional: 'if you were told one',
  fingerprintHelp: 'Its first 16 digits, from the whiteboard: then that bundle is loaded, and no other.',
  load: 'Load',
  loading: 'Loading…',
  begins: 'Opening the bundle',
  giveUp: 'Give up',
  givingUp: 'Giving up…',
  loaded: 'The bundle is loaded. Labs on real clusters need no network now.',
  parts: 'What labs need',
  came: { loaded: 'loaded', there: 'there already' },
  hasFingerprint: 'Its fingerprint is',
  goesOn: 'When that is mended, load it again: what is in place already is not loaded twice.',
  noPlace: {
    message: 'Which bundle?',
    remedy: 'Give a file or an address.',
  },
  noFingerprint: {
    message: 'A fingerprint has 16 to 64 digits, of 0 to 9 and a to f.',
    remedy: 'Look at the whiteboard again, or leave the field empty.',
  },
  cut: {
    message: 'The connection was lost while the bundle was being loaded.',
    remedy: 'Load it again: what is in place stays, and the rest is loaded.',
  },
} as const;
