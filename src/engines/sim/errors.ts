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
