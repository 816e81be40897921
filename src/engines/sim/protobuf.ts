/**
 * Request bodies in protobuf, which kubectl sends for some of its own kinds (`create deployment`, `auth can-i`, evictions) and
 * does not send again as JSON: an envelope of four magic bytes and a runtime.Unknown, then the object. The result is the JSON
 * that Go would make of it.
 * Source: k8s.io/apimachinery pkg/runtime/serializer/protobuf; protocol buffers encoding.
 */
import protobuf from 'protobufjs/minimal.js';
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { KINDS, MESSAGES } from './protobuf-fields.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** `k8s\0` */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];

interface FieldFacts {
  /** Empty when the message lies inline in JSON. */
  readonly name: string;
  readonly type: string;
  readonly keepsZero: boolean;
}

type Members = Record<string, Json | undefined>;

/** Tag numbers of the envelope and of its type. */
const ENVELOPE = '1:typeMeta:Type 2:raw:bytes 3:contentEncoding:string 4:contentType:string';
const OWN: Readonly<Record<string, string>> = {
  Envelope: ENVELOPE,
  Type: '1:apiVersion:string 2:kind:string',
  TimeParts: '1:seconds:int64 2:nanos:int32',
  IntOrStringParts: '1:type:int64! 2:intVal:int32! 3:strVal:string!',
  QuantityParts: '1:string:string!',
  RawParts: '1:raw:bytes',
};

/** The error is a sentence for the client; an unknown kind gives an object with nothing but its type. */
export function decodeProtobuf(bytes: Uint8Array): Result<Json, string> {
  if (!MAGIC.every((byte, at) => bytes[at] === byte)) {
    return err('the provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  try {
    return ok(decodeEnvelope(bytes.subarray(MAGIC.length)));
  } catch (cause) {
    return err(
      `the protobuf message cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

function decodeEnvelope(bytes: Uint8Array): JsonObject {
  const { typeMeta, raw } = readMessage('Envelope', reader(bytes));
  const { apiVersion = '', kind = '' } = isJsonObject(typeMeta) ? typeMeta : {};
  const type = { apiVersion, kind };
  const isKnown =
    kind === 'DeleteOptions' || (KINDS[String(apiVersion)] ?? '').split(' ').includes(String(kind));
  if (!isKnown || typeof raw !== 'string') return type;
  return { ...type, ...readMessage(String(kind), reader(Buffer.from(raw, 'base64'))) };
}

const reader = (bytes: Uint8Array): protobuf.Reader => protobuf.Reader.create(bytes);

const parsed = new Map<string, ReadonlyMap<number, FieldFacts>>();

function fieldsOf(message: string): ReadonlyMap<number, FieldFacts> {
  const known = parsed.get(message);
  if (known) return known;
  const text = OWN[message] ?? MESSAGES[message];
  if (text === undefined) throw new Error(`no message ${message}`);
  const fields = new Map(
    text.split(' ').map((field): [number, FieldFacts] => {
      const [number = '', name = '', type = ''] = field.split(':');
      return [Number(number), { name, type: type.replace('!', ''), keepsZero: type.endsWith('!') }];
    }),
  );
  parsed.set(message, fields);
  return fields;
}

/** Unknown fields are skipped, as protobuf has it. */
function readMessage(message: string, from: protobuf.Reader, length = from.len - from.pos): Members {
  const fields = fieldsOf(message);
  const end = from.pos + length;
  if (end > from.len) throw new RangeError('a message ends too early');
  const members: Members = {};
  while (from.pos < end) {
    const tag = from.uint32();
    const field = fields.get(tag >>> 3);
    if (field) readField(field, from, members);
    else from.skipType(tag & 7);
  }
  return members;
}

function readField({ name, type, keepsZero }: FieldFacts, from: protobuf.Reader, members: Members): void {
  if (name === '') {
    Object.assign(members, readMessage(type, from, from.uint32()));
    return;
  }
  if (type.startsWith('[')) {
    const before = members[name];
    const item = readValue(type.slice(1, -1), from) ?? {};
    members[name] = [...(Array.isArray(before) ? (before as readonly Json[]) : []), item];
    return;
  }
  if (type.startsWith('{')) {
    const before = members[name];
    const [key, value] = readEntry(type.slice(1, -1), from);
    members[name] = { ...(isJsonObject(before) ? before : {}), [key]: value };
    return;
  }
  const value = readValue(type, from);
  if (value !== undefined && (keepsZero || !isZero(value))) members[name] = value;
}

const isZero = (value: Json): boolean => value === '' || value === 0 || value === false;

/** One entry of a map: a message of key and value. */
function readEntry(type: string, from: protobuf.Reader): readonly [key: string, value: Json] {
  const end = from.uint32() + from.pos;
  let key = '';
  let value: Json = SCALARS[type] ? '' : {};
  while (from.pos < end) {
    const tag = from.uint32();
    if (tag >>> 3 === 1) key = from.string();
    else if (tag >>> 3 === 2) value = readValue(type, from) ?? value;
    else from.skipType(tag & 7);
  }
  return [key, value];
}

const SCALARS: Readonly<Record<string, (from: protobuf.Reader) => Json>> = {
  string: (from) => from.string(),
  int32: (from) => from.int32(),
  int64: (from) => Number(from.int64()),
  bool: (from) => from.bool(),
  double: (from) => from.double(),
  bytes: (from) => Buffer.from(from.bytes()).toString('base64'),
};

/** Messages that are no objects in JSON; undefined for a time that is not set. */
const SPECIAL: Readonly<Record<string, (from: protobuf.Reader) => Json | undefined>> = {
  Time: (from) => timeOf(from, 0),
  MicroTime: (from) => timeOf(from, 6),
  Quantity: (from) => readMessage('QuantityParts', from, from.uint32())['string'] ?? '0',
  IntOrString: (from) => {
    const { type, intVal = 0, strVal = '' } = readMessage('IntOrStringParts', from, from.uint32());
    return type === 1 ? strVal : intVal;
  },
  RawExtension: (from) => {
    const { raw } = readMessage('RawParts', from, from.uint32());
    return typeof raw === 'string' ? (JSON.parse(Buffer.from(raw, 'base64').toString('utf8')) as Json) : {};
  },
};

function readValue(type: string, from: protobuf.Reader): Json | undefined {
  const plain = SCALARS[type] ?? SPECIAL[type];
  return plain ? plain(from) : readMessage(type, from, from.uint32());
}

/** RFC 3339 with that many digits of a second. */
function timeOf(from: protobuf.Reader, digits: 0 | 6): Json | undefined {
  const { seconds, nanos = 0 } = readMessage('TimeParts', from, from.uint32());
  if (typeof seconds !== 'number' || seconds <= 0) return undefined;
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  const fraction = digits === 0 ? '' : `.${String(Math.floor(Number(nanos) / 1000)).padStart(6, '0')}`;
  return `${text}${fraction}Z`;
}
