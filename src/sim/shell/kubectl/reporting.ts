/** What a changing command prints for each object: `pod/web created`, with `(dry run)`, or the object itself for `-o`. */
import type { JsonObject } from '../../../base/json.ts';
import type { Call } from './call.ts';
import { Failure } from './failure.ts';
import { resolvePath } from './manifest.ts';
import { objectName, objectPrinter, OBJECT_FORMATS, type ObjectPrinter } from './output/object-printer.ts';

export type DryRun = 'none' | 'client' | 'server';

/** Bare `--dry-run` and the old booleans still mean what they meant. */
const DRY_RUN: ReadonlyMap<string, DryRun> = new Map([
  ['', 'none'],
  ['none', 'none'],
  ['false', 'none'],
  ['client', 'client'],
  ['true', 'client'],
  ['unchanged', 'client'],
  ['server', 'server'],
]);

export function dryRunOf(call: Call): DryRun {
  const value = call.flags.text('dry-run');
  const strategy = DRY_RUN.get(value);
  if (strategy) return strategy;
  throw new Failure(`error: Invalid dry-run value (${value}). Must be "none", "server", or "client".`);
}

const DRY_RUN_SUFFIX: Readonly<Record<DryRun, string>> = {
  none: '',
  client: ' (dry run)',
  server: ' (server dry run)',
};

/** Prints changed objects of one command. Construct it before the first request: a bad `-o` must change nothing. */
export class Reporter {
  readonly dryRun: DryRun;
  readonly #call: Call;
  readonly #printer: ObjectPrinter | undefined;
  /** Objects kept for one list at the end; undefined when each is printed by itself. */
  readonly #kept: JsonObject[] | undefined;

  /** With `asList`, `-o` prints all objects as one list when `finish` is called, as apply does. */
  constructor(call: Call, options: { readonly keepOrder?: boolean; readonly asList?: boolean } = {}) {
    this.#call = call;
    this.#kept = options.asList === true && call.flags.text('output') !== 'name' ? [] : undefined;
    this.dryRun = dryRunOf(call);
    const output = outputOf(call);
    this.#printer = output === '' ? undefined : printerFor(call, output, OBJECT_FORMATS, options);
  }

  /** True when `-o` asked for the object: then some notes are not printed. */
  get printsObjects(): boolean {
    return this.#printer !== undefined;
  }

  async report(object: JsonObject, operation: string): Promise<void> {
    if (!this.#printer)
      return this.#call.out(`${objectName(object)} ${operation}${DRY_RUN_SUFFIX[this.dryRun]}\n`);
    if (this.#kept) this.#kept.push(object);
    else await this.#print(object);
  }

  /** Prints what was kept: a single object as it is, several as a list. */
  async finish(): Promise<void> {
    const [first, ...more] = this.#kept?.splice(0) ?? [];
    if (!this.#printer || !first) return;
    await this.#print(
      more.length === 0 ? first : { apiVersion: 'v1', items: [first, ...more], kind: 'List', metadata: {} },
    );
  }

  async #print(object: JsonObject): Promise<void> {
    const text = this.#printer?.(object);
    if (text?.ok === false) throw new Failure(`error: ${text.error}`);
    if (text) await this.#call.out(text.value);
  }
}

/** What `-o` asks for; a bare `--template` means a Go template. */
export function outputOf(call: Call): string {
  const { flags } = call;
  return !flags.given('output') && flags.text('template') !== '' ? 'go-template' : flags.text('output');
}

/** Reads the printing flags of the command besides. */
export function printerFor(
  call: Call,
  output: string,
  allowed: readonly string[],
  options: { readonly keepOrder?: boolean; readonly noHeaders?: boolean } = {},
): ObjectPrinter {
  const printer = objectPrinter(output, allowed, {
    ...options,
    template: call.flags.text('template'),
    missingKeys: call.flags.text('allow-missing-template-keys') === 'false' ? 'refused' : 'allowed',
    showManagedFields: call.flags.is('show-managed-fields'),
    readFile: (path) => call.io.files.read(resolvePath(call.io, path)),
  });
  if (!printer.ok) throw new Failure(`error: ${printer.error}`);
  return printer.value;
}
