/**
 * The JSON text of the API's answers. What the store holds never changes, so an object's text is kept with it: a list that
 * is asked for again costs what has changed since.
 */
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';

/** As `JSON.stringify` has it. */
export function answerText(body: JsonObject): string {
  const { items } = body;
  if (!Array.isArray(items)) return JSON.stringify(body);
  const members = Object.entries(body).flatMap(([name, member]) =>
    member === undefined
      ? []
      : `${JSON.stringify(name)}:${member === items ? listText(items) : JSON.stringify(member)}`,
  );
  return `{${members.join(',')}}`;
}

const listText = (items: readonly Json[]): string => `[${items.map(keptText).join(',')}]`;

const texts = new WeakMap<JsonObject, string>();

function keptText(value: Json): string {
  if (!isJsonObject(value)) return JSON.stringify(value);
  let text = texts.get(value);
  if (text === undefined) texts.set(value, (text = JSON.stringify(value)));
  return text;
}
