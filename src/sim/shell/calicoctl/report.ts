/**
 * The sentences that end a verb.
 * Source: calicoctl/calicoctl/commands/{apply,create,replace,delete,patch,validate}.go, Calico v3.32.1.
 */
import type { Results, Verb } from './actions.ts';

export interface Report {
  readonly stdout: string;
  /** Printed to standard error with exit code 1. */
  readonly error?: string;
}

const PAST: Readonly<Record<Exclude<Verb, 'get' | 'patch'>, string>> = {
  apply: 'applied',
  create: 'created',
  replace: 'replaced',
  delete: 'deleted',
  validate: 'validated',
};

type Writing = Exclude<Verb, 'get'>;

/** Before anything was tried. */
function unread(results: Results): Report | undefined {
  if (results.fileInvalid) return { stdout: '', error: `failed to execute command: ${results.error ?? ''}` };
  if (results.resources > 0) return undefined;
  return results.error === undefined
    ? { stdout: 'No resources specified\n' }
    : { stdout: '', error: results.error };
}

export function report(verb: Writing, results: Results): Report {
  const early = unread(results);
  if (early) return early;
  switch (verb) {
    case 'delete':
      return deleted(results);
    case 'patch':
      return patched(results);
    case 'replace':
      return replaced(results);
    default:
      return applied(verb, results);
  }
}

/** `[a b]`, as Go prints a list of errors. */
const bracketed = (results: Results): string => `[${results.failures.map(({ text }) => text).join(' ')}]`;

const success = (verb: Exclude<Writing, 'patch'>, { handled, singleKind }: Results): string =>
  `Successfully ${PAST[verb]} ${handled} ${singleKind === '' ? '' : `'${singleKind}' `}resource(s)\n`;

function partial(verb: Exclude<Writing, 'patch'>, { handled, resources, singleKind }: Results): string {
  const what = singleKind === '' ? 'resources' : `'${singleKind}' resources`;
  return `Partial success: ${PAST[verb]} the first ${handled} out of ${resources} ${what}:\n`;
}

function applied(verb: 'apply' | 'create' | 'validate', results: Results): Report {
  const { handled, failures, resources, singleKind } = results;
  if (handled === 0) {
    const what =
      resources === 1
        ? `'${singleKind}' resource`
        : singleKind === ''
          ? 'any resources'
          : `any '${singleKind}' resources`;
    return { stdout: '', error: `failed to ${verb} ${what}: ${bracketed(results)}` };
  }
  if (failures.length === 0) return { stdout: success(verb, results) };
  const label = verb === 'create' ? 'hit error' : 'hit error(s)';
  return {
    stdout: handled > failures.length ? partial(verb, results) : '',
    error: `${label}: ${bracketed(results)}`,
  };
}

function replaced(results: Results): Report {
  if (results.error === undefined) return { stdout: success('replace', results) };
  return { stdout: partial('replace', results), error: `hit error: ${results.error}` };
}

function deleted(results: Results): Report {
  const { handled, failures, singleKind } = results;
  const what = singleKind === '' ? 'resource' : `'${singleKind}' resource`;
  const stdout = handled > 0 ? success('delete', results) : '';
  if (failures.length === 0) return { stdout };
  return { stdout, error: failures.map(({ text }) => `Failed to delete ${what}: ${text}\n`).join('') };
}

function patched({ error, handled, singleKind }: Results): Report {
  if (error !== undefined) return { stdout: '', error: `hit error: ${error}` };
  return { stdout: `Successfully patched ${handled} '${singleKind}' resource\n` };
}

/** The last touch of the real tool's main function: confusing words about JSON go, unknown fields get one sentence. */
export function massaged(message: string): string {
  const unknown = /unknown field "([^"]+)"/.exec(message);
  if (unknown) return `field in document is not recognized or is in the wrong location: ${unknown[1] ?? ''}`;
  return message.replace(/^error unmarshaling JSON: while decoding JSON: json: /, '');
}
