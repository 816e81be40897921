/** Failures of the simulator engine, as values with a remedy. */
import type { LabError } from '../../lab/ports.ts';

export const CRASHED: LabError = {
  code: 'engine-crashed',
  message: 'The simulator stopped unexpectedly.',
  remedy: 'Restart the lab: your files and command history are kept.',
};

export const INTERRUPTED: LabError = {
  code: 'interrupted',
  message: 'The question was given up before the simulator answered.',
  remedy: 'Try again.',
};

export function startFailed(detail: string): LabError {
  return {
    code: 'lab-start-failed',
    message: `The lab's start state could not be built: ${detail}`,
    remedy: 'This is a fault of the lab, not yours; please report it.',
  };
}

export function noSuchPlace(place: string): LabError {
  return {
    code: 'no-such-place',
    message: `There is no ${place} in this lab right now.`,
    remedy: 'Choose a place from the list; a pod must be running.',
  };
}

export function noSuchFile(place: string, path: string): LabError {
  return {
    code: 'no-such-file',
    message: `${place} has no file ${path}.`,
    remedy: 'Look at the name with ls.',
  };
}

export function portTaken(port: number): LabError {
  return {
    code: 'port-taken',
    message: `Port ${port} of 127.0.0.1 is in use.`,
    remedy: 'Choose another port, or none to take any free one.',
  };
}

export function portForbidden(port: number): LabError {
  return {
    code: 'port-forbidden',
    message: `This account may not listen on port ${port}.`,
    remedy: 'Choose a port above 1023.',
  };
}

export function snapshotDamaged(detail: string): LabError {
  return {
    code: 'snapshot-damaged',
    message: `The kept state of this lab cannot be read: ${detail}.`,
    remedy: 'Start the lab over; your files are kept.',
  };
}

export function snapshotOutdated(): LabError {
  return {
    code: 'snapshot-outdated',
    message: 'The kept state of this lab was made by another version of Underlay.',
    remedy: 'Start the lab over; your files are kept.',
  };
}

export function snapshotOfAnotherLab(): LabError {
  return {
    code: 'snapshot-of-another-lab',
    message: 'The kept state belongs to a lab with other nodes and networks.',
    remedy: 'Start the lab over; your files are kept.',
  };
}

export function noSuchMoment(moment: number): LabError {
  return {
    code: 'no-such-moment',
    message: `The history of this lab has no entry ${moment}, or keeps it no longer.`,
    remedy: 'Choose an entry of the log.',
  };
}

export function captureRefused(detail: string): LabError {
  return {
    code: 'capture-refused',
    message: detail,
    remedy: 'Look at the devices of the place with ip link, and at the filter with man pcap-filter.',
  };
}

export function noSuchCapture(id: number): LabError {
  return {
    code: 'no-such-capture',
    message: `There is no capture ${id}, or it was stopped.`,
    remedy: 'Start a new one.',
  };
}

export const TOO_MANY_CAPTURES: LabError = {
  code: 'too-many-captures',
  message: 'So many captures are running that no more can be started.',
  remedy: 'Stop one of them.',
};

export function faultRefused(detail: string): LabError {
  return { code: 'fault-refused', message: `${detail}.`, remedy: 'Look at the list of faults.' };
}

export function machineOff(place: string): LabError {
  return {
    code: 'machine-off',
    message: `${place} is switched off.`,
    remedy: 'Switch it on again: clear the fault.',
  };
}
