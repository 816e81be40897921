/** What every engine's sessions owe to labs: run against each engine with the same small lab. */
import { describe, expect, test } from 'vitest';
import { KUBECONFIG_MARK } from '../lab/ports.ts';
import type { LabEngine, LabSession, ShellStream } from '../lab/ports.ts';
import { formatPlace, WORKSTATION } from '../model/place.ts';
import { podsBy } from './kubeconfig-client.contract.ts';
import { openSession, openShell, place, sharedSession, SIGNAL, typed } from './small-lab.contract.ts';

const exitOf = (stream: ShellStream): Promise<number> =>
  new Promise((resolve) => void stream.onExit(({ code }) => resolve(code)));

/** Without arguments it waits; every engine's nodes have it, whatever registry can be reached. */
const AGNHOST = 'registry.k8s.io/e2e-test-images/agnhost:2.53';

/** @param makeEngine an engine of the kind under test; the suite resets one session between its tests */
export function labSessionContract(name: string, makeEngine: () => LabEngine): void {
  describe(name, () => {
    const { current, at, reach, hurry, gone } = sharedSession(makeEngine);

    describe('exec', () => {
      test('tells exit code, standard output and standard error apart', async () => {
        expect(await at('workstation', 'sh', '-c', 'echo out; echo err >&2; exit 3')).toEqual({
          ok: true,
          value: { exitCode: 3, stdout: 'out\n', stderr: 'err\n' },
        });
      });

      test('takes arguments as they are, without a shell', async () => {
        expect(await at('node/node1', 'echo', '$HOME; ls', '*')).toEqual({
          ok: true,
          value: { exitCode: 0, stdout: '$HOME; ls *\n', stderr: '' },
        });
      });

      test('runs in every kind of place', async () => {
        for (const where of ['workstation', 'node/node2', 'pod/near', 'router/router', 'host/outside']) {
          const name = where.slice(where.indexOf('/') + 1);
          expect(await at(where, 'hostname'), where).toMatchObject({ value: { stdout: `${name}\n` } });
        }
      });

      test('refuses a place that is not there', async () => {
        expect(await at('pod/nobody', 'true')).toMatchObject({ ok: false, error: { code: 'no-such-place' } });
      });

      test('that is given up ends with the question, at once', async () => {
        const control = new AbortController();
        const asked = current().exec(WORKSTATION, ['kubectl', 'get', 'pods', '--watch'], control.signal);
        setImmediate(() => control.abort());
        expect(await asked).toMatchObject({ ok: false, error: { code: 'interrupted' } });
        expect(await at('workstation', 'true')).toMatchObject({ value: { exitCode: 0 } });
      });

      test('that was given up before it began is not begun', async () => {
        const asked = await current().exec(WORKSTATION, ['touch', 'made'], AbortSignal.abort());
        expect(asked).toMatchObject({ ok: false, error: { code: 'interrupted' } });
        expect(await at('workstation', 'test', '-e', 'made')).toMatchObject({ value: { exitCode: 1 } });
      });
    });

    describe('objects', () => {
      test('are listed, named and selected', async () => {
        const names = async (query: Parameters<LabSession['objects']>[0]): Promise<readonly unknown[]> => {
          const found = await current().objects(query, SIGNAL);
          if (!found.ok) throw new Error(found.error.message);
          return found.value.map(({ metadata }) => (metadata as { readonly name?: string }).name);
        };
        expect(await names({ resource: 'pods', namespace: 'default' })).toEqual(['far', 'near']);
        expect(await names({ resource: 'pods', namespace: 'default', name: 'near' })).toEqual(['near']);
        expect(await names({ resource: 'pods', namespace: 'default', name: 'nobody' })).toEqual([]);
        expect(await names({ resource: 'pods', namespace: 'default', labelSelector: 'app=other' })).toEqual(
          [],
        );
        expect(await names({ resource: 'ippools.crd.projectcalico.org' })).toEqual(['default-ipv4-ippool']);
        expect(await names({ resource: 'nodes' })).toEqual(['control-plane', 'node1', 'node2', 'node3']);
      });

      test('of an unknown resource are an error', async () => {
        expect(await current().objects({ resource: 'pots' }, SIGNAL)).toMatchObject({
          ok: false,
          error: { code: 'unknown-resource' },
        });
      });
    });

    describe('reach', () => {
      const far = { to: place('pod/far'), protocol: 'tcp', port: 80 } as const;

      test('tells how a flow between racks went', async () => {
        expect(await reach('pod/near', far)).toMatchObject({
          ok: true,
          value: {
            delivered: true,
            disposition: 'delivered',
            encapsulation: 'vxlan',
            outer: { source: '10.0.0.11', destination: '10.0.1.13' },
            pathMtu: 1450,
          },
        });
      });

      test('sees what is missing, and who lost it', async () => {
        const fdb = await current().exec(
          place('node/node1'),
          ['sh', '-c', 'bridge fdb show dev vxlan.calico | grep 10.0.1.13'],
          SIGNAL,
        );
        const mac = fdb.ok ? (fdb.value.stdout.split(' ')[0] ?? '') : '';
        await at('node/node1', 'bridge', 'fdb', 'del', mac, 'dev', 'vxlan.calico', 'dst', '10.0.1.13');
        expect(await reach('pod/near', far)).toMatchObject({
          value: {
            delivered: false,
            disposition: 'no-fdb-entry',
            reason: expect.stringContaining('node1') as string,
          },
        });
      });

      test('goes through a service by its ClusterIP', async () => {
        const to = { kind: 'service', namespace: 'default', name: 'web' } as const;
        expect(await reach('node/node2', { to, protocol: 'tcp', port: 80 })).toMatchObject({
          value: { delivered: true },
        });
      });

      test('tells which source the destination saw: outside, the node', async () => {
        expect(await reach('pod/near', { to: place('host/outside'), protocol: 'icmp' })).toMatchObject({
          value: {
            delivered: true,
            sourceSeen: '10.0.0.11',
            encapsulation: 'none',
            hops: ['10.0.0.11', '10.0.0.1'],
          },
        });
      });

      test('of a closed port is an answer, of an absent sender an error', async () => {
        expect(await reach('pod/near', { ...far, port: 81 })).toMatchObject({
          value: { delivered: false, disposition: 'port-closed' },
        });
        expect(await reach('pod/nobody', far)).toMatchObject({
          ok: false,
          error: { code: 'place-not-running' },
        });
      });
    });

    describe('a terminal', () => {
      test('prompts, echoes, runs a line, and exits with the shell', async () => {
        const [stream, screen] = await openShell(current());
        stream.write(typed('echo $((40 + 2)) words\r'));
        await screen.until(/\$ echo \$\(\(40 \+ 2\)\) words\r\n42 words\r\n.*\$ $/);
        const exit = exitOf(stream);
        stream.write(typed('exit 7\r'));
        expect(await exit).toBe(7);
      });

      test('takes bytes in pieces and a new size in between', async () => {
        const [stream, screen] = await openShell(current(), place('node/node1'));
        const [first = 0, ...rest] = typed('echo grüße\r');
        stream.write(new Uint8Array([first]));
        stream.resize({ columns: 20, rows: 5 });
        for (const byte of rest) stream.write(new Uint8Array([byte]));
        await screen.until(/\r\ngrüße\r\n/);
      });

      test('that is closed hangs up', async () => {
        const [stream] = await openShell(current());
        const exit = exitOf(stream);
        stream.close();
        expect(await exit).toBe(129);
      });

      test('that is paused shows nothing until it goes on, and then everything in order', async () => {
        const [stream, screen] = await openShell(current());
        const before = screen.text;
        stream.pause();
        stream.write(typed('seq 1 400 | tr "\\n" ,\r'));
        expect(await at('workstation', 'true')).toMatchObject({ ok: true });
        expect(screen.text).toBe(before);
        stream.resume();
        await screen.until(/399,400,/);
        const lines = screen.text.slice(before.length).replaceAll(/\s/g, '');
        expect(lines).toContain(Array.from({ length: 400 }, (_, at) => `${at + 1},`).join(''));
      });

      test('is refused where there is no place', async () => {
        const opened = await current().shell(place('pod/nobody'), { columns: 80, rows: 24 });
        expect(opened).toMatchObject({ ok: false, error: { code: 'no-such-place' } });
      });
    });

    test('places follow the pods', async () => {
      const told: string[][] = [];
      current().onPlaces(
        (places) => void told.push(places.map(formatPlace).filter((text) => text.startsWith('pod/'))),
      );
      expect(current().places().map(formatPlace)).toEqual([
        'workstation',
        ...['control-plane', 'node1', 'node2', 'node3'].map((node) => `node/${node}`),
        'pod/far',
        'pod/near',
        'router/router',
        'host/outside',
      ]);
      await at('workstation', 'kubectl', 'run', 'more', `--image=${AGNHOST}`);
      await hurry();
      await at('workstation', 'kubectl', 'wait', '--for=condition=Ready', 'pod/more');
      await at('workstation', 'kubectl', 'delete', 'pod', 'near', '--now', '--wait=false');
      await hurry();
      await at('workstation', 'kubectl', 'wait', '--for=delete', 'pod/near');
      await gone('pod/near');
      expect(told).toEqual([
        ['pod/far', 'pod/more', 'pod/near'],
        ['pod/far', 'pod/more'],
      ]);
    });

    describe('files', () => {
      test('are read as bytes', async () => {
        expect(await current().readFile(WORKSTATION, '/home/learner/notes.txt')).toEqual({
          ok: true,
          value: typed('Read me.\n'),
        });
      });

      test('that are not there are an error', async () => {
        expect(await current().readFile(WORKSTATION, '/no')).toMatchObject({
          error: { code: 'no-such-file' },
        });
        expect(await current().readFile(place('pod/nobody'), '/no')).toMatchObject({
          error: { code: 'no-such-place' },
        });
      });
    });

    test('a reset brings the cluster back and leaves the learner their files', async () => {
      await at('workstation', 'sh', '-c', 'kubectl delete pod near --now --wait=false; echo mine > kept.txt');
      await hurry();
      await gone('pod/near');
      await at('node/node1', 'ip', 'link', 'set', 'vxlan.calico', 'down');
      expect(await current().reset(SIGNAL)).toEqual({ ok: true, value: undefined });
      expect(current().places().map(formatPlace)).toContain('pod/near');
      expect(await reach('pod/near', { to: place('pod/far'), protocol: 'tcp', port: 80 })).toMatchObject({
        value: { delivered: true },
      });
      expect(await at('workstation', 'cat', 'kept.txt')).toMatchObject({ value: { stdout: 'mine\n' } });
    });

    test('a kubeconfig leads the learner’s own kubectl to the cluster, as long as the session lives', async () => {
      const own = await openSession(makeEngine());
      const text = await own.kubeconfig();
      if (!text.ok) throw new Error(text.error.message);
      expect(text.value).toContain(`extensions:\n- name: ${KUBECONFIG_MARK}\n`);
      expect(await podsBy(text.value)).toEqual(['far', 'near']);
      await own.exec(WORKSTATION, ['kubectl', 'delete', 'pod', 'near', '--now', '--wait=false'], SIGNAL);
      await own.reset(SIGNAL);
      expect(await own.kubeconfig()).toEqual(text);
      expect(await podsBy(text.value)).toEqual(['far', 'near']);
      await own.dispose();
      await expect(podsBy(text.value)).rejects.toThrow();
    });

    test('a disposed session says so', async () => {
      const other = await openSession(makeEngine());
      const states: string[] = [];
      other.onStatus(({ state }) => void states.push(state));
      expect(other.status).toEqual({ state: 'ready' });
      await other.dispose();
      expect([other.status.state, ...states]).toEqual(['disposed', 'disposed']);
    });
  });
}
