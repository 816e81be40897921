import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Demultiplexer } from './demultiplexer.ts';
import { JsonPieces } from './json-pieces.ts';
import { LayerProgress } from './transfer.ts';

/** Cuts bytes wherever the numbers say. */
function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

const lengths = fc.array(fc.nat(12));

test('JSON objects are found wherever the stream is cut, and whatever stands between them', () => {
  const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());
  fc.assert(
    fc.property(
      fc.array(object),
      fc.constantFrom('', '\n', '\r\n', ' '),
      lengths,
      (objects, between, cuts) => {
        const bytes = Buffer.from(objects.map((each) => JSON.stringify(each)).join(between));
        const pieces = new JsonPieces();
        expect([...cut(bytes, cuts)].flatMap((chunk) => pieces.push(chunk))).toEqual(
          objects.map((each) => JSON.parse(JSON.stringify(each)) as unknown),
        );
      },
    ),
  );
});

test('what is no JSON throws', () => {
  expect(() => new JsonPieces().push(Buffer.from('{nonsense}'))).toThrow(SyntaxError);
});

test('outputs are told apart wherever the stream is cut', () => {
  const piece = fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ minLength: 1, maxLength: 40 }));
  fc.assert(
    fc.property(fc.array(piece), lengths, (pieces, cuts) => {
      const framed = pieces.map(([stream, bytes]) => {
        const header = Buffer.alloc(8);
        header[0] = stream;
        header.writeUInt32BE(bytes.length, 4);
        return Buffer.concat([header, bytes]);
      });
      const seen: Record<string, Uint8Array[]> = { stdout: [], stderr: [] };
      const output = new Demultiplexer((bytes, stream) => seen[stream]?.push(bytes));
      for (const chunk of cut(Buffer.concat(framed), cuts)) output.push(chunk);
      const whole = (wanted: number): Buffer =>
        Buffer.concat(pieces.filter(([stream]) => stream === wanted).map(([, bytes]) => bytes));
      expect(Buffer.concat(seen['stdout'] ?? [])).toEqual(whole(1));
      expect(Buffer.concat(seen['stderr'] ?? [])).toEqual(whole(2));
    }),
  );
});

describe('the layers of an image', () => {
  test('are added up', () => {
    const layers = new LayerProgress();
    const told = [
      { id: 'v1.35.5', status: 'Pulling from kindest/node' },
      { id: 'a', status: 'Already exists' },
      { id: 'b', status: 'Pulling fs layer' },
      { id: 'b', status: 'Downloading', progressDetail: { current: 40, total: 100 } },
      { id: 'c', status: 'Downloading', progressDetail: { current: 5, total: 10 } },
      { id: 'b', status: 'Download complete' },
      { id: 'b', status: 'Extracting', progressDetail: { current: 1, total: 100 } },
      { id: 'b', status: 'Pull complete' },
      { id: 'c', status: 'Pull complete' },
      { status: 'Digest: sha256:f00' },
    ].map((message) => layers.next(message));
    expect(told).toEqual([
      undefined,
      { status: 'Already exists', layers: { done: 1, total: 1 } },
      { status: 'Pulling fs layer', layers: { done: 1, total: 2 } },
      { status: 'Downloading', done: 40, total: 100, layers: { done: 1, total: 2 } },
      { status: 'Downloading', done: 45, total: 110, layers: { done: 1, total: 3 } },
      { status: 'Download complete', done: 105, total: 110, layers: { done: 1, total: 3 } },
      { status: 'Extracting', done: 105, total: 110, layers: { done: 1, total: 3 } },
      { status: 'Pull complete', done: 105, total: 110, layers: { done: 2, total: 3 } },
      { status: 'Pull complete', done: 110, total: 110, layers: { done: 3, total: 3 } },
      undefined,
    ]);
  });
});
