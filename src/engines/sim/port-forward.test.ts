/** Port-forward as the real kubectl does it; skipped where kubectl is missing or too old. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoKubectl } from '../../../test/kubectl/binary.ts';
import { smallEnvironment } from '../small-lab.contract.ts';
import { SimSession } from './session.ts';

const missing = whyNoKubectl();
const folder = mkdtempSync(join(tmpdir(), 'underlay-forward-'));
let session: SimSession;

beforeAll(async () => {
  const opened = await SimSession.open(smallEnvironment(), { belongings: { places: {} }, pace: 'live' });
  if (!opened.ok) throw new Error(opened.error.message);
  session = opened.value;
  const config = await session.kubeconfig();
  writeFileSync(join(folder, 'config'), config.ok ? config.value : '');
});
afterAll(async () => {
  await session.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs while `use` does; gives it the local port, and what kubectl says. */
async function forwarded(
  port: number,
  use: (local: number, said: () => string) => Promise<void>,
): Promise<void> {
  const child = spawn('kubectl', ['port-forward', 'pod/near', `:${port}`, '--address=127.0.0.1'], {
    env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: join(folder, 'config') },
  });
  let said = '';
  const local = new Promise<number>((resolve, reject) => {
    const hear = (text: string): void => {
      said += text;
      const found = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (found !== undefined) resolve(Number(found));
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.on('close', () => reject(new Error(said)));
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  try {
    await use(await local, () => said);
  } finally {
    child.kill();
    await ended;
  }
}

describe.skipIf(missing !== undefined)(
  `a forwarded port${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    test('answers what the pod answers, connection after connection, from inside the pod', async () => {
      await forwarded(80, async (local) => {
        for (const path of ['hostname', 'hostname']) {
          const answer = await fetch(`http://127.0.0.1:${local}/${path}`);
          expect([answer.status, await answer.text()]).toEqual([200, 'near']);
        }
        expect(await (await fetch(`http://127.0.0.1:${local}/clientip`)).text()).toMatch(/^127\.0\.0\.1:/);
      });
    });

    test('where nobody listens says so', async () => {
      await forwarded(81, async (local, said) => {
        await expect(fetch(`http://127.0.0.1:${local}/`)).rejects.toThrow();
        await expect.poll(said).toContain('dial tcp4 127.0.0.1:81: connect: connection refused');
      });
    });
  },
);
