/** Containers, networks and volumes from their making to their end, and the events that tell of it. */
import { expect, test } from 'vitest';
import type { ContainerEvent } from '../../src/engines/kind/docker/docker.ts';
import { BASE_IMAGE, must, onEngine } from './support/engine.ts';

const signal = new AbortController().signal;
const LABELS = { 'underlay.cluster': 'underlay-test', 'underlay.role': 'router' };

onEngine('containers', ({ docker, sleeper, cli }) => {
  test('are made as they are asked for, found by their labels, and gone with their volumes', async () => {
    const engine = await docker();
    const { containers, networks, volumes } = engine;
    must(await networks.create({ name: 'underlay-net', labels: LABELS, subnet: '172.31.77.0/24' }, signal));
    const made = await sleeper({
      labels: LABELS,
      hostname: 'router',
      network: 'underlay-net',
      address: '172.31.77.9',
      capabilities: ['NET_ADMIN'],
      sysctls: { 'net.ipv4.ip_forward': '1' },
      readOnlyMounts: [{ from: '/etc', to: '/host-etc' }],
      memory: 64 * 1024 * 1024,
      pids: 50,
    });
    expect(made).toMatchObject({
      image: BASE_IMAGE,
      state: 'running',
      labels: LABELS,
      addresses: { 'underlay-net': { ipv4: '172.31.77.9' } },
    });
    const script =
      'hostname; cat /proc/sys/net/ipv4/ip_forward; ip link add v0 type veth; echo $?; touch /host-etc/x; :';
    const { stdout, stderr } = must(await containers.exec(made.name, ['sh', '-c', script], { signal }));
    expect(stdout).toBe('router\n1\n0\n');
    expect(stderr).toContain('Read-only file system');
    expect(must(await containers.list(LABELS, signal)).map(({ name }) => name)).toEqual([made.name]);
    expect(must(await containers.list('underlay.role=host', signal))).toEqual([]);
    expect(must(await networks.inspect('underlay-net', signal))).toMatchObject({
      subnets: ['172.31.77.0/24'],
      containers: [made.name],
    });

    const volume = ['run', '--detach', '--network', 'none', '--volume', '/data', BASE_IMAGE];
    const id = (await cli(...volume, 'sh', '-c', 'head -c 300000 /dev/zero > /data/z; sleep 99')).trim();
    const { volumes: [anonymous = ''] = [] } = must(await containers.inspect(id, signal)) ?? {};
    const sizes = async (): Promise<readonly (number | undefined)[]> => {
      const usage = must(await engine.diskUsage(signal));
      return [usage.volumes[anonymous], usage.containers[id]];
    };
    while (((await sizes())[0] ?? 0) < 300_000);
    const [, written = 0] = await sizes();
    must(await containers.exec(id, ['sh', '-c', 'head -c 400000 /dev/zero > /z'], { signal }));
    expect((await sizes())[1]).toBeGreaterThanOrEqual(written + 400_000);
    must(await containers.remove(id, signal));
    expect(await sizes()).toEqual([undefined, undefined]);
    must(await volumes.remove(anonymous, signal));
    must(await containers.remove(id, signal));
    must(await networks.remove('underlay-net', signal));
    expect(must(await networks.inspect('underlay-net', signal))).toBeUndefined();
    must(await networks.remove('underlay-net', signal));
  });

  test('of which something is wrong are refused by name, and leave nothing', async () => {
    const { containers } = await docker();
    const taken = await sleeper();
    const spec = { name: 'underlay-wrong', image: BASE_IMAGE, labels: LABELS, network: 'none' };
    const wrong = async (change: Record<string, unknown>): Promise<unknown> => {
      const made = await containers.run({ ...spec, ...change }, signal);
      return made.ok ? 'made' : made.error.code;
    };
    expect(await wrong({ name: taken.name })).toBe('name-taken');
    expect(await wrong({ image: 'underlay-test/absent:1' })).toBe('no-such-image');
    expect(await wrong({ network: 'underlay-absent' })).toBe('no-such-network');
    expect(await wrong({ network: 'container:underlay-absent' })).toBe('no-such-container');
    expect(await wrong({ sysctls: { 'net.ipv4.no_such': '1' } })).toBe('docker-refused');
    expect(must(await containers.inspect('underlay-wrong', signal))).toBeUndefined();
  });

  test('say whether a name is free, and take none by being asked', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    const labels = { 'underlay.cluster': 'underlay-asked' };
    const named = (wanted: string): Promise<unknown> =>
      containers.isFree({ name: wanted, image: BASE_IMAGE, labels, network: 'none' }, signal);
    expect(await named(name)).toEqual({ ok: true, value: false });
    expect(await named('underlay-nobody')).toEqual({ ok: true, value: true });
    expect(await named('underlay-nobody')).toEqual({ ok: true, value: true });
    expect(must(await containers.list(labels, signal))).toEqual([]);
  });

  test('print, end, stop and start again', async () => {
    const { containers } = await docker();
    const { name } = await sleeper({
      command: ['sh', '-c', 'echo one; echo two >&2; echo three; exec sleep 99'],
    });
    while (!must(await containers.logs(name, { signal, tail: 9 })).includes('three'));
    expect(must(await containers.logs(name, { signal, tail: 1 }))).toMatch(/^(two|three)\n$/);
    must(await containers.stop(name, { signal }));
    must(await containers.stop(name, { signal }));
    expect(must(await containers.inspect(name, signal))).toMatchObject({ state: 'exited', pid: 0 });
    must(await containers.start(name, signal));
    must(await containers.start(name, signal));
    const before = must(await containers.inspect(name, signal));
    must(await containers.restart(name, signal));
    expect(must(await containers.inspect(name, signal))?.startedAt).not.toBe(before?.startedAt);
  });

  test('tell what happens to them, and nothing of others', async () => {
    const { containers, ...engine } = await docker();
    const seen: ContainerEvent[] = [];
    const control = new AbortController();
    let told = (): void => undefined;
    engine.watch(
      {
        label: 'underlay.watched=yes',
        onEvent: (event) => {
          seen.push(event);
          told();
        },
      },
      control.signal,
    );
    const other = await sleeper();
    // An event before the watch was there is none of its: the first start that is seen begins the list.
    const one = await sleeper({ labels: { 'underlay.watched': 'yes', 'underlay.place': 'node/node1' } });
    await new Promise<void>((settle) => {
      told = settle;
      if (seen.length > 0) settle();
      else void containers.restart(one.name, signal);
    });
    must(await containers.stop(one.name, { signal, seconds: 0 }));
    must(await containers.remove(one.name, signal));
    must(await containers.remove(other.name, signal));
    while (seen.at(-1)?.action !== 'destroy') await new Promise<void>((settle) => (told = settle));
    control.abort();
    const start = { action: 'start', id: one.id, name: one.name };
    expect(seen[0]).toMatchObject({ ...start, labels: { 'underlay.place': 'node/node1' } });
    expect(seen.slice(-2)).toMatchObject([
      { action: 'die', exitCode: expect.any(Number) as number },
      { action: 'destroy' },
    ]);
    expect(new Set(seen.map(({ name }) => name))).toEqual(new Set([one.name]));
  });
});

onEngine('networks', ({ docker, sleeper }) => {
  test('carry packets between containers by their addresses', async () => {
    const { containers, networks } = await docker();
    must(await networks.create({ name: 'underlay-a', labels: LABELS, subnet: '172.31.78.0/24' }, signal));
    const [near, far] = await Promise.all(
      ['172.31.78.11', '172.31.78.12'].map((address) =>
        sleeper({ network: 'underlay-a', address, capabilities: ['NET_RAW'] }),
      ),
    );
    const ping = ['ping', '-c', '1', '-W', '5', '172.31.78.12'];
    expect(must(await containers.exec(near?.name ?? '', ping, { signal })).exitCode).toBe(0);
    expect(
      await containers.run(
        {
          name: 'underlay-third',
          image: BASE_IMAGE,
          labels: {},
          network: 'underlay-a',
          address: '172.31.78.12',
        },
        signal,
      ),
    ).toMatchObject({ error: { code: 'address-taken' } });
    must(await networks.remove('underlay-a', signal));
    expect(must(await containers.inspect(far?.name ?? '', signal))?.addresses).toEqual({});
  });

  test('whose name or subnet is taken are refused', async () => {
    const { networks } = await docker();
    const spec = { name: 'underlay-b', labels: LABELS, subnet: '172.31.79.0/24' };
    must(await networks.create(spec, signal));
    expect(await networks.create(spec, signal)).toMatchObject({ error: { code: 'name-taken' } });
    expect(await networks.create({ ...spec, name: 'underlay-c' }, signal)).toMatchObject({
      error: { code: 'subnet-taken', message: 'The subnet of underlay-c is used by another network.' },
    });
    expect(must(await networks.list(LABELS, signal)).map(({ name }) => name)).toEqual(['underlay-b']);
    must(await networks.remove('underlay-b', signal));
  });
});
