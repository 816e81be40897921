/** The desktop host over a fake Electron, with real services over a fake engine and a built page of three files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../src/base/result.ts';
import { PORT_GIVEN, PORT_WANTED } from '../../src/contract/channel.ts';
import { builtPage } from '../../src/main/app-scheme.ts';
import { runDesktop, type DesktopOptions, type OpenServices } from '../../src/main/desktop.ts';
import { StaticFiles } from '../../src/server/static-files.ts';
import { FakeElectron, FakePort, type FakeFrame } from './fake-electron.ts';
import { fakeServices, type FakeServices } from './fake-services.ts';
import type { FakeSession } from './fake-session.ts';

export interface Desktop extends FakeServices {
  readonly electron: FakeElectron;
  /** How often the services were put away. */
  readonly disposals: () => number;
  /** The page's end of a port, asked for as its preload does. */
  port(): FakePort;
}

export interface DesktopPlan {
  readonly electron?: FakeElectron;
  readonly session?: () => FakeSession;
  readonly options?: Partial<DesktopOptions>;
  readonly open?: Result<OpenServices, string>;
}

export async function openDesktop(plan: DesktopPlan = {}): Promise<Desktop> {
  const { electron = new FakeElectron() } = plan;
  const fakes = await fakeServices(plan.session);
  let disposals = 0;
  const services: OpenServices = {
    services: fakes.services,
    dispose: async () => {
      disposals += 1;
      await fakes.services.dispose();
    },
  };
  await runDesktop({
    electron,
    data: fakes.folder,
    platform: 'linux',
    page: builtPage(new StaticFiles(pageFolder(fakes.folder))),
    open: () => Promise.resolve(plan.open ?? ok(services)),
    log: {
      error: (message, cause) =>
        void fakes.logged.push(cause === undefined ? message : `${message}: ${String(cause)}`),
    },
    ...plan.options,
  });
  return {
    ...fakes,
    electron,
    disposals: () => disposals,
    port: () => {
      electron.send(PORT_WANTED);
      const port = givenPort(electron.window.webContents.mainFrame);
      if (port === undefined) throw new Error('no port was given');
      return port;
    },
  };
}

/** The port that a frame was given last. */
export function givenPort({ posted }: FakeFrame): FakePort | undefined {
  const last = posted.findLast(({ channel }) => channel === PORT_GIVEN);
  const port = last?.ports[0];
  return port instanceof FakePort ? port : undefined;
}

/** A built page beside files that are none of its business. */
function pageFolder(folder: string): string {
  const root = join(folder, 'renderer');
  mkdirSync(join(root, 'assets'), { recursive: true });
  writeFileSync(join(root, 'index.html'), '<!doctype html>');
  writeFileSync(join(root, 'assets', 'app.js'), 'export {};');
  writeFileSync(join(root, 'secret.key'), 'no type');
  writeFileSync(join(folder, 'package.json'), '{"outside":true}');
  writeFileSync(join(folder, 'renderer-not.html'), 'a neighbour');
  return root;
}
