/** The versions whose behaviour and output the simulator models; the kind engine installs the same. */
export const KUBERNETES_VERSION = '1.35.5';
export const CALICO_VERSION = '3.32.1';
