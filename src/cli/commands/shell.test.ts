import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/support/fake-services.ts';
import { spoken, type Spoken } from '../../../test/support/spoken.ts';
import { shell, sim } from './shell.ts';

const TWO_RACKS = 'labs/topologies/two-racks.yaml';

const run = (flags: Readonly<Record<string, string>>, command = shell): Promise<Spoken> =>
  spoken(() => command.run({ words: [], flags: new Map(Object.entries(flags)) }));

describe('underlay shell', () => {
  test('runs a command on the workstation and ends with its exit code', async () => {
    const command = 'kubectl get nodes -o name; echo done >&2; exit 4';
    expect(await run({ topology: TWO_RACKS, command })).toEqual({
      code: 4,
      out: 'node/control-plane\nnode/node1\nnode/node2\nnode/node3\n',
      err: 'done\n',
    });
  });

  test('has the pool that Calico makes by itself', async () => {
    const { out } = await run({ command: 'calicoctl get ippools' }, sim);
    expect(out).toMatch(/^default-ipv4-ippool +10\.244\.0\.0\/16 +all\(\)/m);
  });

  test('installs Calico as it is told to', async () => {
    const command = 'kubectl get ns -o name | grep tigera';
    expect((await run({ install: 'operator', command }, sim)).out).toBe('namespace/tigera-operator\n');
    expect(await run({ install: 'helm', command }, sim)).toEqual({
      code: 2,
      out: '',
      err: '--install is manifest or operator, not "helm".\n',
    });
  });

  test('wants a topology', async () => {
    expect(await run({})).toEqual({
      code: 2,
      out: '',
      err: '--topology is missing. Usage: underlay shell --topology FILE [--install manifest|operator] [-c COMMAND]\n',
    });
    expect((await run({ topology: '/no/such.yaml' })).err).toBe(
      'The topology /no/such.yaml cannot be read. Give the path of a YAML file.\n',
    );
  });

  test('names a mistake in the topology with its place', async () => {
    const file = join(temporaryFolder(), 't.yaml');
    writeFileSync(file, 'name: t\npodCidr: 10.0.0/16\n');
    const { code, err } = await run({ topology: file, command: 'true' });
    expect(code).toBe(2);
    expect(err).toContain(`${file}:2:10 podCidr: "10.0.0/16" is not a prefix such as 10.0.0.0/24\n`);
  });
});
