// What the pure ring may use beyond the language itself. This is the one file that may open that door:
// every name below exists, with the same meaning, in Node, in a worker and in a browser, and none of them
// brings a clock, randomness or input and output. Only the pure project reads it; the others have
// the full declarations of their own surroundings, of which these are a subset.

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

declare const AbortSignal: {
  readonly prototype: AbortSignal;
  abort(reason?: unknown): AbortSignal;
  any(signals: AbortSignal[]): AbortSignal;
};

interface AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare const AbortController: {
  readonly prototype: AbortController;
  new (): AbortController;
};

interface TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}

declare const TextEncoder: {
  readonly prototype: TextEncoder;
  new (): TextEncoder;
};

interface TextDecoder {
  readonly encoding: string;
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string;
}

declare const TextDecoder: {
  readonly prototype: TextDecoder;
  new (label?: 'utf-8', options?: { fatal?: boolean; ignoreBOM?: boolean }): TextDecoder;
};

declare function queueMicrotask(callback: () => void): void;

declare function structuredClone<T>(value: T): T;
