/** Flags that several commands have in common, in kubectl's spelling; the help lines are ours. */
import type { FlagSpec } from '../flags.ts';

const flag = (name: string, type: FlagSpec['type'], rest: Omit<FlagSpec, 'name' | 'type'>): FlagSpec => ({
  name,
  type,
  ...rest,
});

export const bool = (
  name: string,
  help: string,
  options: { readonly short?: string; readonly initial?: string } = {},
): FlagSpec =>
  flag(name, 'bool', {
    initial: options.initial ?? 'false',
    help,
    ...(options.short === undefined ? {} : { short: options.short }),
  });

export const text = (
  name: string,
  help: string,
  options: { readonly short?: string; readonly initial?: string; readonly bare?: string } = {},
): FlagSpec =>
  flag(name, 'string', {
    initial: options.initial ?? '',
    help,
    ...(options.short === undefined ? {} : { short: options.short }),
    ...(options.bare === undefined ? {} : { bare: options.bare }),
  });

export const list = (name: string, help: string, short?: string): FlagSpec =>
  flag(name, 'strings', { initial: '[]', help, ...(short === undefined ? {} : { short }) });

export const int = (name: string, initial: number, help: string, short?: string): FlagSpec =>
  flag(name, 'int', { initial: String(initial), help, ...(short === undefined ? {} : { short }) });

export const duration = (name: string, initial: string, help: string): FlagSpec =>
  flag(name, 'duration', { initial, help });

export const NAMESPACE = text('namespace', 'Work in this namespace.', { short: 'n' });

export const SELECTOR = text('selector', 'Only objects whose labels match, e.g. -l app=web,tier!=db.', {
  short: 'l',
});

export const FIELD_SELECTOR = text(
  'field-selector',
  'Only objects whose fields match, e.g. status.phase=Running.',
);

export const ALL_NAMESPACES = bool('all-namespaces', 'Look in every namespace.', { short: 'A' });

export const FILENAME = list(
  'filename',
  'A manifest, a directory of manifests, or - for standard input.',
  'f',
);

export const RECURSIVE = bool('recursive', 'Also read the directories inside a directory given with -f.', {
  short: 'R',
});

export const DRY_RUN = text('dry-run', 'none, client (send nothing) or server (try it without keeping it).', {
  initial: 'none',
  bare: 'unchanged',
});

export const OUTPUT = text(
  'output',
  'Print the object instead of a message: name, yaml, json, jsonpath=..., go-template=...',
  { short: 'o' },
);

/** How `-o` prints whole objects; for commands whose own `-o` takes other formats too. */
export const TEMPLATE_FLAGS: readonly FlagSpec[] = [
  bool('allow-missing-template-keys', 'Let a template name fields that are not there.', { initial: 'true' }),
  bool('show-managed-fields', 'Keep metadata.managedFields in yaml and json.'),
  text('template', 'The template, or its file, for -o go-template, jsonpath and the like.'),
];

/** Of the commands that print the objects they change. */
export const PRINT_FLAGS: readonly FlagSpec[] = [OUTPUT, ...TEMPLATE_FLAGS];

export const fieldManager = (initial: string): FlagSpec =>
  text('field-manager', 'The name under which changes are recorded.', { initial });

export const CHUNK_SIZE = int(
  'chunk-size',
  500,
  'Objects per answer of the server; what is printed is the same.',
);

/** About the connection to a server: here one that is always there, answers at once and never lies. */
const INDIFFERENT: readonly FlagSpec[] = [
  text('cache-dir', 'Where to remember types; they are asked for anew each time.', {
    initial: '/root/.kube/cache',
  }),
  bool('disable-compression', 'Answers are never compressed.'),
  bool('insecure-skip-tls-verify', 'There is no certificate to doubt.'),
  duration('log-flush-frequency', '5s', 'Nothing is logged.'),
  bool('match-server-version', 'Client and server are always of one version.'),
  text('request-timeout', 'Answers come at once.', { initial: '0' }),
];

/** Understood by every command. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  text('as', 'Speak to the server as this user, who may do less than the administrator.'),
  NAMESPACE,
  text('context', 'Take the namespace of this context.'),
  text('kubeconfig', 'Read contexts from this file.'),
  bool('warnings-as-errors', 'Fail when the server warns.'),
  ...INDIFFERENT,
];
