/** What measuring and asking on a real cluster can fail with, as values with a remedy. */
import type { LabError } from '../../../lab/ports.ts';

export const INTERRUPTED: LabError = {
  code: 'interrupted',
  message: 'The question was given up before the cluster answered.',
  remedy: 'Try again.',
};

export function noSuchPlace(place: string): LabError {
  return {
    code: 'no-such-place',
    message: `There is no ${place} in this lab right now.`,
    remedy: 'Choose a place from the list; a pod must be running.',
  };
}

export function placeNotRunning(place: string): LabError {
  return {
    code: 'place-not-running',
    message: `${place} is not running, so nothing can be sent from it.`,
    remedy: 'Wait until it runs, or reset the lab.',
  };
}

export function unknownResource(resource: string): LabError {
  return {
    code: 'unknown-resource',
    message: `The cluster has no resource "${resource}".`,
    remedy: 'Name it as kubectl api-resources does, with its group: ippools.crd.projectcalico.org.',
  };
}

export function apiRefused(resource: string, says: string): LabError {
  return {
    code: 'api-refused',
    message: `The API server refused the question about ${resource}: ${says}`,
    remedy: 'Reset the lab and try again.',
  };
}

/** Nothing was found out; this is never an answer about the flow. */
export function notMeasured(detail: string): LabError {
  return {
    code: 'not-measured',
    message: `The flow could not be measured: ${detail}`,
    remedy: 'Try again; if it stays, start the lab over.',
  };
}

export function noSuchFile(place: string, path: string): LabError {
  return {
    code: 'no-such-file',
    message: `${place} has no file ${path}.`,
    remedy: 'Look at the name with ls.',
  };
}
