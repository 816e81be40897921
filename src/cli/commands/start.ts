/** `underlay start`: the desktop window where there can be one, else the browser host on loopback, until interrupted. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { err, ok, type Result } from '../../base/result.ts';
import { WebHost, type WebHostOptions } from '../../server/web-host.ts';
import type { CliCommand } from '../command.ts';
import { openDesktop, surroundings, type Surroundings } from '../desktop/desktop.ts';
import { EXIT } from '../exit-code.ts';
import { openServices } from '../host-services.ts';
import { complain, reasonOf, say } from '../output.ts';
import { PATHS } from '../paths.ts';

const DEFAULT_PORT = 7340;
const LAST_PORT = 65535;
/** How many ports after a taken one are tried. */
const PORTS_TRIED = 20;

/** Flags that only a browser host can honour. */
const BROWSER_FLAGS = ['browser', 'port', 'no-open'] as const;

export const start: CliCommand = {
  name: 'start',
  spec: {
    usage: 'underlay start [--desktop | --browser] [--port N] [--no-open]',
    summary: 'Start Underlay in its own window, or in a browser where there can be no window.',
    flags: {
      desktop: { help: 'Insist on the window: fail where it cannot be opened.' },
      browser: { help: 'Serve to a browser.' },
      port: {
        value: 'a number',
        help: `Port on 127.0.0.1; 0 takes any free one. Default ${DEFAULT_PORT}. Implies --browser.`,
      },
      'no-open': { help: 'Print the address without opening a browser. Implies --browser.' },
    },
    words: { min: 0, max: 0 },
  },
  async run({ flags }) {
    const port = parsePort(flags.get('port'));
    const host = chooseHost(flags);
    if (!port.ok || !host.ok) {
      complain(port.ok ? (host.ok ? '' : host.error) : port.error);
      return EXIT.usage;
    }
    const code =
      host.value === 'browser' ? undefined : await startWindow({ insist: host.value === 'desktop' });
    return code ?? startBrowser(port.value ?? DEFAULT_PORT, { open: !flags.has('no-open') });
  },
};

function chooseHost(flags: ReadonlyMap<string, string>): Result<'desktop' | 'browser' | 'either', string> {
  const browser = BROWSER_FLAGS.find((flag) => flags.has(flag));
  if (!flags.has('desktop')) return ok(browser === undefined ? 'either' : 'browser');
  return browser === undefined ? ok('desktop') : err(`--${browser} and --desktop exclude each other.`);
}

/** The exit code; undefined when there is no window and the browser shall do. */
export async function startWindow(
  { insist }: { readonly insist: boolean },
  around: Surroundings = surroundings(),
): Promise<number | undefined> {
  const window = await openDesktop({ insist }, around);
  if (window.ok) {
    const { fault } = window.value;
    if (fault !== undefined) complain(`The window ended unexpectedly: ${fault}.`);
    return fault === undefined ? EXIT.pass : EXIT.engine;
  }
  const { reason, remedy } = window.error;
  if (insist) {
    complain(`${reason}\n${remedy}`);
    return EXIT.engine;
  }
  say(`${reason} Underlay runs in your browser instead.`);
  return undefined;
}

async function startBrowser(port: number, { open }: { readonly open: boolean }): Promise<number> {
  const running = await openServices({
    host: 'browser',
    log: { error: (message, cause) => complain(`${message}: ${reasonOf(cause)}`) },
    warn: complain,
  });
  if (!running.ok) {
    complain(running.error);
    return EXIT.engine;
  }
  const host = await listenNear({ services: running.value.services, root: PATHS.renderer, port });
  if (!host.ok) {
    complain(host.error);
    return EXIT.engine;
  }
  const { startUrl } = host.value.gate;
  if (host.value.port !== port && port !== 0) {
    say(`Port ${port} is in use; taking ${host.value.port} instead.`);
  }
  // Before Ctrl-C is offered, it works.
  const end = interrupted();
  say(`Underlay is running. Open ${startUrl}`);
  say('Press Ctrl-C to stop.');
  if (open) openBrowser(startUrl);
  await end;
  await host.value.close();
  await running.value.dispose();
  return EXIT.pass;
}

export function parsePort(text: string | undefined): Result<number | undefined, string> {
  if (text === undefined) return ok(undefined);
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= LAST_PORT ? ok(port) : err(`--port needs a number from 0 to ${LAST_PORT}, not "${text}".`);
}

/** Listens on the wanted port or on the next free one; 0 takes any. The error is for the person who starts. */
export async function listenNear(options: WebHostOptions): Promise<Result<WebHost, string>> {
  const { port: first } = options;
  const last = first === 0 ? 0 : Math.min(first + PORTS_TRIED, LAST_PORT);
  for (let port = first; port <= last; port += 1) {
    const host = await WebHost.listen({ ...options, port });
    if (host.ok) return host;
    if (host.error === 'port-forbidden') {
      return err(`Port ${port} may not be used here. Choose another with --port, or --port 0 for any.`);
    }
  }
  return err(`Ports ${first} to ${last} are all in use. Choose another with --port, or --port 0 for any.`);
}

/** Best effort: without a desktop there is nothing to open, and the address has been printed. */
function openBrowser(url: string): void {
  const [command, args] = opener(url);
  if (command === undefined) return;
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

function opener(url: string): readonly [string | undefined, readonly string[]] {
  if (process.platform === 'darwin') return ['open', [url]];
  if (process.platform === 'win32') return ['rundll32', ['url.dll,FileProtocolHandler', url]];
  return process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? ['xdg-open', [url]] : [undefined, []];
}

/** Resolves at Ctrl-C, or when the process is asked to end. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}
