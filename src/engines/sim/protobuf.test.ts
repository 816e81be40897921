import { describe, expect, test } from 'vitest';
import { decodeProtobuf } from './protobuf.ts';

const MAGIC = [0x6b, 0x38, 0x73, 0x00];

/** A field of wire type 2: text, bytes or a message. */
function field(number: number, value: string | readonly number[]): number[] {
  const bytes = typeof value === 'string' ? [...Buffer.from(value)] : [...value];
  return [(number << 3) | 2, bytes.length, ...bytes];
}
const varint = (number: number, value: number): number[] => [number << 3, value];

const envelope = (apiVersion: string, kind: string, object: readonly number[]): Uint8Array =>
  Uint8Array.from([
    ...MAGIC,
    ...field(1, [...field(1, apiVersion), ...field(2, kind)]),
    ...field(2, object),
    ...field(3, ''),
    ...field(4, ''),
  ]);

describe('a protobuf body becomes the JSON that Go would make of it', () => {
  test('a namespace as kubectl create sends it: empty fields are left out', () => {
    // Bytes of `kubectl create namespace a`, generated.pb.go order: metadata with every scalar, spec, status.
    const metadata = [...field(1, 'a'), ...field(2, ''), ...field(3, ''), ...varint(7, 0), ...field(8, [])];
    const namespace = [...field(1, metadata), ...field(2, []), ...field(3, field(1, ''))];
    expect(decodeProtobuf(envelope('v1', 'Namespace', namespace))).toEqual({
      ok: true,
      value: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' }, spec: {}, status: {} },
    });
  });

  test('maps, lists, pointers to zero, inline members, times, ports by name or number', () => {
    const port = (target: readonly number[]): number[] =>
      field(1, [...field(1, 'http'), ...varint(3, 80), ...field(4, target)]);
    const spec = [
      ...port([...varint(1, 0), ...varint(2, 8)]),
      ...port([...varint(1, 1), ...field(3, 'web')]),
      ...field(2, [...field(1, 'app'), ...field(2, 'web')]),
    ];
    expect(decodeProtobuf(envelope('v1', 'Service', field(2, spec)))).toMatchObject({
      value: {
        spec: {
          ports: [
            { name: 'http', port: 80, targetPort: 8 },
            { name: 'http', port: 80, targetPort: 'web' },
          ],
          selector: { app: 'web' },
        },
      },
    });
    expect(decodeProtobuf(envelope('apps/v1', 'Deployment', field(2, varint(1, 0))))).toMatchObject({
      value: { spec: { replicas: 0 } },
    });
    expect(decodeProtobuf(envelope('v1', 'Pod', field(1, field(9, varint(1, 60)))))).toMatchObject({
      value: { metadata: { deletionTimestamp: '1970-01-01T00:01:00Z' } },
    });
  });

  test('fields that are not known are skipped; a kind that is not known keeps its type alone', () => {
    const [unknown, name] = [field(15, 'later'), field(1, field(1, 'a'))];
    expect(decodeProtobuf(envelope('v1', 'ConfigMap', [...unknown, ...name]))).toMatchObject({
      value: { kind: 'ConfigMap', metadata: { name: 'a' } },
    });
    expect(decodeProtobuf(envelope('rbac.authorization.k8s.io/v1', 'Role', name))).toEqual({
      ok: true,
      value: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' },
    });
  });
});

describe('what is no such message is refused', () => {
  test.each([
    ['JSON', Buffer.from('{}')],
    ['nothing', new Uint8Array()],
  ])('%s', (_, bytes) => {
    expect(decodeProtobuf(bytes)).toEqual({
      ok: false,
      error: 'the provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    });
  });

  test('a message that ends too early', () => {
    expect(decodeProtobuf(envelope('v1', 'Pod', [10, 200]))).toMatchObject({ ok: false });
    expect(decodeProtobuf(Uint8Array.from([...MAGIC, 10, 200, 1]))).toMatchObject({ ok: false });
  });
});
