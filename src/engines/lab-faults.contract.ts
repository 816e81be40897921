/** What sessions that can break their lab owe to labs: run against each engine that has faults, with the same small lab. */
import { describe, expect, test } from 'vitest';
import type { FaultsGroup, LabEngine, LabSession } from '../lab/ports.ts';
import { openShell, place, sharedSession, SIGNAL, typed } from './small-lab.contract.ts';

const faultsOf = (of: LabSession): FaultsGroup => {
  if (!of.faults) throw new Error('this engine has no faults');
  return of.faults;
};

/** @param makeEngine an engine of the kind under test; the suite resets one session between its tests */
export function labFaultsContract(name: string, makeEngine: () => LabEngine): void {
  describe(`${name}: its faults`, () => {
    const { current, at, reach, hurry } = sharedSession(makeEngine);
    const active = async (): Promise<readonly string[]> => {
      const listed = await faultsOf(current()).list(SIGNAL);
      if (!listed.ok) throw new Error(listed.error.message);
      return listed.value.flatMap((fault) => (fault.active ? [`${fault.name} ${fault.active.seed}`] : []));
    };
    const web = () => reach('pod/near', { to: place('pod/far'), protocol: 'tcp', port: 80 });

    test('break what they name, are listed while they last, and go', async () => {
      const faults = faultsOf(current());
      expect(await active()).toEqual([]);
      expect(await faults.inject('router-down', 1, SIGNAL)).toEqual({
        ok: true,
        value: 'router is switched off.',
      });
      expect(await active()).toEqual(['router-down 1']);
      expect(await web()).toMatchObject({ value: { delivered: false } });
      expect(await faults.inject('router-down', 2, SIGNAL)).toMatchObject({
        ok: false,
        error: { code: 'fault-refused', message: 'router-down is there already: clear it first.' },
      });
      expect(await faults.clear('router-down', SIGNAL)).toEqual({ ok: true, value: undefined });
      await hurry();
      expect(await active()).toEqual([]);
      expect(await web()).toMatchObject({ value: { delivered: true } });
    });

    test('take the API server away from kubectl, in its own words', async () => {
      const faults = faultsOf(current());
      await faults.inject('api-server-down', 1, SIGNAL);
      expect(await at('workstation', 'kubectl', 'get', 'pods')).toMatchObject({
        value: {
          exitCode: 1,
          stdout: '',
          stderr:
            'The connection to the server 10.0.0.10:6443 was refused - did you specify the right host or port?\n',
        },
      });
      expect(await web()).toMatchObject({ value: { delivered: true } });
      await faults.clear('api-server-down', SIGNAL);
      expect(await at('workstation', 'kubectl', 'get', 'pods', '-o', 'name')).toMatchObject({
        value: { stdout: 'pod/far\npod/near\n' },
      });
    });

    test('end what stands on a machine that is switched off', async () => {
      const faults = faultsOf(current());
      const [stream, screen] = await openShell(current(), place('node/control-plane'));
      const over = new Promise<number>((resolve) => void stream.onExit(({ code }) => resolve(code)));
      await faults.inject('control-plane-down', 1, SIGNAL);
      stream.write(typed('ls\r'));
      await screen.until(/client_loop: send disconnect: Broken pipe/);
      expect(await over).toBe(255);
      expect(await at('node/control-plane', 'true')).toMatchObject({
        ok: false,
        error: { code: 'machine-off', message: 'node/control-plane is switched off.' },
      });
      await faults.clear('control-plane-down', SIGNAL);
      expect(await at('node/control-plane', 'true')).toMatchObject({ ok: true });
    });
  });
}
