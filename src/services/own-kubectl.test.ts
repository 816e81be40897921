import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeServices } from '../../test/support/fake-services.ts';

const CONFIG =
  'kind: Config\nclusters:\n- cluster: { server: http://127.0.0.1:1/secret }\nextensions: [{ name: underlay }]\n';

async function opened() {
  const fake = await fakeServices();
  const lab = await fake.services.labs.open('small', 'sim');
  if (!lab.ok) throw new Error(lab.error.message);
  const { session } = lab.value;
  const running = fake.engine.session;
  running.kubeconfig = () => Promise.resolve({ ok: true, value: CONFIG });
  return { ...fake, session, file: join(fake.folder, 'kubeconfigs', `${session}.yaml`) };
}

test('a lab is offered as a file and a line, which go when the lab ends', async () => {
  const { services, session, file } = await opened();
  const line = { ok: true, value: { command: `export KUBECONFIG=${file}` } };
  expect(await services.ownKubectl.offer(session)).toEqual(line);
  expect(await services.ownKubectl.offer(session)).toEqual(line);
  expect(readFileSync(file, 'utf8')).toBe(CONFIG);
  await services.labs.close(session);
  await services.ownKubectl.dispose();
  expect(existsSync(file)).toBe(false);
});

test('a lab that is not running, or cannot, says so', async () => {
  const { services, engine, session, file } = await opened();
  expect(await services.ownKubectl.offer('nosuch')).toMatchObject({ error: { code: 'unknown-session' } });
  engine.session.kubeconfig = () =>
    Promise.resolve({ ok: false, error: { code: 'port-taken', message: 'no', remedy: 'yes' } });
  expect(await services.ownKubectl.offer(session)).toMatchObject({ error: { code: 'port-taken' } });
  expect(existsSync(file)).toBe(false);
});
