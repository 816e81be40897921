/** What can go wrong between a topology and the containers that are to be it. */
import type { LabError } from '../../../lab/ports.ts';

const AGAIN = 'Reset the lab. If it happens again, close the lab and open it anew.';

/** @param said what the commands at the place said last */
export const notAsPlanned = (place: string, said: string): LabError => ({
  code: 'fabric-not-as-planned',
  message: `The network of ${place} could not be brought into the state that the lab describes${said === '' ? '' : `: ${firstLine(said)}`}.`,
  remedy: AGAIN,
});

export const unreadable = (place: string, said: string): LabError => ({
  code: 'fabric-unreadable',
  message: `The network of ${place} could not be looked at${said === '' ? '' : `: ${firstLine(said)}`}.`,
  remedy: AGAIN,
});

export const neverStarted = (place: string): LabError => ({
  code: 'fabric-node-not-started',
  message: `The container of ${place} did not come to start its init system.`,
  remedy: 'Look at the log of the creation, and give Docker more memory or processors.',
});

export const tooNarrow = (network: string, has: number, needs: number): LabError => ({
  code: 'fabric-network-too-narrow',
  message: `The Docker network ${network} carries packets of ${has} bytes, and this lab needs ${needs}.`,
  remedy: 'Use a Docker Engine that honours the network option com.docker.network.driver.mtu.',
});

export const notThere = (what: string): LabError => ({
  code: 'fabric-missing',
  message: `${what} is not there, or not running.`,
  remedy: AGAIN,
});

export const imageNotBuilt = (said: string): LabError => ({
  code: 'tool-image-not-built',
  message: `Underlay's tool image could not be built: ${firstLine(said)}.`,
  remedy:
    'Its packages come from a Debian mirror: connect to the network, or set UNDERLAY_DEBIAN_MIRROR to one you can reach, or load a bundle.',
});

export const imageMissing = (reference: string): LabError => ({
  code: 'tool-image-missing',
  message: `The image ${reference}, which UNDERLAY_TOOL_IMAGE names, is not in the engine.`,
  remedy: 'Load it with `docker load`, or unset UNDERLAY_TOOL_IMAGE.',
});

const firstLine = (text: string): string => (text.trim().split('\n')[0] ?? '').replace(/[.:\s]+$/, '');
