/**
 * How a kubectl command ends early: kubectl's own `CheckErr` turns any error into one message and exit code 1, and so
 * does the single `catch` in `kubectl.ts`. Source: k8s.io/kubectl/pkg/cmd/util/helpers.go, v0.35.
 */
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { ApiResponse, ApiServerFault } from '../../kube/api.ts';

/** Ends the command with `message` on stderr; an empty message prints nothing. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A refusal of the API server. */
export class ApiFailure extends Failure {
  readonly code: number;
  readonly status: JsonObject;

  constructor(code: number, status: JsonObject) {
    super(statusMessage(status));
    this.code = code;
    this.status = status;
  }

  get notFound(): boolean {
    return this.code === 404;
  }

  /** The server's bare sentence, without `Error from server (...)`. */
  get detail(): string {
    return text(this.status['message']);
  }

  /** Among others even an invalid object is told in one line (StandardErrorMessage). */
  get amongOthers(): string {
    return this.status['reason'] === 'Invalid' ? `Error from server (Invalid): ${this.detail}` : this.message;
  }

  /** The same refusal, saying what was being done to which file. */
  during(verb: string, source: string): ApiFailure {
    return this.saying(`error when ${verb} "${source}": ${this.detail}`);
  }

  saying(message: string): ApiFailure {
    return new ApiFailure(this.code, { ...this.status, message });
  }
}

/** A command line that cannot be understood: kubectl adds where to look. */
export function usageFailure(command: string, message: string): Failure {
  return new Failure(`error: ${message}\nSee 'kubectl ${command} -h' for help and examples`);
}

/** Several failures as kubectl prints an aggregate: each on its own line. */
export function combined(failures: readonly Failure[]): Failure | undefined {
  const [first, ...rest] = failures;
  if (!first || rest.length === 0) return first;
  const messages = [
    ...new Set(
      failures.map((failure) => (failure instanceof ApiFailure ? failure.amongOthers : failure.message)),
    ),
  ];
  return new Failure(messages.join('\n'), first.exitCode);
}

export function checked(response: ApiResponse): JsonObject {
  if (response.fault) throw new Failure(unreachable(response.fault));
  if (response.code >= 400) throw new ApiFailure(response.code, response.body);
  return response.body;
}

/** CheckErr's words for a refused connection, and for any other that does not come about. */
const unreachable = ({ why, server }: ApiServerFault): string =>
  why === 'connection refused'
    ? `The connection to the server ${server} was refused - did you specify the right host or port?`
    : `Unable to connect to the server: dial tcp ${server}: connect: ${why}`;

function statusMessage(status: JsonObject): string {
  const reason = text(status['reason']);
  const message = text(status['message']);
  if (reason === 'Invalid') return invalidMessage(status, message);
  if (reason === 'Unauthorized') return `error: You must be logged in to the server (${message})`;
  return reason === '' ? `Error from server: ${message}` : `Error from server (${reason}): ${message}`;
}

function invalidMessage(status: JsonObject, message: string): string {
  const details = status['details'];
  if (!isJsonObject(details))
    return message === '' ? 'The request is invalid' : `The request is invalid: ${message}`;
  const kind = text(details['kind']);
  const name = text(details['name']);
  const causes = causesOf(details);
  let head = 'The request is invalid';
  if (kind !== '' || name !== '') head = `The ${kind} ${JSON.stringify(name)} is invalid`;
  else if (message !== '' && causes.length === 0) head += `: ${message}`;
  if (causes.length === 0) return head;
  if (causes.length === 1) return `${head}: ${causes[0] ?? ''}`;
  return [`${head}: `, ...causes.map((cause) => `* ${cause}`)].join('\n');
}

function causesOf(details: JsonObject): readonly string[] {
  const causes = details['causes'];
  if (!Array.isArray(causes)) return [];
  const lines = causes.map((cause) =>
    isJsonObject(cause) ? `${text(cause['field'])}: ${text(cause['message'])}` : text(cause),
  );
  return [...new Set(lines)];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
