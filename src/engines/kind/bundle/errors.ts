/** What is wrong with an offline bundle, in words: one place for all of its failures that are not another part's. */
import type { LabError } from '../../../lab/ports.ts';

export const NOT_A_BUNDLE: LabError = {
  code: 'not-a-bundle',
  message: 'This is no offline bundle of Underlay.',
  remedy: 'Give a file that `underlay bundle create` made.',
};

export const NEWER: LabError = {
  code: 'bundle-newer',
  message: 'This bundle is in a newer form than this Underlay can read.',
  remedy: 'Load it with the Underlay that it was made for, or make it anew with this one.',
};

export const UNFINISHED: LabError = {
  code: 'bundle-unfinished',
  message: 'This bundle was never finished.',
  remedy: 'Run `underlay bundle create` again with the same name: it goes on where it stopped.',
};

/** The next attempt begins anew, or with what is good. */
export const damaged = (what: string): LabError => ({
  code: 'bundle-damaged',
  message: `The bundle is damaged: ${what}.`,
  remedy: 'Copy it again, and check the copy with `underlay bundle verify`. Nothing of it was put in place.',
});

export const cutShort = (size: number, expected: number): LabError => ({
  code: 'bundle-cut',
  message: `The bundle has ${size} bytes of ${expected}: its end is missing.`,
  remedy: 'Copy it again, to its end: sticks have to be ejected, and FAT32 holds no file above 4 GB.',
});

export const stray = (name: string): LabError => ({
  code: 'bundle-stray-member',
  message: `The bundle holds ${name}, which does not belong there.`,
  remedy: 'Something other than Underlay wrote it: get it anew from a person you trust.',
});

/** @param what of the two differs, in words */
export const otherVersion = (what: string): LabError => ({
  code: 'bundle-other-version',
  message: `The bundle was made for another Underlay: ${what}.`,
  remedy: 'Make it anew with the version of Underlay that shall load it (`underlay bundle create`).',
});

export const otherPlatform = (platforms: readonly string[], engine: string): LabError => ({
  code: 'bundle-other-platform',
  message: `The bundle has images for ${platforms.join(' and ')}, and the Docker Engine here is ${engine}.`,
  remedy: `Make one with \`underlay bundle create --platform ${engine}\`.`,
});

export const otherFingerprint = (found: string, expected: string): LabError => ({
  code: 'bundle-other-fingerprint',
  message: `The bundle's fingerprint is ${found}, not ${expected}.`,
  remedy: 'It is not the bundle that was meant: get the right one, or ask whoever told you the fingerprint.',
});

export const manifestDiffers = (name: string, file: string): LabError => ({
  code: 'bundle-manifest-differs',
  message: `${name} in the bundle is not the one that this machine fetched before.`,
  remedy: `One of them is not what Calico published. If you trust the bundle, remove ${file} and load it again.`,
});

export const strangeArchive = (image: string, says: string): LabError => ({
  code: 'bundle-image-strange',
  message: `The archive of ${image} in the bundle is not one image: ${says}.`,
  remedy: 'Something other than Underlay wrote it: get it anew from a person you trust.',
});

export const imageOfOtherPlatform = (image: string, found: string, wanted: string): LabError => ({
  code: 'image-other-platform',
  message: `${image} is there for ${found}, and ${wanted} is needed.`,
  remedy: 'Remove that image and try again: it is fetched for the right one.',
});

export const bundleExists = (file: string): LabError => ({
  code: 'bundle-exists',
  message: `${file} is there already.`,
  remedy: 'Check it with `underlay bundle verify`, give another name, or remove it first.',
});

export const addressRefused = (url: string): LabError => ({
  code: 'bundle-address',
  message: `${url} is no address of a bundle.`,
  remedy: 'Give a file, or an address like http://10.0.0.5:8000/underlay.bundle.',
});

export const notReached = (url: string, says: string): LabError => ({
  code: 'bundle-not-reached',
  message: `${url} gives no bundle: ${says}.`,
  remedy: "Look at the address and the network; does the other machine's firewall let you in?",
});

/** Stops a stream of bytes that are not what they have to be. */
export class ChangedBytes extends Error {
  constructor() {
    super('it changed while it was read');
  }
}

/** A fault of the file system, or of what was read from; errors with words of their own keep them. */
export function fileFault(file: string, cause: unknown, signal: AbortSignal): LabError {
  if (signal.aborted) return { ...INTERRUPTED };
  if (cause instanceof ChangedBytes) return CHANGED;
  if (isLabError(cause)) return cause;
  const { code = String(cause) } = cause as { readonly code?: string };
  const row = FILE_FAULTS[code];
  if (row) return { code: row.code, message: `${file}: ${row.says}.`, remedy: row.remedy };
  if (!(cause instanceof Error) || !('syscall' in cause)) throw cause;
  return {
    code: 'file-failed',
    message: `${file} cannot be used: ${code}.`,
    remedy: 'Look at the disk and the rights of the folder, then try again.',
  };
}

export const CHANGED: LabError = {
  code: 'bundle-damaged',
  message: 'The bundle is damaged: what is read of it now is not what was read before.',
  remedy: 'The stick or disk is failing, or something writes to it: copy the bundle anew, to another one.',
};

export const INTERRUPTED: LabError = {
  code: 'interrupted',
  message: 'The work on the bundle was given up.',
  remedy: 'Try again: it goes on where it was.',
};

const FULL = {
  code: 'disk-full',
  says: 'the disk is full',
  remedy: 'Free some space there, then try again: it goes on where it was.',
};
const DENIED = {
  code: 'file-denied',
  says: 'this account may not use it',
  remedy: 'Look at the rights of the file and its folder, or give another place.',
};

const FILE_FAULTS: Readonly<Record<string, { code: string; says: string; remedy: string } | undefined>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EFBIG: {
    code: 'file-too-large',
    says: 'this disk holds no file as large as that',
    remedy: 'Format the stick as exFAT, or make a bundle for each platform.',
  },
  ENOENT: {
    code: 'no-such-file',
    says: 'there is no such file or folder',
    remedy: 'Look at the spelling; is the stick plugged in?',
  },
  EISDIR: { code: 'no-such-file', says: 'that is a folder', remedy: 'Give the name of the file in it.' },
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: DENIED,
  EIO: {
    code: 'file-unreadable',
    says: 'the disk cannot read or write it',
    remedy: 'The stick or disk is failing or was pulled out: copy the file anew, to another one.',
  },
};

export const isLabError = (cause: unknown): cause is LabError =>
  typeof cause === 'object' &&
  cause !== null &&
  ['code', 'message', 'remedy'].every((key) => typeof (cause as Record<string, unknown>)[key] === 'string');

export const engineTooOld = (platform: string): LabError => ({
  code: 'docker-too-old',
  message: `This Docker Engine keeps images of several platforms, and is too old to give out those for ${platform}.`,
  remedy: 'Update it to 28 or newer, or make that bundle on a machine of that platform.',
});

export const otherEngine = (arch: string): LabError => ({
  code: 'bundle-other-platform',
  message: `The Docker Engine here is of ${arch}, for which there are no images.`,
  remedy: 'Say for which engines the bundle shall be: `--platform linux/amd64`, or `linux/arm64`.',
});

export const noKindFor = (host: string): LabError => ({
  code: 'no-kind',
  message: `There is no kind for ${host}.`,
  remedy: 'Leave that machine out.',
});

export const everyAddress: LabError = {
  code: 'address-unnamed',
  message:
    'That stands for every address of this machine, also those on networks that are not the classroom.',
  remedy: 'Give the one that this machine has on the network of the classroom (`ip address`, `ipconfig`).',
};

export const notServed = (address: string, port: number, code: string): LabError =>
  code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND'
    ? {
        code: 'no-such-address',
        message: `${address} is no address of this machine.`,
        remedy:
          'Give the one that this machine has on the network of the classroom (`ip address`, `ipconfig`).',
      }
    : {
        code: 'port-taken',
        message: `Port ${port} of ${address} cannot be used: ${code}.`,
        remedy: 'Give another with --port, or leave it out to take any free one.',
      };

export const cannotRun = (platform: string): LabError => ({
  code: 'engine-runs-no-other',
  message: `The tool image for ${platform} is built by running its programs, and this Docker Engine cannot run them.`,
  remedy:
    'Use Docker Desktop, or install QEMU for it (binfmt); or make that bundle on a machine of that platform.',
});
