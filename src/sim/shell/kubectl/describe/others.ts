/** Namespaces, config maps, secrets, service accounts, and every kind without a page of its own (custom resources). */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import { listAt, objectAt, textAt } from '../../../kube/fields.ts';
import { goText } from '../output/jsonpath.ts';
import { heading, longTime, type Document } from './document.ts';

/** Quotas and limit ranges are not simulated, so there are never any. */
export function describeNamespace(page: Document, namespace: JsonObject): void {
  heading(page, namespace, { namespaced: false });
  page.line(0, `Status:\t${textAt(namespace, 'status', 'phase')}`);
  const conditions = listAt(namespace, 'status', 'conditions');
  if (conditions.length > 0) {
    page.line(0, 'Conditions:');
    page.line(1, 'Type\tStatus\tLastTransitionTime\tReason\tMessage');
    page.line(1, '----\t------\t------------------\t------\t-------');
  }
  for (const one of conditions) {
    const cells = [textAt(one, 'type'), textAt(one, 'status'), longTime(textAt(one, 'lastTransitionTime'))];
    page.line(1, [...cells, textAt(one, 'reason'), textAt(one, 'message')].join('\t'));
  }
  page.line(0, '\nNo resource quota.');
  page.line(0, '\nNo LimitRange resource.');
}

export function describeConfigMap(page: Document, map: JsonObject): void {
  heading(page, map, { namespaced: true });
  const data = objectAt(map, 'data');
  page.line(0, '\nData\n====');
  for (const key of Object.keys(data).sort()) {
    page.line(0, `${key}:\n----`);
    page.line(0, String(data[key]));
    page.line(0, '');
  }
  const binary = objectAt(map, 'binaryData');
  page.line(0, '\nBinaryData\n====');
  for (const key of Object.keys(binary).sort())
    page.line(0, `${key}: ${base64Length(String(binary[key]))} bytes`);
  page.line(0, '');
}

export function describeSecret(page: Document, secret: JsonObject): void {
  heading(page, secret, { namespaced: true });
  page.line(0, `\nType:\t${textAt(secret, 'type')}`);
  page.line(0, '\nData\n====');
  const data = objectAt(secret, 'data');
  for (const key of Object.keys(data).sort())
    page.line(0, `${key}:\t${base64Length(String(data[key]))} bytes`);
}

const base64Length = (text: string): number => Math.floor((text.replace(/=+$/, '').length * 3) / 4);

export function describeServiceAccount(page: Document, account: JsonObject): void {
  heading(page, account, { namespaced: true });
  const pulls = listAt(account, 'imagePullSecrets').map((one) => textAt(one, 'name'));
  page.line(0, `Image pull secrets:\t${pulls[0] ?? '<none>'}`);
  for (const name of pulls.slice(1)) page.line(0, `                   \t${name}`);
}

/** All members, in key order, with their names made readable. */
export function describeGeneric(page: Document, object: JsonObject): void {
  heading(page, object, { namespaced: true });
  members(page, { level: 0, path: '' }, object);
}

const SKIPPED = new Set([
  '.metadata.managedFields',
  '.metadata.name',
  '.metadata.namespace',
  '.metadata.labels',
  '.metadata.annotations',
]);

interface Spot {
  readonly level: number;
  readonly path: string;
}

function members(page: Document, spot: Spot, object: JsonObject): void {
  for (const key of Object.keys(object).sort()) {
    const value = object[key];
    const path = `${spot.path}.${key}`;
    if (value === undefined || SKIPPED.has(path)) continue;
    if (isJsonObject(value)) {
      page.line(spot.level, `${readable(key)}:`);
      members(page, { level: spot.level + 1, path }, value);
    } else if (Array.isArray(value)) {
      page.line(spot.level, `${readable(key)}:`);
      for (const item of value as readonly Json[]) {
        if (isJsonObject(item)) members(page, { level: spot.level + 1, path }, item);
        else page.line(spot.level + 1, goText(item));
      }
    } else page.line(spot.level, `${readable(key)}:\t${goText(value)}`);
  }
}

const ACRONYMS = new Set(['API', 'URL', 'UID', 'OSB', 'GUID']);

/** `natOutgoing` -> `Nat Outgoing`, `uid` -> `UID`; keys with digits or dots stay as they are. */
export function readable(key: string): string {
  if (/[^\p{L}-]/u.test(key)) return key;
  return camelParts(key)
    .map((part) =>
      ACRONYMS.has(part.toUpperCase())
        ? part.toUpperCase()
        : (part[0] ?? '').toUpperCase() + part.slice(1).toLowerCase(),
    )
    .join(' ');
}

/** Runs of one class of character; the last capital of a run begins the next word (`PDFLoader` -> `PDF`, `Loader`). */
function camelParts(key: string): readonly string[] {
  return key.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}\p{Ll}*|\p{Ll}+|-+|\p{L}/gu) ?? [key];
}
