/**
 * From a learner's text to a syntax tree (the `unbash` parser), a request for more lines, or bash's complaint. The parser
 * forgives; this module says which of its errors mean "not finished yet" (PS2) and words the others as bash 5.2 does.
 */
import { forEachChild, parse as parseBash } from 'unbash';
import type { HereDocBody, ParsedScript, ParseError, SyntaxNode, Word } from 'unbash';

export type Parsed =
  | { readonly kind: 'script'; readonly script: ParsedScript }
  /** An interactive shell asks for another line; at the end of a script it is an error. */
  | { readonly kind: 'incomplete'; readonly script: ParsedScript; readonly message: string }
  /** Without the shell's name: "syntax error near unexpected token `fi'". */
  | { readonly kind: 'error'; readonly message: string };

export function parseShell(source: string): Parsed {
  const script = parseBash(source);
  const errors = [...(script.errors ?? [])].sort((a, b) => a.pos - b.pos);
  const first = errors.find((error) => !error.message.startsWith('unterminated')) ?? errors[0];
  const open = errors.find((error) => error.message.startsWith('unterminated'));
  if (open !== undefined && (first === undefined || first.pos >= open.pos)) {
    return { kind: 'incomplete', script, message: unterminated(open, source) };
  }
  if (first !== undefined) return judge(first, source, script);
  if (endsInBackslash(source)) return { kind: 'incomplete', script, message: EOF_ERROR };
  if (hasOpenHereDoc(script)) return { kind: 'incomplete', script, message: EOF_ERROR };
  const unsupported = nestedError(script);
  return unsupported === undefined ? { kind: 'script', script } : { kind: 'error', message: unsupported };
}

const EOF_ERROR = 'syntax error: unexpected end of file';
const CLOSERS = new Set(['fi', 'done', 'esac', 'else', 'elif', 'then', 'do']);

function judge(error: ParseError, source: string, script: ParsedScript): Parsed {
  const named = /^unexpected token '(.*)'$/.exec(error.message)?.[1];
  const token = named ?? misplaced(error, source);
  if (token !== undefined) return { kind: 'error', message: near(token) };
  return { kind: 'incomplete', script, message: EOF_ERROR };
}

/** The token that stands where something else must; undefined when the text only ends too early. */
function misplaced({ message, pos }: ParseError, source: string): string | undefined {
  const rest = source.slice(pos).trim();
  const opened = message.startsWith('expected command') && /^[{(]?$/.test(rest);
  if (opened) return undefined;
  if (message === 'expected redirect target' || rest !== '') return tokenAt(source, pos);
  const last = /(?:^|[\s;&|])([a-z]+)\s*;?\s*$/.exec(source)?.[1] ?? '';
  const wanted = /^expected '(then|do)'$/.exec(message)?.[1];
  return wanted !== undefined && CLOSERS.has(last) && last !== wanted ? last : undefined;
}

function near(token: string): string {
  return `syntax error near unexpected token \`${token}'`;
}

function tokenAt(source: string, at: number): string {
  const token = /^[ \t]*(;;&|;;|;&|;|&&|&>>|&>|&|\|\||\|&|\||<<<|<<-|<<|<|>>|>|\(|\)|\n|[^\s;&|<>()]+)/.exec(
    source.slice(at),
  )?.[1];
  return token === undefined || token === '\n' ? 'newline' : token;
}

const OPEN_QUOTES: Readonly<Record<string, string>> = {
  'unterminated double quote': '"',
  'unterminated single quote': "'",
  'unterminated backtick': '`',
  'unterminated command substitution': ')',
  'unterminated parameter expansion': '}',
  'unterminated arithmetic expansion': ')',
};

function unterminated(error: ParseError, source: string): string {
  const quote = OPEN_QUOTES[error.message];
  if (quote === undefined || source === '') return EOF_ERROR;
  return `unexpected EOF while looking for matching \`${quote}'`;
}

/** A backslash before the end joins the next line, unless it stands in a comment or is escaped itself. */
function endsInBackslash(source: string): boolean {
  const slashes = /\\+\n?$/.exec(source)?.[0].replace('\n', '').length ?? 0;
  if (slashes % 2 === 0) return false;
  const lastLine = source.replace(/\n$/, '').split('\n').at(-1) ?? '';
  return !/(^|\s)#/.test(lastLine);
}

function hasOpenHereDoc(node: SyntaxNode): boolean {
  let open = node.type === 'HereDoc' && node.closing === undefined;
  forEachChild(node, (child) => {
    open ||= hasOpenHereDoc(child);
  });
  return open;
}

/** Errors inside substitutions, and the syntax that this shell does not run. */
function nestedError(node: SyntaxNode): string | undefined {
  if (node.type === 'Coproc') return 'coproc: this shell runs no background jobs';
  if (node.type === 'ExtendedGlob') return near('(');
  if (node.type === 'ProcessSubstitution' && node.operator === '>')
    return '>( ): only <( ) works in this shell';
  let found: string | undefined;
  forEachChild(node, (child) => {
    found ??= nestedError(child);
    if (
      found === undefined &&
      child.type === 'Script' &&
      'errors' in child &&
      child.errors?.[0] !== undefined
    ) {
      found = near(/'(.*)'/.exec(child.errors[0].message)?.[1] ?? ')');
    }
  });
  return found;
}

/** One word of bash, as brace expansion and arithmetic make them from text. */
export function parseWord(text: string): Word | undefined {
  const command = parseBash(`: ${text}`).commands[0]?.command;
  if (command?.type !== 'Command') return undefined;
  const word = command.suffix[0];
  return word?.type === 'Word' ? word : undefined;
}

/** Text that is expanded as the inside of double quotes without their special double quote: arithmetic. */
export function parseQuotedText(text: string): HereDocBody | undefined {
  const command = parseBash(`: <<_END_\n${text}\n_END_\n`).commands[0]?.command;
  if (command?.type !== 'Command') return undefined;
  const redirect = command.suffix[0];
  return redirect?.type === 'HereDoc' ? redirect.body : undefined;
}
