/**
 * The stage of the network commands' tests: the lab of the reference transcripts with its real forwarding, a clock that
 * jumps to whatever is waited for, and a command line to type at.
 */
import { cidr } from '../../../model/ip.ts';
import { parsePlace } from '../../../model/place.ts';
import type { NetnsId } from '../../../model/trace.ts';
import { utf8Text } from '../../../base/bytes.ts';
import { referenceLab, type ReferenceOptions } from '../../fabric/reference-lab.ts';
import { applyEdit } from '../../net/apply-edit.ts';
import type { NetnsEdit } from '../../net/edit.ts';
import type {
  EchoOutcome,
  EchoRequest,
  Exchange,
  HttpOutcome,
  HttpRequest,
  TimedFrame,
  UdpProbeOutcome,
  UdpProbeRequest,
} from '../../net/exchange.ts';
import { echo, http, tcp, udpProbe } from '../../net/exchange.ts';
import { networkOf } from '../../net/journey.ts';
import { planLinkChange } from '../../net/link-change.ts';
import type { Netns, NetnsMemory, Network, Route } from '../../net/netns.ts';
import { NO_MEMORY } from '../../net/netns.ts';
import type { Command, CommandIo, NetworkPort } from '../command.ts';
import type { FileSystem } from '../files.ts';
import { remembered } from '../../hand-edits.ts';
import { Sockets } from '../../sockets.ts';

/** `10.0.0.0/8 via ... dev ...` in the words of a listing. */
export function route(prefix: string, rest: Omit<Partial<Route>, 'prefix'>): Route {
  return { prefix: cidr(prefix), type: 'unicast', protocol: 'boot', scope: 'global', ...rest };
}

export interface StageNetwork {
  readonly stacks: Map<NetnsId, Netns>;
  readonly memories: Map<NetnsId, NetnsMemory>;
  /** What was asked of the stacks, in order. */
  readonly edits: NetnsEdit[];
  /** Set one to answer in the lab's place. */
  echo?: (request: EchoRequest) => EchoOutcome;
  udpProbe?: (request: UdpProbeRequest) => UdpProbeOutcome;
  http?: (request: HttpRequest) => HttpOutcome;
  readonly sockets: Sockets;
  /** Every frame so far; a capture plays those of its device. */
  frames: TimedFrame[];
}

export interface Stage {
  readonly network: StageNetwork;
  readonly files: Map<string, Uint8Array>;
  readonly clock: { now: number };
  /** Types a line at a place; stdout and stderr apart, and together as a terminal shows them. */
  type(
    place: string,
    line: string,
    options?: { readonly abortAt?: number; readonly terminal?: boolean },
  ): Promise<Typed>;
}

export interface Typed {
  readonly stdout: string;
  readonly stderr: string;
  readonly screen: string;
  readonly status: number;
}

export function stage(commands: readonly Command[], options: ReferenceOptions = {}): Stage {
  const lab = referenceLab(options);
  const network: StageNetwork = {
    stacks: new Map(lab.stacks),
    memories: new Map(),
    edits: [],
    frames: [],
    sockets: new Sockets(),
  };
  const segments = lab.segments;
  const files = new Map<string, Uint8Array>();
  const clock = { now: 0 };
  return { network, files, clock, type };

  async function type(
    place: string,
    line: string,
    options: { readonly abortAt?: number; readonly terminal?: boolean } = {},
  ): Promise<Typed> {
    const [name = '', ...args] = line.split(' ').map((word) => word.replaceAll('␣', ' '));
    const command = commands.find((each) => each.name === name);
    const where = parsePlace(place);
    if (!command || !where) throw new Error(`no ${name} at ${place}`);
    const printed: { readonly out: boolean; readonly text: string }[] = [];
    const sink = (out: boolean) => ({
      write: (data: string | Uint8Array) => {
        printed.push({ out, text: typeof data === 'string' ? data : utf8Text(data) });
        return Promise.resolve();
      },
    });
    const abort = new AbortController();
    const io: CommandIo = {
      args,
      place: where,
      env: new Map(),
      cwd: '/root',
      files: fileSystem(files),
      cluster: {
        request: () => {
          throw new Error('no cluster here');
        },
        watch: () => {
          throw new Error('no cluster here');
        },
      },
      network: networkPort(network, () => networkOf({ ...network, segments, now: clock.now })),
      routing: { speaker: () => undefined, at: () => undefined },
      agents: { health: () => undefined },
      clock: { epoch: Date.UTC(2026, 10, 20, 15, 52, 10), now: () => clock.now, sleep },
      stdin: { read: () => Promise.resolve(undefined), text: () => Promise.resolve(''), isTerminal: false },
      stdout: sink(true),
      stderr: sink(false),
      signal: abort.signal,
      ...(options.terminal ? { tty: { columns: 120, rows: 40 } } : {}),
      run: () => Promise.resolve(127),
    };
    const status = await command.run(io);
    const text = (out?: boolean): string =>
      printed
        .filter((each) => out === undefined || each.out === out)
        .map((each) => each.text)
        .join('');
    return { stdout: text(true), stderr: text(false), screen: text(), status };

    /** Time jumps; it stops where the learner presses Ctrl-C. */
    async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
      const { abortAt } = options;
      await Promise.resolve();
      if (abortAt !== undefined && clock.now + milliseconds >= abortAt) {
        clock.now = abortAt;
        abort.abort();
      } else clock.now += milliseconds;
      signal?.throwIfAborted();
    }
  }
}

function networkPort(network: StageNetwork, now: () => Network): NetworkPort {
  const happen = <Outcome>(exchange: Exchange<Outcome>): Outcome => {
    for (const [id, memory] of exchange.memory) network.memories.set(id, memory);
    network.frames.push(...exchange.frames);
    for (const heard of exchange.heard) network.sockets.hear(heard);
    return exchange.outcome;
  };
  return {
    netnsOf: (place) => {
      if (place.kind === 'workstation') return undefined;
      return place.kind === 'pod' ? `pod/${place.namespace}/${place.name}` : `${place.kind}/${place.name}`;
    },
    netns: (id) => network.stacks.get(id),
    memory: (id) => network.memories.get(id) ?? NO_MEMORY,
    edit: (id, edit) => {
      network.edits.push(edit);
      const netns = network.stacks.get(id);
      if (!netns) throw new RangeError(`no stack ${id}`);
      const before = network.memories.get(id) ?? NO_MEMORY;
      const memory = remembered(before, edit);
      const edited = applyEdit(netns, edit);
      // A neighbour that was only learnt is in no configured table.
      const isForgotten = edit.kind === 'delete-neighbour' && memory !== before;
      if (!edited.ok && !isForgotten) return { ok: false, message: edited.error };
      if (edited.ok) network.stacks.set(id, edited.value);
      network.memories.set(id, memory);
      return { ok: true };
    },
    changeLinks: (id, change) => {
      const view = {
        netns: (each: NetnsId) => network.stacks.get(each),
        nextIndex: (each: NetnsId) =>
          1 + Math.max(1, ...(network.stacks.get(each)?.devices ?? []).map(({ index }) => index)),
      };
      const plan = planLinkChange(view, id, change);
      if (!plan.ok) return { ok: false, message: plan.error };
      for (const { netns, edit } of plan.value) {
        const stack = network.stacks.get(netns);
        const edited = stack && applyEdit(stack, edit);
        if (!edited?.ok) return { ok: false, message: edited?.error ?? `no stack ${netns}` };
        network.stacks.set(netns, edited.value);
      }
      return { ok: true };
    },
    echo: (request) => network.echo?.(request) ?? happen(echo(now(), request)),
    udpProbe: (request) => network.udpProbe?.(request) ?? happen(udpProbe(now(), request)),
    http: (request) => network.http?.(request) ?? happen(http(now(), request)),
    tcp: (request) => happen(tcp(now(), request)),
    accept: (id, port, signal) => network.sockets.accept(id, port, signal),
    async *capture(id, device, signal) {
      for (const frame of network.frames) {
        await Promise.resolve();
        if (signal.aborted) return;
        if (frame.netns !== id || (device !== 'any' && device !== frame.device)) continue;
        const ifindex = network.stacks.get(id)?.devices.find(({ name }) => name === frame.device)?.index ?? 0;
        yield { ...frame, ifindex };
      }
    },
  };
}

function fileSystem(files: Map<string, Uint8Array>): FileSystem {
  return {
    isReadOnly: false,
    read: (path) => files.get(path),
    write: (path, data) => void files.set(path, data),
    mkdir: () => undefined,
    remove: (path) => void files.delete(path),
    stat: (path) => {
      const data = files.get(path);
      return data && { type: 'file', size: data.length, modified: 0 };
    },
    list: () => undefined,
    snapshot: () => ({}),
  };
}
