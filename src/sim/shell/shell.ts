/**
 * One bash at one place: runs lines with state that lasts from line to line, or single commands with captured output. The
 * model is bash 5.2 as Debian 12 ships it; job control, `trap` and coprocesses are left out. All waiting is on virtual time
 * or on the host's turns (`breathe`), so nothing here can freeze the host.
 */
import { formatPlace, type Place } from '../../model/place.ts';
import type { NetnsId } from '../../model/trace.ts';
import { utf8 } from '../../base/bytes.ts';
import { builtinTable, coreCommands } from './builtins/table.ts';
import {
  BrokenPipe,
  NoSuchProgram,
  type Command,
  type CommandIo,
  type Input,
  type Output,
  type ScreenDoor,
} from './command.ts';
import { complete, type Completions } from './completion.ts';
import type { FileSystem } from './files.ts';
import { homeOf, hostnameOf, LEARNER, startDirectory, userOf } from './files-image.ts';
import { expandAliases } from './interpreter/aliases.ts';
import { runSource } from './interpreter/execute.ts';
import { Pace } from './interpreter/pace.ts';
import { parseShell } from './interpreter/parse.ts';
import {
  Interrupted,
  type Completion,
  type Descriptor,
  type Host,
  type Ports,
  type RunRequest,
  type Scope,
  type WindowSize,
} from './interpreter/scope.ts';
import { ProcFiles } from './proc-files.ts';
import { isProgram, programAt } from './interpreter/programs.ts';
import { completionIo, runArgv } from './interpreter/simple.ts';
import { ShellState } from './interpreter/state.ts';
import { bytesInput, Capture, EMPTY_INPUT, Source } from './interpreter/streams.ts';
import { textCommands, type TextTools } from './text/text-tools.ts';

export interface ShellSetup {
  readonly place: Place;
  /** The lab's commands; they take precedence over the shell's own of the same name. */
  readonly commands: readonly Command[];
  readonly ports: Ports;
  readonly files: FileSystem;
  readonly textTools?: TextTools;
  /** Added to what a login gives: HOME, PATH, USER, ... */
  readonly env?: Readonly<Record<string, string>>;
  /** Resolves after one turn of the host's event loop. */
  readonly breathe: () => Promise<void>;
  /** Lines of earlier sessions. */
  readonly history?: readonly string[];
  /** A fresh shell at another place; undefined when there is no such place, or no shell on it. */
  readonly elsewhere?: (place: Place) => Shell | undefined;
}

export interface ShellIo {
  /** Empty when absent. */
  readonly stdin?: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Present when stdout and stderr are a terminal. */
  readonly tty?: () => WindowSize;
  readonly signal: AbortSignal;
}

export interface Executed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A keyboard that can hold a shell inside the running command (`bash`, `kubectl exec -it pod -- sh`). */
export interface InteractiveInput extends Input {
  interact(shell: Shell): Promise<number>;
  readonly screen: ScreenDoor;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
export const INTERRUPTED_STATUS = 130;
const MAX_HISTORY = 1000;

export class Shell {
  readonly place: Place;
  readonly history: string[];
  readonly #setup: ShellSetup;
  readonly #host: Host;
  readonly #state: ShellState;
  #exitCode: number | undefined;

  constructor(setup: ShellSetup) {
    this.#setup = setup;
    this.place = setup.place;
    this.history = [...(setup.history ?? [])];
    this.#host = this.#makeHost();
    this.#state = new ShellState({ cwd: startDirectory(setup.place), name: 'bash', interactive: true });
    for (const [name, text] of Object.entries({ ...loginEnvironment(setup.place), ...setup.env })) {
      this.#state.variables.setText(name, text);
      this.#state.variables.mark(name, { exported: true });
    }
    for (const [name, text] of Object.entries({
      IFS: ' \t\n',
      BASH_VERSION: '5.2.15(1)-release',
      UID: setup.place.kind === 'workstation' ? '1000' : '0',
    })) {
      this.#state.variables.setText(name, text);
    }
  }

  /** Set once `exit` has run. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  get cwd(): string {
    return this.#state.cwd;
  }

  /** `$?` */
  get status(): number {
    return this.#state.status;
  }

  /** Ctrl-C at the prompt. */
  interrupted(): void {
    this.#state.status = INTERRUPTED_STATUS;
  }

  /** `learner@workstation:~$ `, as Debian's PS1 shows it. */
  get prompt(): string {
    const home = homeOf(this.place);
    const { cwd } = this.#state;
    const shown = cwd === home ? '~' : cwd.startsWith(`${home}/`) ? `~${cwd.slice(home.length)}` : cwd;
    const user = userOf(this.place);
    return `${user}@${hostnameOf(this.place)}:${shown}${user === LEARNER ? '$' : '#'} `;
  }

  /** Whether more lines must come before this text can run: an open quote, loop or here-document. */
  isIncomplete(text: string): boolean {
    return parseShell(text).kind === 'incomplete';
  }

  /** Adds a typed line, as HISTCONTROL=ignoreboth does: neither repeats nor lines that begin with a blank. */
  remember(line: string): void {
    if (line.trim() === '' || line.startsWith(' ') || line === this.history.at(-1)) return;
    this.history.push(line);
    if (this.history.length > MAX_HISTORY) this.history.splice(0, this.history.length - MAX_HISTORY);
  }

  /** Runs typed text; never rejects for what it says. The status is also `$?`; 130 after the signal. */
  run(line: string, io: ShellIo): Promise<number> {
    return this.#guarded(io.signal, async () => {
      const source = expandAliases(line, this.#state.aliases);
      const done = await runSource(source, this.#scope(io, this.#state));
      if (done.leave?.kind === 'exit') this.#exitCode = done.code;
      return done;
    });
  }

  /** Runs one command with its arguments as they are, in a copy of the shell's state: `kubectl exec`, checks. */
  execArgv(argv: readonly string[], io: ShellIo): Promise<number> {
    return this.#guarded(io.signal, () => {
      const state = this.#state.fork();
      return runArgv(argv, this.#scope(io, state), { functions: false });
    });
  }

  /** `execArgv` with its output kept. */
  async exec(
    argv: readonly string[],
    { signal, stdin = '' }: { readonly signal: AbortSignal; readonly stdin?: string | Uint8Array },
  ): Promise<Executed> {
    const [stdout, stderr] = [new Capture(this.#host.pace), new Capture(this.#host.pace)];
    const input = bytesInput(typeof stdin === 'string' ? utf8(stdin) : stdin);
    const exitCode = await this.execArgv(argv, { stdin: input, stdout, stderr, signal });
    return { exitCode, stdout: stdout.text, stderr: stderr.text };
  }

  /** What Tab offers for the text before the cursor. */
  complete(before: string): Promise<Completions> {
    return complete(before, {
      host: this.#host,
      state: this.#state,
      io: completionIo({ host: this.#host, state: this.#state }),
    });
  }

  /** Another shell here, with this one's exported variables and directory. */
  nested(scope: Scope): Shell {
    const { state } = scope;
    const inner = new Shell({
      ...this.#setup,
      ports: scope.host.ports,
      env: Object.fromEntries(state.variables.environment()),
      history: this.history,
    });
    inner.#state.cwd = state.cwd;
    return inner;
  }

  async #guarded(signal: AbortSignal, run: () => Promise<Completion>): Promise<number> {
    try {
      const { code } = await run();
      this.#state.status = code;
    } catch (error) {
      if (error instanceof BrokenPipe) this.#state.status = 141;
      else if (error instanceof Interrupted || signal.aborted) this.#state.status = INTERRUPTED_STATUS;
      else throw error;
    }
    return this.#state.status;
  }

  #scope(io: ShellIo, state: ShellState): Scope {
    const terminal = io.tty === undefined ? {} : { terminal: io.tty };
    const keyboard = io.stdin?.isTerminal === true ? terminal : {};
    const fds = new Map<number, Descriptor>([
      [0, { input: Source.of(io.stdin ?? EMPTY_INPUT), ...keyboard }],
      [1, { output: this.#paced(io.stdout), ...terminal }],
      [2, { output: this.#paced(io.stderr), ...terminal }],
    ]);
    const origin = io.stdin instanceof Source ? io.stdin.origin : io.stdin;
    const screen = origin !== undefined && isInteractive(origin) ? { screen: origin.screen } : {};
    return {
      host: this.#host,
      state,
      fds,
      ...screen,
      signal: io.signal,
      guarded: false,
      depth: 0,
      loops: 0,
    };
  }

  /** A command that prints for ever must let the host run too. */
  #paced(output: Output): Output {
    return {
      write: async (data) => {
        await output.write(data);
        await this.#host.pace.step();
      },
    };
  }

  #makeHost(): Host {
    const { place, files, ports, breathe, commands, textTools } = this.#setup;
    const text = textTools === undefined ? [] : textCommands(textTools);
    const here = [...coreCommands(), ...text, ...commands].filter((command) =>
      command.places.includes(place.kind),
    );
    const table = new Map(here.map((command) => [command.name, command]));
    const names = [...table.keys()].sort();
    const isHere = (found: Command | undefined): boolean => found?.within?.(place, ports.cluster) ?? true;
    return {
      place,
      files: new ProcFiles(files, place, ports.network),
      ports,
      pace: new Pace(breathe),
      builtins: builtinTable(),
      history: this.history,
      command: (name) => {
        const found = table.get(name);
        return found && isHere(found) ? found : undefined;
      },
      commandNames: () => names.filter((name) => isHere(table.get(name))),
      pathOf,
      run: (target, argv, request) => this.#runFor(target, argv, request),
      interact: (scope, stdin) => {
        const terminal = scope.fds.get(1)?.terminal;
        return terminal !== undefined && isInteractive(stdin.origin)
          ? stdin.origin.interact(this.nested(scope))
          : undefined;
      },
    };
  }

  /** What a command runs through `CommandIo.run`, here or at another place. */
  async #runFor(target: Place, argv: readonly string[], { io, streams, scope }: RunRequest): Promise<number> {
    const shellIo = replaced(io, { streams, scope });
    if (formatPlace(target) === formatPlace(this.place)) {
      const screen = scope.screen === undefined ? {} : { screen: scope.screen };
      const host = streams.netns === undefined ? scope.host : hostIn(scope.host, streams.netns);
      const inner: Scope = {
        ...this.#scope(shellIo, scope.state.fork()),
        ...screen,
        host,
        depth: scope.depth,
      };
      return (await runArgv(argv, inner, { functions: false })).code;
    }
    const shell = this.#setup.elsewhere?.(target);
    if (shell === undefined) {
      await io.stderr.write(`bash: ${formatPlace(target)}: No such place\n`);
      return 126;
    }
    const [program = ''] = argv;
    if (!shell.hasProgram(program)) throw new NoSuchProgram(program);
    return shell.execArgv(argv, shellIo);
  }

  /** Whether a container runtime would find it here: what only a shell understands is no program. */
  hasProgram(name: string): boolean {
    return name.includes('/') ? programAt(this.#host, name) !== undefined : isProgram(this.#host, name);
  }
}

/** The same machine for a process in another of its network namespaces. */
function hostIn(host: Host, netns: NetnsId): Host {
  const here = formatPlace(host.place);
  const network: Host['ports']['network'] = {
    ...host.ports.network,
    netnsOf: (place) => (formatPlace(place) === here ? netns : host.ports.network.netnsOf(place)),
  };
  const files = host.files instanceof ProcFiles ? host.files.seenFrom(network) : host.files;
  return { ...host, files, ports: { ...host.ports, network } };
}

/** A command's own streams, but for those that it replaces. */
function replaced(io: CommandIo, { streams, scope }: Omit<RunRequest, 'io'>): ShellIo {
  const tty = streams.tty ?? (streams.stdout === undefined ? io.tty : undefined);
  return {
    stdin: streams.stdin ?? io.stdin,
    stdout: streams.stdout ?? io.stdout,
    stderr: streams.stderr ?? io.stderr,
    ...(tty === undefined ? {} : { tty: scope.fds.get(1)?.terminal ?? (() => tty) }),
    signal: io.signal,
  };
}

function isInteractive(input: Input): input is InteractiveInput {
  return 'interact' in input && typeof input.interact === 'function';
}

function loginEnvironment(place: Place): Readonly<Record<string, string>> {
  const user = userOf(place);
  const home = homeOf(place);
  const login = place.kind === 'pod' ? {} : { USER: user, LOGNAME: user, SHELL: '/bin/bash' };
  return {
    HOME: home,
    PATH,
    PWD: startDirectory(place),
    HOSTNAME: hostnameOf(place),
    TERM: 'xterm-256color',
    SHLVL: '1',
    ...login,
  };
}

const ADMIN = new Set([
  'bridge',
  'ip',
  'iptables',
  'iptables-save',
  'iptables-restore',
  'ip6tables',
  'ipset',
  'sysctl',
  'tcpdump',
  'nft',
  'ethtool',
  'arp',
  'route',
  'ifconfig',
  'conntrack',
]);
const LOCAL = new Set(['kubectl', 'calicoctl', 'kind', 'helm', 'crictl']);

function pathOf(name: string): string {
  if (ADMIN.has(name)) return `/usr/sbin/${name}`;
  return `${LOCAL.has(name) ? '/usr/local/bin' : '/usr/bin'}/${name}`;
}
