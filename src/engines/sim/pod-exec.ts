/**
 * A command in a pod's shell, its streams being channels of a socket; it ends with a Status that carries the exit code.
 * Source: k8s.io/kubelet pkg/cri/streaming/remotecommand/exec.go; runc's and containerd's words for a missing program.
 */
import { createHash } from 'node:crypto';
import { utf8 } from '../../base/bytes.ts';
import type { JsonObject } from '../../base/json.ts';
import { TerminalSession, type Input, type Output, type Shell } from '../../sim/index.ts';
import { STDERR, STDOUT, type ChannelSocket } from './channel-socket.ts';

export interface PodCommand {
  readonly shell: Shell;
  readonly argv: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
}

export async function runInPod(channels: ChannelSocket, command: PodCommand): Promise<void> {
  const { shell, argv } = command;
  const [program = ''] = argv;
  if (!shell.hasProgram(program)) {
    await channels.finish(noSuchProgram(shell, program));
    return;
  }
  const code = command.tty ? await atTerminal(channels, command) : await piped(channels, command);
  await channels.finish(code === 0 ? { metadata: {}, status: 'Success' } : exited(code));
}

const output = (channels: ChannelSocket, channel: typeof STDOUT | typeof STDERR): Output => ({
  write: (data) => channels.write(channel, typeof data === 'string' ? utf8(data) : data),
});

function piped(channels: ChannelSocket, { shell, argv, stdin }: PodCommand): Promise<number> {
  return shell.execArgv(argv, {
    ...(stdin ? { stdin: inputOf(channels) } : {}),
    stdout: output(channels, STDOUT),
    stderr: output(channels, STDERR),
    signal: channels.signal,
  });
}

function inputOf(channels: ChannelSocket): Input {
  const read: Input['read'] = (signal) => channels.read(signal ?? channels.signal);
  return {
    isTerminal: false,
    read,
    text: async () => {
      let text = '';
      const decoder = new TextDecoder();
      for (let part = await read(); part; part = await read()) text += decoder.decode(part, { stream: true });
      return text;
    },
  };
}

/** With a terminal everything comes out of one channel, and what is typed goes through the line discipline. */
function atTerminal(channels: ChannelSocket, { shell, argv, stdin }: PodCommand): Promise<number> {
  return new Promise((resolve) => {
    const session = new TerminalSession(shell, {
      ...channels.size,
      argv,
      write: (bytes) => channels.write(STDOUT, bytes),
    });
    session.onExit(({ code }) => resolve(code));
    channels.onResize = (size) => session.resize(size);
    if (stdin) channels.onInput = (bytes) => session.input(bytes);
    channels.signal.addEventListener('abort', () => session.close(), { once: true });
  });
}

const exited = (code: number): JsonObject => ({
  metadata: {},
  status: 'Failure',
  message: `command terminated with non-zero exit code: exit status ${code}`,
  reason: 'NonZeroExitCode',
  details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
});

/** The identifier of an attempt is random in the real one. */
function noSuchProgram(shell: Shell, program: string): JsonObject {
  const attempt = createHash('sha256').update(`${program} ${shell.prompt}`).digest('hex');
  const why = program.includes('/')
    ? `stat ${program}: no such file or directory`
    : 'executable file not found in $PATH';
  const cause = `error executing command in container: failed to exec in container: failed to start exec "${attempt}": OCI runtime exec failed: exec failed: unable to start container process: exec: "${program}": ${why}: unknown`;
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${cause}`,
    reason: 'InternalError',
    details: { causes: [{ message: cause }] },
    code: 500,
  };
}
