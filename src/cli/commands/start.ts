/** `underlay start`: the browser host on loopback, one URL, until interrupted. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { err, ok, type Result } from '../../base/result.ts';
import { simEngine } from '../../engines/sim/engine.ts';
import { ProgressStore } from '../../services/progress-store.ts';
import { readLibrary } from '../../services/library.ts';
import { Services } from '../../services/services.ts';
import { WebHost, type WebHostOptions } from '../../server/web-host.ts';
import { CALICO_VERSION, KUBERNETES_VERSION } from '../../sim/index.ts';
import type { CliCommand } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { complain, reasonOf, say } from '../output.ts';
import { dataFolder, PATHS } from '../paths.ts';
import { packageVersion } from '../version.ts';

const DEFAULT_PORT = 7340;
const LAST_PORT = 65535;
/** How many ports after a taken one are tried. */
const PORTS_TRIED = 20;

export const start: CliCommand = {
  name: 'start',
  spec: {
    usage: 'underlay start [--browser] [--port N] [--no-open]',
    summary: 'Start Underlay and open it in a browser.',
    flags: {
      browser: { help: 'Serve to a browser (the only host of this version).' },
      port: {
        value: 'a number',
        help: `Port on 127.0.0.1; 0 takes any free one. Default ${DEFAULT_PORT}.`,
      },
      'no-open': { help: 'Print the address without opening a browser.' },
    },
    words: { min: 0, max: 0 },
  },
  async run({ flags }) {
    const port = parsePort(flags.get('port'));
    if (!port.ok) {
      complain(port.error);
      return EXIT.usage;
    }
    const services = await openServices();
    if (!services.ok) {
      complain(services.error);
      return EXIT.engine;
    }
    const options = { services: services.value, root: PATHS.renderer, port: port.value ?? DEFAULT_PORT };
    const host = await listenNear(options);
    if (!host.ok) {
      complain(host.error);
      return EXIT.engine;
    }
    const { startUrl } = host.value.gate;
    if (host.value.port !== options.port && options.port !== 0) {
      say(`Port ${options.port} is in use; taking ${host.value.port} instead.`);
    }
    say(`Underlay is running. Open ${startUrl}`);
    say('Press Ctrl-C to stop.');
    if (!flags.has('no-open')) openBrowser(startUrl);
    await interrupted();
    await host.value.close();
    await services.value.dispose();
    return EXIT.pass;
  },
};

async function openServices(): Promise<Result<Services, string>> {
  const library = await readLibrary(PATHS.course);
  if (!library.ok) return library;
  const progress = await ProgressStore.open(dataFolder());
  if (!progress.ok) return progress;
  const { setAside } = progress.value;
  if (setAside !== undefined) complain(`The saved progress could not be read. It is kept as ${setAside}.`);
  const [firstLab] = library.value.labs.values();
  return ok(
    new Services({
      library: library.value,
      engines: [simEngine({ worker: PATHS.simWorker, rehearse: firstLab?.environment })],
      progress: progress.value,
      info: {
        version: await packageVersion(),
        host: 'browser',
        kubernetes: KUBERNETES_VERSION,
        calico: CALICO_VERSION,
      },
      log: { error: (message, cause) => complain(`${message}: ${reasonOf(cause)}`) },
    }),
  );
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

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}
