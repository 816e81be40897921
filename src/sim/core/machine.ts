/** What every machine of a lab boots, and the system of its nodes (kindest/node of kind v0.32.0). */
export const KERNEL_RELEASE = '6.12.57+deb13-amd64';

export interface OperatingSystem {
  readonly version: string;
  readonly codename: string;
  readonly name: string;
}

export const NODE_OS: OperatingSystem = {
  version: '13',
  codename: 'trixie',
  name: 'Debian GNU/Linux 13 (trixie)',
};

/** Of everything but the nodes. */
export const MACHINE_OS: OperatingSystem = {
  version: '12',
  codename: 'bookworm',
  name: 'Debian GNU/Linux 12 (bookworm)',
};
