import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../../model/ip.ts';
import { stage } from '../network/stage.contract.ts';
import { bridge } from './bridge.ts';

const at = (): ReturnType<typeof stage> => stage([bridge]);

// Provenance: real transcripts of iproute2 6.1 (facts, VXLAN CrossSubnet, section 4 a); the kernel's hash order
// is not modelled, so the two lines stand in ours.
describe('listings are those of the real tool', () => {
  test('of one device', async () => {
    expect((await at().type('node/node1', 'bridge fdb show dev vxlan.calico')).stdout).toBe(
      '66:2d:bf:44:a6:8b dst 10.0.0.12 self permanent\n66:a4:6f:e0:c4:da dst 10.0.1.13 self permanent\n',
    );
  });

  test('of all devices, as text and as JSON', async () => {
    // A node of Calico's also listens to groups on its port and on the ends of its pods' cables.
    const groups = ['eth0', 'cali0d7763386da', 'cali0761ccbeace'].flatMap((device) => [
      `33:33:00:00:00:01 dev ${device} self permanent`,
      `01:00:5e:00:00:01 dev ${device} self permanent`,
    ]);
    const listed = (await at().type('node/node1', 'bridge fdb')).stdout.trimEnd().split('\n');
    expect(listed.toSorted()).toEqual(
      [
        '66:2d:bf:44:a6:8b dev vxlan.calico dst 10.0.0.12 self permanent',
        '66:a4:6f:e0:c4:da dev vxlan.calico dst 10.0.1.13 self permanent',
        ...groups,
      ].toSorted(),
    );
    expect((await at().type('node/node1', 'bridge -j f s dev vxlan.calico')).stdout).toBe(
      '[{"mac":"66:2d:bf:44:a6:8b","dst":"10.0.0.12","flags":["self"],"state":"permanent"},' +
        '{"mac":"66:a4:6f:e0:c4:da","dst":"10.0.1.13","flags":["self"],"state":"permanent"}]\n',
    );
  });
});

// Provenance: iproute2 6.1.0 run in a network namespace.
describe('complaints are those of the real tool', () => {
  test.each([
    ['bridge foo', 'Object "foo" is unknown, try "bridge help".', 255],
    ['bridge -z fdb', 'Option "-z" is unknown, try "bridge help".', 255],
    ['bridge fdb foo', 'Command "foo" is unknown, try "bridge fdb help".', 255],
    ['bridge fdb show dev foo', 'Cannot find device "foo"', 255],
    ['bridge fdb add 66:00:00:00:00:09 dev vxlan.calico', 'RTNETLINK answers: Invalid argument', 255],
    [
      'bridge fdb add 66:00:00:00:00:0a dev vxlan.calico dst foo',
      'Error: any valid address is expected rather than "foo".',
      1,
    ],
    [
      'bridge fdb add 66:00:00:00:00 dev vxlan.calico dst 10.9.0.3',
      'Invalid mac address 66:00:00:00:00',
      255,
    ],
    ['bridge fdb add 66:00:00:00:00:0a dev foo dst 10.9.0.3', 'Cannot find device "foo"', 255],
    ['bridge fdb add 66:00:00:00:00:0a dst 10.9.0.3', 'Device and address are required arguments.', 255],
    ['bridge fdb add dev vxlan.calico dst 10.9.0.3', 'Device and address are required arguments.', 255],
    [
      'bridge fdb add 66:00:00:00:00:0b dev vxlan.calico dst 10.9.0.3 bar',
      'Error: either "to" is duplicate, or "bar" is a garbage.',
      255,
    ],
    ['bridge fdb add 66:00:00:00:00:0e dev eth0 master', 'RTNETLINK answers: Operation not supported', 255],
  ])('%s', async (line, message, status) => {
    expect(await at().type('node/node1', line)).toMatchObject({ stdout: '', stderr: `${message}\n`, status });
  });

  test('what the kernel refuses', async () => {
    const lab = at();
    expect(await lab.type('node/node1', 'bridge fdb del 66:00:00:00:00:09 dev vxlan.calico')).toMatchObject({
      stderr: 'RTNETLINK answers: No such file or directory\n',
      status: 255,
    });
  });
});

test('edits say what was typed', async () => {
  const lab = at();
  await lab.type('node/node1', 'bridge fdb del 66:a4:6f:e0:c4:da dev vxlan.calico dst 10.0.1.13');
  await lab.type(
    'node/node1',
    'bridge fdb add 66:a4:6f:e0:c4:da dev vxlan.calico dst 10.0.1.13 self permanent',
  );
  await lab.type('node/node1', 'bridge f a 66:a4:6f:e0:c4:da dev vxlan.calico dst 10.0.1.13');
  await lab.type('node/node1', 'bridge fdb app 00:00:00:00:00:00 dev vxlan.calico dst 10.0.1.13');
  const entry = { mac: '66:a4:6f:e0:c4:da', device: 'vxlan.calico', destination: ipv4('10.0.1.13') };
  const add = { kind: 'add-fdb', entry, replace: false, append: false };
  expect(lab.network.edits).toEqual([
    { kind: 'delete-fdb', ...entry },
    add,
    add,
    { ...add, entry: { ...entry, mac: '00:00:00:00:00:00' }, append: true },
  ]);
});
