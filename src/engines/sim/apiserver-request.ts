/** From an HTTP request to a question for the facade; a body that cannot be read is answered here, as the real server does. */
import type { IncomingMessage } from 'node:http';
import { parseAllDocuments } from 'yaml';
import type { Json } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { ApiRequest, ApiResponse } from '../../sim/index.ts';
import { decodeProtobuf, PROTOBUF } from './protobuf.ts';

/** k8s.io/apiserver MaxRequestBodyBytes. */
const MOST_BYTES = 3 * 1024 * 1024;

const METHODS: readonly ApiRequest['method'][] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

export async function readRequest(
  message: IncomingMessage,
  url: URL,
): Promise<Result<ApiRequest, ApiResponse>> {
  const method = METHODS.find((known) => known === (message.method === 'HEAD' ? 'GET' : message.method));
  if (!method) {
    return err(
      status(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource'),
    );
  }
  const path = readablePath(url.pathname);
  if (path === undefined) return err(status(400, 'BadRequest', 'the path is not encoded as a URL should be'));
  const bytes = await readBytes(message);
  if (!bytes) {
    return err(status(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MOST_BYTES}`));
  }
  const contentType = (message.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const body = bytes.length === 0 ? ok(undefined) : decodeBody(bytes, contentType);
  if (!body.ok) return body;
  return ok({
    method,
    path,
    query: Object.fromEntries([...url.searchParams].reverse()),
    ...headersOf(message, contentType),
    ...(body.value === undefined ? {} : { body: body.value }),
  });
}

/** What the facade wants to know of them; a decoded body is JSON whatever it was. */
function headersOf({ headers }: IncomingMessage, contentType: string): Partial<ApiRequest> {
  const { accept, 'user-agent': userAgent, 'impersonate-user': user } = headers;
  return {
    ...(accept === undefined ? {} : { accept }),
    ...(contentType === ''
      ? {}
      : { contentType: contentType === PROTOBUF ? 'application/json' : contentType }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(typeof user === 'string' ? { user } : {}),
  };
}

/** Undefined when a segment is not valid percent-encoding, which the facade takes for granted. */
function readablePath(path: string): string | undefined {
  try {
    decodeURIComponent(path);
    return path;
  } catch {
    return undefined;
  }
}

/** Undefined when there is too much of it. */
async function readBytes(message: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of message as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MOST_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function decodeBody(bytes: Buffer, contentType: string): Result<Json, ApiResponse> {
  if (contentType === PROTOBUF) {
    const decoded = decodeProtobuf(bytes);
    return decoded.ok ? decoded : err(status(400, 'BadRequest', decoded.error));
  }
  const text = bytes.toString('utf8');
  try {
    return ok(JSON.parse(text) as Json);
  } catch (cause) {
    const yaml = contentType.endsWith('yaml') ? yamlOf(text) : undefined;
    if (yaml !== undefined) return ok(yaml);
    return err(status(400, 'BadRequest', `the object provided is unrecognized: ${String(cause)}`));
  }
}

/** Undefined when it is not one YAML document. */
function yamlOf(text: string): Json | undefined {
  const documents = parseAllDocuments(text);
  const [only] = Array.isArray(documents) ? documents : [];
  return only && documents.length === 1 && only.errors.length === 0 ? (only.toJS() as Json) : undefined;
}

function status(code: number, reason: string, message: string): ApiResponse {
  return {
    code,
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code },
  };
}
