/** What a person sees who logs in to a top-of-rack router. Layout: BIRD 2.0.12 of Debian 12 and iproute2 6.1. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatDiagnostics } from '../../src/lab/diagnostic.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import { OpenLab } from '../support/labs.ts';

const ROUTER = 'router/tor-a';

let lab: OpenLab;

beforeAll(async () => {
  const file = 'labs/topologies/tor-bgp.yaml';
  const topology = parseTopology(file, readFileSync(file, 'utf8'));
  if (!topology.ok) throw new Error(formatDiagnostics(topology.error));
  lab = await OpenLab.over({
    id: 'tor-bgp',
    topology: topology.value,
    calico: { install: 'manifest', pools: 'user' },
    start: [],
    files: [],
  });
  await lab.at('workstation', 'sleep 20');
});
afterAll(() => lab.session.dispose());

const typed = async (line: string): Promise<readonly string[]> =>
  (await lab.out(ROUTER, line))
    .replaceAll(/\d\d:\d\d:\d\d\.\d{3}/g, 'TIME')
    .split('\n')
    .slice(0, -1);

test('its sessions', async () => {
  expect(await typed('birdc show protocols')).toEqual([
    'BIRD 2.0.12 ready.',
    'Name       Proto      Table      State  Since         Info',
    'device1    Device     ---        up     TIME  ',
    'direct1    Direct     ---        up     TIME  ',
    'kernel1    Kernel     master4    up     TIME  ',
    'control_plane BGP        ---        start  TIME  Passive       ',
    'node1      BGP        ---        start  TIME  Passive       ',
    'node2      BGP        ---        start  TIME  Passive       ',
    'spine      BGP        ---        up     TIME  Established   ',
  ]);
});

test('its table, and what of it is in the kernel', async () => {
  expect(await typed('birdc show route for 203.0.113.10')).toEqual([
    'BIRD 2.0.12 ready.',
    'Table master4:',
    '203.0.113.0/24       unicast [spine TIME] * (100) [AS65100i]',
    '\tvia 172.16.1.1 on eth1',
  ]);
  expect(await typed('ip route show proto bird')).toEqual([
    '10.0.1.0/24 via 172.16.1.1 dev eth1 metric 32 ',
    '172.16.2.0/30 via 172.16.1.1 dev eth1 metric 32 ',
    '203.0.113.0/24 via 172.16.1.1 dev eth1 metric 32 ',
  ]);
});

test('itself', async () => {
  expect((await typed('birdc show status')).slice(0, 4)).toEqual([
    'BIRD 2.0.12 ready.',
    'BIRD 2.0.12',
    'Router ID is 10.0.0.1',
    'Hostname is tor-a',
  ]);
  expect((await typed('birdcl show interfaces summary')).slice(1)).toEqual([
    'Interface  State  IPv4 address       IPv6 address',
    'lo         up     127.0.0.1/8        ',
    'eth0       up     10.0.0.1/24        ',
    'eth1       up     172.16.1.2/30      ',
  ]);
  expect((await lab.at(ROUTER, 'birdc -s /nowhere show status')).stdout).toBe('');
  expect((await lab.at(ROUTER, 'birdc -s /nowhere show status')).stderr).toBe(
    'Unable to connect to server control socket (/nowhere): No such file or directory\n',
  );
});
