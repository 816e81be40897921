/** The files of a running pod, through programs of its own container as `kubectl exec` would start them. */
import { concatBytes, utf8, utf8Text } from '../../../base/bytes.ts';
import type { Place } from '../../../model/place.ts';
import { NoSuchProgram, type Input } from '../command.ts';
import type { Call } from './call.ts';
import { Failure } from './failure.ts';
import { started } from './verbs/exec.ts';

export class PodFiles {
  readonly #call: Call;
  readonly #place: Place & { readonly kind: 'pod' };

  constructor(call: Call, place: Place & { readonly kind: 'pod' }) {
    this.#call = call;
    this.#place = place;
  }

  async isDirectory(path: string): Promise<boolean> {
    return (await this.#run(['test', '-d', path])).code === 0;
  }

  async exists(path: string): Promise<boolean> {
    return (await this.#run(['test', '-e', path])).code === 0;
  }

  async read(path: string): Promise<Uint8Array> {
    return this.#must(['cat', path]);
  }

  /** What is in a directory, hidden files too. */
  async names(path: string): Promise<readonly string[]> {
    const lines = utf8Text(await this.#must(['ls', '-1A', path])).split('\n');
    return lines.filter((line) => line !== '');
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    await this.#must(['sh', '-c', 'cat > "$0"', path], bytes);
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#must(['mkdir', '-p', path]);
  }

  async #must(argv: readonly string[], input?: Uint8Array): Promise<Uint8Array> {
    const { code, stdout, stderr } = await this.#run(argv, input);
    if (code !== 0) throw new Failure(`${stderr}command terminated with exit code ${code}`, code);
    return stdout;
  }

  async #run(
    argv: readonly string[],
    input: Uint8Array = new Uint8Array(),
  ): Promise<{ readonly code: number; readonly stdout: Uint8Array; readonly stderr: string }> {
    const [stdout, stderr] = [new Sink(), new Sink()];
    const streams = { stdin: inputOf(input), stdout, stderr };
    const code = await started(this.#call, () => this.#start(argv, streams));
    return { code, stdout: stdout.bytes, stderr: utf8Text(stderr.bytes) };
  }

  /** What an image without programs lacks is tar to kubectl, whatever was tried here. */
  async #start(
    argv: readonly string[],
    streams: { readonly stdin: Input; readonly stdout: Sink; readonly stderr: Sink },
  ): Promise<number> {
    try {
      return await this.#call.io.run(this.#place, argv, streams);
    } catch (error) {
      throw error instanceof NoSuchProgram ? new NoSuchProgram('tar') : error;
    }
  }
}

class Sink {
  readonly #parts: Uint8Array[] = [];

  get bytes(): Uint8Array {
    return concatBytes(this.#parts);
  }

  write(data: string | Uint8Array): Promise<void> {
    this.#parts.push(typeof data === 'string' ? utf8(data) : data);
    return Promise.resolve();
  }
}

function inputOf(bytes: Uint8Array): Input {
  const chunks = [bytes];
  return {
    read: () => Promise.resolve(chunks.shift()),
    text: () => Promise.resolve(utf8Text(chunks.shift() ?? new Uint8Array())),
    isTerminal: false,
  };
}
