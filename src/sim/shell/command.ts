/**
 * What a command of the simulated shell is, and its only door to the world. A command never throws for what a learner
 * typed: it prints what the real tool prints and returns the real tool's exit code.
 */
import type { HealthOutcome } from '../cni/calico/node-health.ts';
import type { Epoch, Millis } from '../core/time.ts';
import type { ApiRequest, ApiResponse, ApiWatchEvent } from '../kube/api.ts';
import type { Netns, NetnsMemory } from '../net/netns.ts';
import type { NetnsEdit } from '../net/edit.ts';
import type { LinkChange } from '../net/link-change.ts';
import type {
  EchoOutcome,
  EchoRequest,
  Heard,
  HttpOutcome,
  HttpRequest,
  TcpOutcome,
  TcpRequest,
  UdpProbeOutcome,
  UdpProbeRequest,
} from '../net/exchange.ts';
import type { Frame } from '../../model/packet.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { Place } from '../../model/place.ts';
import type { RoutingPort } from '../routing/speaker-view.ts';
import type { FileSystem } from './files.ts';
import type { Key } from './terminal/keys.ts';

export interface Command {
  readonly name: string;
  /** One line for `help`. */
  readonly summary: string;
  /** Where the real place has it; a command is "not found" elsewhere. */
  readonly places: readonly Place['kind'][];
  /** Narrows `places`: only some pods have it, by what their containers are made of. */
  within?(place: Place, cluster: ClusterPort): boolean;
  /** Resolves to the exit code. On abort it stops soon; the shell then reports 130. */
  run(io: CommandIo): Promise<number>;
  /** Words that may stand at `words[words.length - 1]` (which may be empty); the shell filters by prefix. */
  complete?(words: readonly string[], io: CompletionIo): Promise<readonly string[]> | readonly string[];
}

export interface CommandIo extends CompletionIo {
  /** Without the command's own name. */
  readonly args: readonly string[];
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly signal: AbortSignal;
  /** Present when stdout is a terminal. */
  readonly tty?: { readonly columns: number; readonly rows: number };
  /** Present when stdout is a terminal with a keyboard, even if stdin is a pipe: what /dev/tty is to `less`. */
  readonly screen?: ScreenDoor;
  /** Runs another command line in this place with this one's streams (kubectl exec, watch, xargs). */
  run(
    place: Place,
    argv: readonly string[],
    io: Partial<Pick<CommandIo, 'stdin' | 'stdout' | 'stderr' | 'tty'>> & {
      /** The stack that it and all it starts stand in, instead of the place's own (`ip netns exec`). */
      readonly netns?: NetnsId;
    },
  ): Promise<number>;
}

export interface CompletionIo {
  readonly place: Place;
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly files: FileSystem;
  readonly cluster: ClusterPort;
  readonly network: NetworkPort;
  readonly routing: RoutingPort;
  readonly agents: AgentsPort;
  readonly clock: ClockPort;
}

/** Text in; `undefined` at end of file. */
export interface Input {
  /** The next chunk as it arrives. */
  read(signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Everything up to end of file. */
  text(): Promise<string>;
  /** True when a keyboard is at the other end. */
  readonly isTerminal: boolean;
}

/** The way to the whole screen and to every key, for programs that draw: termios(3) without ICANON and ECHO. */
export interface ScreenDoor {
  /** Saves what is shown and takes the keyboard until `close`, or until the command ends in any way. */
  open(options?: ScreenOptions): Promise<Screen>;
}

export interface ScreenOptions {
  /** Ctrl-C comes as a key (no ISIG) instead of ending the command. */
  readonly interruptKey?: boolean;
  /** Draws below what is there, on the normal buffer (`less -X`). */
  readonly inline?: boolean;
}

export type ScreenEvent = { readonly kind: 'key'; readonly key: Key } | { readonly kind: 'resize' };

export interface Screen {
  size(): { readonly columns: number; readonly rows: number };
  /** Goes to the terminal as it is: no newline is translated. */
  write(text: string): Promise<void>;
  /** The next key or change of size. Rejects once the screen is closed. */
  next(): Promise<ScreenEvent>;
  close(): Promise<void>;
}

/** Rejects with `BrokenPipe` when nobody reads any more: the shell ends the command as SIGPIPE does. */
export interface Output {
  write(data: string | Uint8Array): Promise<void>;
}

export class BrokenPipe extends Error {}

/** Another place has no program of this name: `CommandIo.run` rejects with it before anything runs there. */
export class NoSuchProgram extends Error {
  readonly program: string;

  constructor(program: string) {
    super(`no program ${program}`);
    this.program = program;
  }
}

/** The Kubernetes API, as the tools of a workstation reach it. */
export interface ClusterPort {
  request(request: ApiRequest): ApiResponse;
  watch(request: ApiRequest, signal: AbortSignal): AsyncIterable<ApiWatchEvent>;
}

/** The network stacks of the lab. */
export interface NetworkPort {
  /** The namespace a place stands in (`node/a`, `pod/default/web`); undefined for a place that has none. */
  netnsOf(place: Place): NetnsId | undefined;
  netns(id: NetnsId): Netns | undefined;
  memory(id: NetnsId): NetnsMemory;
  /** Changes a stack by hand, as `ip`, `bridge` or `iptables` does; the text is the real tool's complaint. */
  edit(
    id: NetnsId,
    edit: NetnsEdit,
  ): { readonly ok: true } | { readonly ok: false; readonly message: string };
  /** Devices or namespaces come, go or move: all the stacks concerned change, or none. */
  changeLinks(
    id: NetnsId,
    change: LinkChange,
  ): { readonly ok: true } | { readonly ok: false; readonly message: string };
  echo(request: EchoRequest): EchoOutcome;
  udpProbe(request: UdpProbeRequest): UdpProbeOutcome;
  http(request: HttpRequest): HttpOutcome;
  tcp(request: TcpRequest): TcpOutcome;
  /** Connections to a TCP port that this place's program has opened, until the signal aborts. */
  accept(id: NetnsId, port: number, signal: AbortSignal): AsyncIterable<Heard>;
  /** Frames crossing a device (`any` for all) from now on, until the signal aborts. */
  capture(id: NetnsId, device: string, signal: AbortSignal): AsyncIterable<CapturedFrame>;
}

export interface CapturedFrame {
  /** Virtual milliseconds; fractions are microseconds. */
  readonly at: Millis;
  readonly device: string;
  readonly ifindex: number;
  readonly direction: 'in' | 'out';
  readonly frame: Frame;
}

/** The programs that Calico runs on the nodes. */
export interface AgentsPort {
  /** What the checks of a calico-node find that stands in this pod; undefined when the pod has gone. */
  health(pod: Extract<Place, { readonly kind: 'pod' }>, argv: readonly string[]): HealthOutcome | undefined;
}

export interface ClockPort {
  readonly epoch: Epoch;
  now(): Millis;
  /** Resolves after that much virtual time, or rejects with the signal's reason. */
  sleep(milliseconds: Millis, signal?: AbortSignal): Promise<void>;
}
