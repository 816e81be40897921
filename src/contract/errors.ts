/**
 * Every failure a host may report, in one catalogue: a stable code, a sentence, and what to do. `{name}` marks what the
 * case fills in.
 */
import type { ErrorBody } from './api.ts';

const CATALOGUE = {
  'unknown-method': {
    message: 'The host has no method {name}.',
    remedy: 'Reload the page: it may be older than the host.',
  },
  'bad-input': { message: 'The host could not read a request: {detail}.', remedy: 'Reload the page.' },
  'unknown-lesson': {
    message: 'There is no lesson {name}.',
    remedy: 'Choose a lesson from the course list.',
  },
  'unknown-lab': { message: 'There is no lab {name}.', remedy: 'Choose a lesson from the course list.' },
  'unknown-step': { message: 'The lab has no step {name}.', remedy: 'Reload the page.' },
  'unknown-session': {
    message: 'This lab is not running any more.',
    remedy: 'Start the lab again; your files are kept.',
  },
  'unknown-terminal': { message: 'This terminal is closed.', remedy: 'Open a new terminal tab.' },
  'unknown-place': { message: 'The lab has no place {name}.', remedy: 'Choose a place from the list.' },
  'engine-unavailable': {
    message: 'The engine {name} is not available here.',
    remedy: 'Run this lab on the simulator.',
  },
  'engine-crashed': {
    message: 'The simulator stopped unexpectedly.',
    remedy: 'Restart the lab: your files and command history are kept.',
  },
  'opening-cancelled': {
    message: 'Starting the lab was given up.',
    remedy: 'Start it again when you like.',
  },
  'nothing-to-care-for': {
    message: 'This host runs no real clusters.',
    remedy: 'Labs on the simulator leave nothing behind.',
  },
  'nothing-to-load-for': {
    message: 'This host runs no real clusters.',
    remedy: 'Labs on the simulator need no bundle.',
  },
  'bundle-place': {
    message: '{name} is neither the whole path of a file nor an address.',
    remedy:
      'Give the path from the root of the disk or the letter of the drive on, or an address that begins with http://.',
  },
  'bundle-on-its-way': {
    message: 'Another bundle is being loaded: {name}.',
    remedy: 'Wait until it is loaded, or give it up first.',
  },
  'bundle-given-up': {
    message: 'Loading the bundle was given up.',
    remedy: 'What is in place stays. Load it again to go on with what is missing.',
  },
  'too-many-sessions': {
    message: 'Too many labs are running.',
    remedy: 'Close a lab that you do not use, then try again.',
  },
  'prediction-locked': {
    message: 'This prediction is closed: it is made already, or its step has passed.',
    remedy: 'Reset the lab to predict again.',
  },
  'no-step-start': {
    message: 'The start of this step was not kept, because it was reached by skipping the step before it.',
    remedy: 'Go back to the start of an earlier step, or reset the lab.',
  },
  'lab-not-kept': {
    message: 'What you do in this lab cannot be kept for later: {detail}.',
    remedy: 'Check that the data folder is writable and has space. Your progress is kept apart.',
  },
  'kubeconfig-not-written': {
    message: 'The kubeconfig could not be written: {detail}',
    remedy: 'Check that the data folder is writable and has space.',
  },
  'not-saved': {
    message: 'Your progress could not be saved: {detail}.',
    remedy: 'Check that the data folder is writable and has space.',
  },
  internal: {
    message: 'Something went wrong inside Underlay.',
    remedy: 'Try again; if it stays, restart Underlay and report what you did.',
  },
} as const;

export type ErrorCode = keyof typeof CATALOGUE;

export function failure(code: ErrorCode, details: Readonly<Record<string, string>> = {}): ErrorBody {
  const { message, remedy } = CATALOGUE[code];
  return { code, message: message.replace(/\{(\w+)\}/g, (_, key: string) => details[key] ?? ''), remedy };
}
