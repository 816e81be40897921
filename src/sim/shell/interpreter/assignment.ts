/** `name=value`, `name[index]=value`, `name=(...)` and their `+=` forms. */
import type { Assignment, Word } from 'unbash';
import { expandArithmeticText, expandFields, expandText, type Expansion } from './expand.ts';
import { expansionOf } from './expansion.ts';
import { assign, guard } from './parameter.ts';
import { parseWord } from './parse.ts';
import type { Scope } from './scope.ts';
import type { Value } from './variables.ts';

/** A line of nothing but assignments; its status is that of the last `$( )` in it. */
export async function assignAll(assignments: readonly Assignment[], scope: Scope): Promise<number> {
  for (const assignment of assignments) await assignOne(assignment, scope);
  return scope.state.status;
}

export async function assignOne(assignment: Assignment, scope: Scope): Promise<void> {
  const { state } = scope;
  const on = expansionOf(scope);
  const { name, value, append } = assignment;
  if (value.type === 'ArrayValue') {
    guard(state, name);
    state.variables.set(name, await arrayOf(value.elements, assignment, on));
    return;
  }
  const index =
    assignment.index === undefined ? undefined : await expandArithmeticText(assignment.index.text, on);
  const text = await expandText(value, on, { assignment: true });
  if (state.options.xtrace) await scope.fds.get(2)?.output?.write(`+ ${name}=${text}\n`);
  assign(state, { name, index }, text, append === true);
}

async function arrayOf(words: readonly Word[], { name, append }: Assignment, on: Expansion): Promise<Value> {
  const old = on.state.variables.get(name)?.value;
  if (old?.kind === 'associative') {
    const items = new Map(append === true ? old.items : []);
    for (const word of words) {
      const [key, text] = await keyed(word, on);
      if (key !== undefined) items.set(key, text);
    }
    return { kind: 'associative', items };
  }
  const items = new Map<number, string>(append === true ? indexed(old) : []);
  let next = Math.max(-1, ...items.keys()) + 1;
  for (const word of words) {
    const [key, text] = await keyed(word, on);
    if (key !== undefined) {
      next = Number(key);
      items.set(next, text);
      next += 1;
      continue;
    }
    for (const field of await expandFields([word], on)) {
      items.set(next, field);
      next += 1;
    }
  }
  return { kind: 'indexed', items };
}

function indexed(value: Value | undefined): Iterable<readonly [number, string]> {
  if (value?.kind === 'indexed') return value.items;
  return value?.kind === 'scalar' ? [[0, value.text]] : [];
}

/** `[key]=value` inside the parentheses. */
async function keyed(word: Word, on: Expansion): Promise<readonly [string | undefined, string]> {
  const match = /^\[([^\]]*)\]=([\s\S]*)$/.exec(word.text);
  if (match === null) return [undefined, ''];
  const key = parseWord(match[1] ?? '');
  const value = parseWord(match[2] ?? '');
  return [
    key === undefined ? '' : await expandText(key, on),
    value === undefined ? '' : await expandText(value, on),
  ];
}

/** `name=value command`: only scalars reach a command's environment. */
export async function prefixValues(
  assignments: readonly Assignment[],
  on: Expansion,
): Promise<readonly { readonly name: string; readonly text: string }[]> {
  const values: { name: string; text: string }[] = [];
  for (const { name, value } of assignments) {
    if (value.type === 'Word') values.push({ name, text: await expandText(value, on, { assignment: true }) });
  }
  return values;
}
