/** Layout: tables that people have posted of real clusters, wrapped cell included. */
import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../../model/ip.ts';
import type { Place } from '../../../model/place.ts';
import type { BgpProtocolView, SpeakerView } from '../../routing/speaker-view.ts';
import type { CommandIo } from '../command.ts';
import { nodeStatus } from './node-status.ts';

const COUNTS = { received: 0, rejected: 0, filtered: 0, ignored: 0, accepted: 0 };

const session = (name: string, rest: Partial<BgpProtocolView>): BgpProtocolView => ({
  name,
  kind: 'BGP',
  state: 'up',
  since: 2_000,
  bgp: 'Established',
  peer: ipv4('192.0.2.1'),
  peerAs: 64512,
  localAs: 64512,
  passive: false,
  lastError: undefined,
  told: [],
  channel: {
    family: 4,
    preference: 100,
    inputFilter: 'ACCEPT',
    outputFilter: '(unnamed)',
    imported: 0,
    exported: 0,
    preferred: 0,
    changes: {
      importUpdates: COUNTS,
      importWithdraws: COUNTS,
      exportUpdates: COUNTS,
      exportWithdraws: COUNTS,
    },
  },
  ...rest,
});

const speaker = (protocols: SpeakerView['protocols']): SpeakerView => ({
  netns: 'node/node1',
  hostname: 'node1',
  software: 'bird-1.6',
  version: 'v0.3.3+birdv1.6.8',
  families: [4],
  routerId: ipv4('10.0.0.11'),
  asNumber: 64512,
  startedAt: 0,
  reconfiguredAt: 0,
  now: 30_000,
  protocols,
  routes: [],
  sockets: [],
});

const NODE: Place = { kind: 'node', name: 'node1' };

const on = (view: SpeakerView | undefined, pods: readonly object[] = [], place: Place = NODE): CommandIo =>
  ({
    place,
    routing: { speaker: (_: string, daemon?: string) => (daemon === undefined ? view : undefined) },
    clock: { epoch: Date.UTC(2026, 4, 1, 17, 19, 36) },
    cluster: { request: () => ({ code: 200, body: { items: pods } }) },
  }) as unknown as CommandIo;

const running = {
  status: { containerStatuses: [{ name: 'calico-node', state: { running: {} } }] },
};

describe('calicoctl node status', () => {
  test('the sessions that Calico made, with what went wrong', () => {
    const view = speaker([
      { name: 'kernel1', kind: 'Kernel', state: 'up', since: 0 },
      session('Mesh_192_168_63_204', {
        state: 'start',
        bgp: 'Active',
        lastError: 'Socket: Connection refused',
      }),
      session('Node_10_0_0_1_port_178', {}),
      session('Global_10_0_0_9', { state: 'start', bgp: 'Idle', lastError: 'BGP Error: Bad peer AS' }),
      session('Local_Workload_10_0_0_7', {}),
    ]);
    expect(nodeStatus(on(view))).toEqual({
      stdout: `Calico process is running.

IPv4 BGP status
+-------------------+-------------------+-------+----------+--------------------------------+
|   PEER ADDRESS    |     PEER TYPE     | STATE |  SINCE   |              INFO              |
+-------------------+-------------------+-------+----------+--------------------------------+
| 192.168.63.204    | node-to-node mesh | start | 17:19:38 | Active Socket: Connection      |
|                   |                   |       |          | refused                        |
| 10.0.0.1.port.178 | node specific     | up    | 17:19:38 | Established                    |
| 10.0.0.9          | global            | start | 17:19:38 | Idle BGP Error: Bad peer AS    |
+-------------------+-------------------+-------+----------+--------------------------------+

IPv6 BGP status
No IPv6 peers found.

`,
    });
  });

  test('no peers, no BIRD, no Calico, no right', () => {
    expect(nodeStatus(on(speaker([]))).stdout).toContain('IPv4 BGP status\nNo IPv4 peers found.\n\nIPv6');
    expect(nodeStatus(on(undefined, [running]))).toEqual({
      stdout: 'Calico process is running.\n\nThe BGP backend process (BIRD) is not running.\n\n',
    });
    expect(nodeStatus(on(undefined))).toEqual({ stdout: '', error: 'Calico process is not running.' });
    expect(nodeStatus(on(undefined, [], { kind: 'workstation' }))).toEqual({
      stdout: 'Need super user privileges: Operation not permitted\n',
      error: '',
    });
  });
});
