/**
 * Felix's fixed chains against those of a real node. Provenance: hashes of an iptables-save of a node with VXLAN and no
 * workloads (felix/fv/cali-iptables-dump.txt, Calico v3.32.1), where rules with ipsets had been taken out. A hash stands for
 * the text of its rule and of all before it, so those that follow a missing rule prove that one too.
 */
import { describe, expect, test } from 'vitest';
import type { Chain } from '../../../../net/netfilter-rules.ts';
import { rulesOf } from '../../../../net/netfilter-rules.ts';
import { filterTable } from './filter.ts';
import { hostFilterChains, hostMangleChains, hostRawChains } from './host-endpoints.ts';
import { workloadDispatch } from './endpoints.ts';
import { mangleTable } from './mangle.ts';
import { natTable } from './nat.ts';
import { rawTable } from './raw.ts';
import { referencedChains } from './referenced.ts';

const failsafe = {
  inbound: [{ protocol: 'tcp', port: 22 }],
  outbound: [{ protocol: 'udp', port: 53 }],
};
const nobody = new Map();

const tables = {
  raw: referencedChains([...rawTable(4789, failsafe, 4), ...hostRawChains(nobody, nobody)]),
  mangle: referencedChains([...mangleTable(failsafe, 4), ...hostMangleChains(nobody, nobody)]),
  nat: natTable({
    family: 4,
    natOutgoing: false,
    natOutgoingAddress: undefined,
    excludeHosts: false,
    tunnels: ['vxlan.calico'],
  }),
  filter: referencedChains([
    ...filterTable({
      family: 4,
      vxlan: true,
      ipip: false,
      vxlanPort: 4789,
      endpointToHost: 'ACCEPT',
      failsafe,
    }),
    ...hostFilterChains(nobody, nobody),
    ...workloadDispatch([]),
  ]),
};

const hashes = (chains: readonly Chain[]): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    chains.map((chain) => [
      chain.name,
      rulesOf(chain).map(({ comment = '' }) => comment.replace('cali:', '')),
    ]),
  );

describe("Felix's fixed chains", () => {
  test('raw', () => {
    expect(hashes(tables.raw)).toEqual({
      PREROUTING: ['6gwbT8clXdHdC1b1'],
      OUTPUT: ['tVnHkvAo15HuiPy0'],
      'cali-OUTPUT': ['clI8WObfCl4yhr60', 'ZbkN6P8OdRcBRPpU', 'ry5_UEpt1OaPPCxO', 'MGhICIksKDnYMIkW'],
      'cali-PREROUTING': [
        'DQ6LK2guiBRMyrLK',
        'sIsu2aAqNN6K3YYn',
        'W0qKAga6QivxLxL1',
        'QOYCZUivPyJL6Dp1',
        'uvipz_NmQPrGYnTB',
        'pj4jqF0K2OCNLmzX',
        'Jefg6QI5khJcHnVl',
      ],
      'cali-from-host-endpoint': [],
      'cali-rpf-skip': [],
      'cali-to-host-endpoint': [],
    });
  });

  test('nat: the jump of POSTROUTING is appended', () => {
    expect(hashes(tables.nat)).toMatchObject({
      PREROUTING: ['6gwbT8clXdHdC1b1'],
      OUTPUT: ['tVnHkvAo15HuiPy0'],
      POSTROUTING: ['0i8pjzKKPyA34aQD'],
      'cali-OUTPUT': ['GBTAv2p5CwevEyJm'],
      'cali-POSTROUTING': ['Z-c7XtVd2Bq7s_hA', 'nYKhEzDlr11Jccal', 'e9dnSgSVNmIcpVhP'],
      'cali-PREROUTING': ['r6XmIziWUJsdOK6Z'],
    });
  });

  test('filter', () => {
    const found = hashes(tables.filter);
    expect({ ...found, 'cali-INPUT': found['cali-INPUT']?.slice(1), 'cali-OUTPUT': undefined }).toEqual({
      INPUT: ['Cz_u1IQiXIMmKD4c'],
      FORWARD: ['wUHhoiAYhphO9Mso', 'S93hcgKJrXEqnTfs', 'mp77cMpurHhyjLrM'],
      OUTPUT: ['tVnHkvAo15HuiPy0'],
      'cali-FORWARD': [
        'W_vvds1Nw3n9QE2f',
        'ZfgmjuiLaA8Pg0kp',
        'tAzwBLPaV-j53OOZ',
        '4Z0Pf0byo05NFe-P',
        'hQ7Oc16wmUtLuneJ',
        'rnKNH2WxGcRQcIlD',
      ],
      'cali-INPUT': [
        'EDCNTTxYfggApx8C',
        'H03xYXARh4e8pwd4',
        'MN6K3isIWBigb1Va',
        'aKDQAoV0P_FFAIwV',
        'vIx3xkWzuvLW9fr4',
        '5W9XghKma9wuz47x',
      ],
      'cali-OUTPUT': undefined,
      'cali-cidr-block': [],
      'cali-from-hep-forward': [],
      'cali-from-host-endpoint': [],
      'cali-from-wl-dispatch': ['zTj6P0TIgYvgz-md'],
      'cali-to-hep-forward': [],
      'cali-to-host-endpoint': [],
      'cali-to-wl-dispatch': ['7KNphB1nNHw80nIO'],
      'cali-wl-to-host': ['Ee9Sbo10IpVujdIY', 'nSZbcOoG1xPONxb8'],
    });
    expect(found['cali-OUTPUT']?.filter((_, at) => at !== 2)).toEqual([
      'Mq1_rAdXXH3YkrzW',
      '69FkRTJDvD5Vu6Vl',
      '6T0hFtymUtXMOfEV',
      'IpTGXsDHURPUaLjJ',
      'wgnULo2gucg1umsA',
    ]);
  });

  // POSTROUTING of that node was of a release before the rule about DSCP.
  test('mangle', () => {
    expect(hashes(tables.mangle)).toMatchObject({
      PREROUTING: ['6gwbT8clXdHdC1b1'],
      POSTROUTING: ['O3lYWMrLQYEMJtB5'],
      'cali-PREROUTING': ['6BJqBjBC7crtA-7-', 'KX7AGNd6rMcDUai6', 'wNH7KsA3ILKJBsY9', 'Cg96MgVuoPm7UMRo'],
      'cali-from-host-endpoint': [],
      'cali-to-host-endpoint': [],
    });
    expect(Object.keys(hashes(tables.mangle))).not.toContain('cali-failsafe-in');
  });
});
