/**
 * The one door into the services: every call is looked up in the contract and its payload parsed before a handler sees
 * it. Transports (`server/web-host.ts`, `main/ipc.ts`) only move frames.
 */
import { err, type Result } from '../base/result.ts';
import { API, type ErrorBody, type Handlers, type Input, type Method, type Output } from '../contract/api.ts';
import { failure } from '../contract/errors.ts';

export interface Log {
  /** A bug that a caller must not see the inside of. */
  error(message: string, cause: unknown): void;
}

const isMethod = (name: unknown): name is Method => typeof name === 'string' && Object.hasOwn(API, name);

export class Dispatcher {
  readonly #handlers: Handlers;
  readonly #log: Log;

  constructor(handlers: Handlers, log: Log) {
    this.#handlers = handlers;
    this.#log = log;
  }

  async call(method: unknown, input: unknown): Promise<Result<unknown, ErrorBody>> {
    if (!isMethod(method)) return err(failure('unknown-method', { name: String(method).slice(0, 60) }));
    try {
      return await this.#dispatch(method, input);
    } catch (cause) {
      this.#log.error(`${method} failed`, cause);
      return err(failure('internal'));
    }
  }

  #dispatch<M extends Method>(method: M, input: unknown): Promise<Result<Output[M], ErrorBody>> {
    const parsed = API[method].safeParse(input);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return Promise.resolve(
        err(
          failure('bad-input', {
            detail: `${method} ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
          }),
        ),
      );
    }
    return this.#handlers[method](parsed.data as Input<M>);
  }
}
