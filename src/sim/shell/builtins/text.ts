/** Builtins that print and judge: echo, printf, test, `[`, true, false, `:`. */
import type { Builtin, BuiltinCall } from '../interpreter/scope.ts';
import { assign } from '../interpreter/parameter.ts';
import { complain } from '../interpreter/scope.ts';
import { strftime } from './strftime.ts';
import { format, unescape } from './printf.ts';
import { evaluateArguments } from './test.ts';

export const TEXT_BUILTINS: readonly Builtin[] = [
  { name: ':', synopsis: ':', summary: 'Null command.', run: () => 0 },
  { name: 'true', synopsis: 'true', summary: 'Return a successful result.', run: () => 0 },
  { name: 'false', synopsis: 'false', summary: 'Return an unsuccessful result.', run: () => 1 },
  {
    name: 'echo',
    synopsis: 'echo [-neE] [arg ...]',
    summary: 'Write arguments to the standard output.',
    run: echo,
  },
  {
    name: 'printf',
    synopsis: 'printf [-v var] format [arguments]',
    summary: 'Format and print arguments.',
    run: printf,
  },
  {
    name: 'test',
    synopsis: 'test [expr]',
    summary: 'Evaluate a conditional expression.',
    run: (call) => test(call, call.args),
  },
  { name: '[', synopsis: '[ arg... ]', summary: 'Evaluate a conditional expression.', run: bracket },
];

async function echo({ args, stdout }: BuiltinCall): Promise<number> {
  let at = 0;
  while (/^-[neE]+$/.test(args[at] ?? '')) at += 1;
  const flags = args.slice(0, at).join('');
  const escapes = flags.lastIndexOf('e') > flags.lastIndexOf('E');
  const text = args.slice(at).join(' ');
  const shown = escapes ? unescape(text, 'echo') : { text, stop: false };
  await stdout.write(shown.text + (flags.includes('n') || shown.stop ? '' : '\n'));
  return 0;
}

async function printf(call: BuiltinCall): Promise<number> {
  const { args, stdout, stderr, scope } = call;
  const variable = args[0] === '-v' ? args[1] : undefined;
  const rest = variable === undefined ? args : args.slice(2);
  const [source, ...values] = rest[0] === '--' ? rest.slice(1) : rest;
  if (source === undefined) {
    await stderr.write('printf: usage: printf [-v var] format [arguments]\n');
    return 2;
  }
  const { clock } = scope.host.ports;
  const time = (pattern: string, seconds: number | undefined): string =>
    strftime(
      pattern === '' ? '%X' : pattern,
      seconds === undefined ? clock.epoch + clock.now() : seconds * 1000,
    );
  const { text, problems } = format(source, values, time);
  for (const problem of problems) await complain(scope, `printf: ${problem}`);
  if (variable === undefined) await stdout.write(text);
  else assign(scope.state, target(variable), text);
  return problems.length > 0 ? 1 : 0;
}

function target(text: string): { readonly name: string; readonly index: string | undefined } {
  const [, name = text, index] = /^(\w+)\[(.*)\]$/.exec(text) ?? [];
  return { name, index };
}

async function bracket(call: BuiltinCall): Promise<number> {
  if (call.args.at(-1) === ']') return test(call, call.args.slice(0, -1));
  await complain(call.scope, "[: missing `]'");
  return 2;
}

async function test({ name, scope }: BuiltinCall, args: readonly string[]): Promise<number> {
  const judged = evaluateArguments(args, scope);
  if (typeof judged === 'boolean') return judged ? 0 : 1;
  await complain(scope, `${name}: ${judged.message}`);
  return 2;
}
