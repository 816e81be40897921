import { describe, expect, test } from 'vitest';
import { shopLab } from './lab.contract.ts';

// The history of a restored lab begins anew: a watch of what came before it ends with 410 Gone.
describe('a watch that ends with 410 Gone', () => {
  test('wait lists again, and sees what has happened since', async () => {
    const lab = await shopLab();
    await lab.type('run box --image=nginx');
    lab.forgetNextWatch();
    expect(await lab.type('wait --for=condition=Ready pod/box --timeout=60s')).toEqual({
      code: 0,
      stdout: 'pod/box condition met\n',
      stderr: '',
    });
  });

  test('the time is still up when it is up', async () => {
    const lab = await shopLab();
    const began = lab.state.now;
    lab.forgetNextWatch();
    expect(await lab.type('wait --for=delete cm/site --timeout=5s')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: timed out waiting for the condition on configmaps/site\n',
    });
    expect(lab.state.now - began).toBe(5000);
  });

  test('rollout status goes on', async () => {
    const lab = await shopLab();
    await lab.type('rollout restart deploy/web');
    lab.forgetNextWatch();
    const { code, stdout } = await lab.type('rollout status deploy/web');
    expect([code, stdout.split('\n').at(-2)]).toEqual([0, 'deployment "web" successfully rolled out']);
  });
});
