/**
 * Objects printed as Go prints them for hashing (k8s.io/utils/dump.ForHash: spew with `%#v`): every field of every struct with
 * its type, whether it is set or not. Pod templates get their hash from this text, so the names of ReplicaSets are the real ones.
 * Source: github.com/davecgh/go-spew v1.1.1 spew/format.go; k8s.io/apimachinery pkg/api/resource, pkg/util/intstr.
 * Left out: times, and quantities of more digits than an int64 has.
 */
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { GO_STRUCTS } from './go-types.ts';

interface Field {
  readonly name: string;
  readonly json: string;
  readonly type: string;
  /** Its members are members of the struct in JSON. */
  readonly inline: boolean;
}

const BASIC = ['bool', 'string', 'int32', 'int64'];
const NIL = '<nil>';

const STRUCTS: ReadonlyMap<string, readonly Field[]> = new Map(
  GO_STRUCTS.trim()
    .replaceAll('\n  ', ' ')
    .split('\n')
    .map((line) => {
      const [name = '', fields = ''] = line.split(/: (.*)/);
      return [qualified(name), fields.split(', ').map(readField)] as const;
    }),
);

function readField(text: string): Field {
  const [first = '', type = 'string'] = text.split(' ');
  const inline = first.endsWith('!');
  const [name = '', json = jsonName(name)] = (inline ? first.slice(0, -1) : first).split('=');
  return { name, json, type: qualified(type), inline };
}

/** `HTTPGet` is `httpGet`, `UID` is `uid`. */
function jsonName(name: string): string {
  const capitals = /^[A-Z]+(?![a-z])|^[A-Z]/.exec(name)?.[0] ?? '';
  return capitals.toLowerCase() + name.slice(capitals.length);
}

/** `[]Volume` is `[]v1.Volume`. */
function qualified(type: string): string {
  const [, wrapping = '', inner = ''] = /^((?:\*|\[\]|map\[string\])*)(.*)$/.exec(type) ?? [];
  return BASIC.includes(inner) || inner.includes('.') ? type : `${wrapping}v1.${inner}`;
}

/** `v1.PodTemplateSpec` and what it is in the API's JSON, as stored: with its defaults. */
export const goDump = (type: string, value: Json | undefined): string => `(${type})${untyped(type, value)}`;

function untyped(type: string, value: Json | undefined): string {
  if (type.startsWith('*')) return isNone(value) ? NIL : untyped(type.slice(1), value);
  if (type.startsWith('[]')) return listText(type.slice(2), value);
  if (type.startsWith('map[')) return mapText(type.slice('map[string]'.length), value);
  const special = SPECIAL[type];
  if (special) return special(value);
  const fields = STRUCTS.get(type);
  return fields ? structText(fields, isJsonObject(value) ? value : {}) : basicText(type, value);
}

const isNone = (value: Json | undefined): boolean => value === undefined || value === null;

/** What travels between the API server and its clients has no empty lists and maps, only absent ones. */
const isEmpty = (value: Json | undefined): boolean =>
  isNone(value) || Object.keys(value as object).length === 0;

const listText = (type: string, value: Json | undefined): string =>
  !Array.isArray(value) || isEmpty(value)
    ? NIL
    : `[${value.map((item: Json) => untyped(type, item)).join(' ')}]`;

function mapText(type: string, value: Json | undefined): string {
  if (!isJsonObject(value) || isEmpty(value)) return NIL;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, item]) => `${key}:${untyped(type, item)}`).join(' ')}]`;
}

const structText = (fields: readonly Field[], value: JsonObject): string =>
  `{${fields.map(({ name, json, type, inline }) => `${name}:${goDump(type, inline ? value : value[json])}`).join(' ')}}`;

function basicText(type: string, value: Json | undefined): string {
  if (type === 'bool') return String(value === true);
  if (type === 'int32' || type === 'int64') return String(value ?? 0);
  return isNone(value) ? '' : String(value as string);
}

const SPECIAL: Readonly<Record<string, ((value: Json | undefined) => string) | undefined>> = {
  'v1.Time': () => '{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}',
  'v1.ResourceList': (value) => mapText('resource.Quantity', value),
  'resource.Quantity': quantityText,
  'intstr.IntOrString': (value) =>
    typeof value === 'string'
      ? `{Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string)${value}}`
      : `{Type:(intstr.Type)0 IntVal:(int32)${Number(value ?? 0)} StrVal:(string)}`,
};

/** Decimal suffixes by their power of ten, binary ones by that of two. */
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** As it is stored, in the one way of writing it that apimachinery calls canonical: `1.5` is `1500m`, `1024Mi` is `1Gi`. */
function quantityText(value: Json | undefined): string {
  const read = readQuantity(String((value ?? '') as string | number));
  return (read.format === 'BinarySI' ? binaryText(read) : undefined) ?? decimalText(read);
}

/** Undefined below 1024 and for what is not whole: that is written as a decimal. */
function binaryText({ digits, tens }: Quantity): string | undefined {
  const below = 10n ** BigInt(Math.max(0, -tens));
  if (digits % below !== 0n) return undefined;
  const whole = (digits / below) * 10n ** BigInt(Math.max(0, tens));
  if (whole < 1024n && whole > -1024n) return undefined;
  const [mantissa, power] = reduced(whole, 1024n, BINARY.length);
  // Read back, a multiple of eight is taken for one that could be written shorter, and its text is not kept.
  const text = mantissa % 8n === 0n ? '' : `${mantissa}${BINARY[power - 1] ?? ''}`;
  return quantityStruct({ amount: whole, scale: 0 }, text, 'BinarySI');
}

/** To a power of a thousand, which has a suffix. */
function decimalText({ digits, tens, format }: Quantity): string {
  const short = ((tens % 3) + 3) % 3;
  const [amount, power] = reduced(digits * 10n ** BigInt(short), 1000n, DECIMAL.length);
  const scale = digits === 0n ? 0 : tens - short + power * 3;
  if (format !== 'DecimalExponent')
    return quantityStruct({ amount, scale }, `${amount}${DECIMAL[scale / 3 + 3] ?? ''}`, 'DecimalSI');
  return quantityStruct({ amount, scale }, `${amount}${scale === 0 ? '' : `e${scale}`}`, format);
}

/** `digits` times ten to the `tens`. */
interface Quantity {
  readonly digits: bigint;
  readonly tens: number;
  readonly format: 'DecimalSI' | 'BinarySI' | 'DecimalExponent';
}

function readQuantity(text: string): Quantity {
  const [, sign = '', whole = '', broken = '', suffix = ''] =
    /^([-+]?)(\d*)(?:\.(\d*))?(.*)$/.exec(text) ?? [];
  const digits = BigInt(`${sign === '-' ? '-' : ''}${whole}${broken}` || 0);
  const binary = BINARY.indexOf(suffix) + 1;
  if (binary > 0) return { digits: digits << BigInt(binary * 10), tens: -broken.length, format: 'BinarySI' };
  const isExponent = /^[eE][-+]?\d+$/.test(suffix);
  const tens = isExponent ? Number(suffix.slice(1)) : (DECIMAL.indexOf(suffix) - 3) * 3;
  return { digits, tens: tens - broken.length, format: isExponent ? 'DecimalExponent' : 'DecimalSI' };
}

/** Divided as often as nothing is left over. */
function reduced(value: bigint, by: bigint, most: number): readonly [bigint, number] {
  let [left, times] = [value, 0];
  while (left !== 0n && times < most && left % by === 0n) {
    left /= by;
    times += 1;
  }
  return [left, times];
}

const quantityStruct = (
  { amount, scale }: { readonly amount: bigint; readonly scale: number },
  text: string,
  format: string,
): string =>
  `{i:(resource.int64Amount){value:(int64)${amount} scale:(resource.Scale)${scale}} ` +
  `d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)${text} Format:(resource.Format)${format}}`;
