/** `read`: a line of standard input into variables, split by IFS as bash does it. Left out: -d, -n, -N, -t, -u, -e, -i. */
import { assign, guard } from '../interpreter/parameter.ts';
import { complain, type BuiltinCall } from '../interpreter/scope.ts';
import type { ShellState } from '../interpreter/state.ts';
import { parseOptions } from './options.ts';

interface ReadRequest {
  readonly raw: boolean;
  readonly array: string | undefined;
  readonly prompt: string | undefined;
  readonly names: readonly string[];
}

function readRequest(args: readonly string[]): ReadRequest | string {
  const parsed = parseOptions(args, { flags: 'rs', values: 'ap', posix: true });
  if (!parsed.ok) return `read: ${parsed.message.replace(/^(invalid option) -- '(.)'$/, '-$2: $1')}`;
  const { flags, values, operands } = parsed.options;
  return { raw: flags.has('r'), array: values.get('a'), prompt: values.get('p'), names: operands };
}

export async function read(call: BuiltinCall): Promise<number> {
  const { args, scope, stdin, stderr } = call;
  const request = readRequest(args);
  if (typeof request === 'string') {
    await complain(scope, request);
    return 2;
  }
  if (request.prompt !== undefined && stdin.isTerminal) await stderr.write(request.prompt);
  const { text, terminated } = await logicalLine(call, request.raw);
  assignRead(scope.state, text, request);
  return terminated ? 0 : 1;
}

/** Without `-r`, a backslash at the end of a line continues it. Escaped characters are marked so that they do not split. */
async function logicalLine(
  { stdin, scope }: BuiltinCall,
  raw: boolean,
): Promise<{ readonly text: string; readonly terminated: boolean }> {
  let text = '';
  for (;;) {
    await scope.host.pace.step(scope.signal);
    const line = await stdin.line(scope.signal);
    if (line === undefined) return { text, terminated: false };
    if (raw) return line;
    const continued = /(?<!\\)(\\\\)*\\$/.test(line.text) && line.terminated;
    text += (continued ? line.text.slice(0, -1) : line.text).replace(/\\([\s\S])/g, `${ESCAPED}$1`);
    if (!continued) return { text, terminated: line.terminated };
  }
}

/** Marks a character that `read` took from behind a backslash; no terminal sends it. */
const ESCAPED = '\u{f0000}';

function assignRead(state: ShellState, text: string, { array, names }: ReadRequest): void {
  const plain = (field: string): string => field.replaceAll(ESCAPED, '');
  const ifs = state.variables.text('IFS') ?? ' \t\n';
  if (array !== undefined) {
    const fields = splitRead(text, ifs, Infinity);
    guard(state, array);
    state.variables.set(array, {
      kind: 'indexed',
      items: new Map(fields.map((field, at) => [at, plain(field)])),
    });
    return;
  }
  if (names.length === 0) {
    assign(state, { name: 'REPLY' }, plain(text));
    return;
  }
  const fields = splitRead(text, ifs, names.length);
  for (const [at, name] of names.entries()) assign(state, { name }, plain(fields[at] ?? ''));
}

/** At most `count` fields; the last takes the rest of the line without trailing blanks. */
function splitRead(text: string, ifs: string, count: number): readonly string[] {
  if (ifs === '') return [text];
  const blanks = [...ifs].filter((char) => ' \t\n'.includes(char)).join('');
  const others = [...ifs].filter((char) => !' \t\n'.includes(char)).join('');
  const set = (chars: string): string =>
    chars === '' ? '(?:(?!))' : `[${chars.replace(/[\\\]^-]/g, '\\$&')}]`;
  const escaped = `(?<!${ESCAPED})`;
  const delimiter = new RegExp(
    `(?:${escaped}${set(blanks)})*${escaped}${set(others)}(?:${set(blanks)})*|(?:${escaped}${set(blanks)})+`,
    'u',
  );
  let rest = text.replace(new RegExp(`^${set(blanks)}+|(?:${escaped}${set(blanks)})+$`, 'gu'), '');
  const fields: string[] = [];
  while (fields.length < count - 1) {
    const match = delimiter.exec(rest);
    if (match === null) break;
    fields.push(rest.slice(0, match.index));
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest !== '') fields.push(rest);
  return fields;
}
