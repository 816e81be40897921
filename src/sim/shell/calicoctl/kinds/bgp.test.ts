/**
 * Tables and messages: calicoctl/calicoctl/resourcemgr/bgp*.go, libcalico-go/lib/clientv3/bgp*.go and the CRDs of Calico v3.32.1.
 * Column widths follow Go's text/tabwriter, as for the other kinds.
 */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../base/json.ts';
import { BGP_PEERS } from '../../../cni/calico/kinds.ts';
import { calicoResources } from '../../../cni/calico/resources.ts';
import { TestCluster } from '../../../cni/calico/two-racks.contract.ts';
import { builtinRegistry } from '../../../kube/builtin-registry.ts';
import { handle } from '../../../kube/facade.ts';
import { Terminal } from '../terminal.contract.ts';

const terminal = (): Terminal => new Terminal(new TestCluster().withCalico());

const document = (kind: string, name: string, spec: string): string =>
  `apiVersion: projectcalico.org/v3\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: ${spec}\n`;

const FILTER = document(
  'BGPFilter',
  'ours',
  '{exportV4: [{action: Accept, cidr: 10.244.0.0/16, matchOperator: In}, {action: Reject}], importV6: [{action: Reject}]}',
);
const PEERS = [
  document('BGPPeer', 'clients', "{nodeSelector: '!has(rr)', peerSelector: has(rr)}"),
  document('BGPPeer', 'rack-tor', '{node: node3, peerIP: "10.0.1.1:178", asNumber: 65002}'),
  document('BGPPeer', 'tor', '{peerIP: 10.0.0.1, asNumber: 65001, filters: [ours]}'),
];

describe('calicoctl', () => {
  test('applies, shows, changes and deletes', async () => {
    const shell = terminal();
    const type = async (line: string, stdin = ''): Promise<string> => {
      const { stdout, stderr } = await shell.type(line, stdin);
      return stdout + stderr;
    };
    expect(await type('calicoctl apply -f -', [FILTER, ...PEERS].join('---\n'))).toBe(
      'Successfully applied 4 resource(s)\n',
    );
    expect(await type('calicoctl get bgppeers')).toBe(
      [
        'NAME       PEERIP         NODE       ASN     ',
        'clients                   !has(rr)   0       ',
        'rack-tor   10.0.1.1:178   node3      65002   ',
        'tor        10.0.0.1       (global)   65001   ',
        '',
        '',
      ].join('\n'),
    );
    expect(await type('calicoctl get bgpfilter -o wide')).toBe(
      [
        'NAME   NUMEXPORTV4   NUMIMPORTV4   NUMEXPORTV6   NUMIMPORTV6   ',
        'ours   2             0             0             1             ',
        '',
        '',
      ].join('\n'),
    );
    expect(
      await type('calicoctl apply -f -', document('BGPConfiguration', 'default', '{asNumber: 64600}')),
    ).toBe("Successfully applied 1 'BGPConfiguration' resource(s)\n");
    const disable = `'{"spec":{"nodeToNodeMeshEnabled":false}}'`;
    expect(await type(`calicoctl patch bgpconfig default -p ${disable}`)).toBe(
      "Successfully patched 1 'BGPConfiguration' resource\n",
    );
    expect(await type('calicoctl get bgpconfig')).toBe(
      [
        'NAME      LOGSEVERITY   MESHENABLED   ASNUMBER   ',
        'default   Info          false         64600      ',
        '',
        '',
      ].join('\n'),
    );
    expect(JSON.parse(await type('calicoctl get bgppeer tor -o json'))).toMatchObject({
      kind: 'BGPPeer',
      apiVersion: 'projectcalico.org/v3',
      metadata: { name: 'tor' },
      spec: { peerIP: '10.0.0.1', asNumber: 65001, filters: ['ours'] },
    });
    expect(shell.cluster.get(BGP_PEERS, 'tor')?.apiVersion).toBe('crd.projectcalico.org/v1');
    expect(await type('calicoctl delete bgppeer tor rack-tor')).toBe(
      "Successfully deleted 2 'BGPPeer' resource(s)\n",
    );
    expect(shell.cluster.names(BGP_PEERS)).toEqual(['clients']);
  });

  test('takes AS numbers as text', async () => {
    const shell = terminal();
    await shell.type(
      'calicoctl apply -f -',
      document('BGPPeer', 'tor', '{peerIP: 10.0.0.1, asNumber: "1.10"}'),
    );
    expect(shell.cluster.get(BGP_PEERS, 'tor')?.spec).toEqual({ peerIP: '10.0.0.1', asNumber: 65546 });
    expect((await shell.type('calicoctl get bgppeer')).stdout).toContain('65546');
  });

  test('refuses what its library does not let through, and stores none of it', async () => {
    const shell = terminal();
    const apply = async (kind: string, name: string, spec: string, verb = 'apply'): Promise<string> =>
      (await shell.type(`calicoctl ${verb} -f -`, document(kind, name, spec))).stderr;
    expect(
      await apply('BGPPeer', 'tor', '{peerIP: 10.0.0.1, asNumber: 65001, filters: [ours, theirs]}'),
    ).toBe(
      "failed to apply 'BGPPeer' resource: [error with field BGPPeer.Spec.Filters = '[ours theirs]' (BGPFilter(s) not found)]\n",
    );
    expect(await apply('BGPPeer', 'tor', '{node: node1, nodeSelector: all(), peerIP: 10.0.0.1}')).toBe(
      "failed to apply 'BGPPeer' resource: [error with field Node = 'node1' (Node field must be empty when NodeSelector is specified)]\n",
    );
    expect(await apply('BGPFilter', 'f', '{importV4: [{action: Accept, cidr: 10.0.0.0/8}]}', 'create')).toBe(
      "failed to create 'BGPFilter' resource: [error with field CIDR = '10.0.0.0/8' (MatchOperator cannot be empty when CIDR is not)]\n",
    );
    expect(await apply('BGPConfiguration', 'node.node1', '{nodeToNodeMeshEnabled: false}')).toBe(
      "failed to apply 'BGPConfiguration' resource: [error with field BGPConfiguration.Spec.NodeToNodeMeshEnabled (Cannot set nodeToNodeMeshEnabled on a non default BGP Configuration.)]\n",
    );
    // `validate` runs the validator alone: whether filters exist is not its affair.
    expect(
      await apply('BGPPeer', 'tor', '{peerIP: 10.0.0.1, asNumber: 65001, filters: [ours]}', 'validate'),
    ).toBe('');
    expect(await apply('BGPPeer', 'tor', '{peerIP: 10.0.0, asNumber: 65001}', 'validate')).toContain(
      "error with field PeerIP = '10.0.0' (Reason: failed to validate Field: PeerIP because of Tag: IP:port )",
    );
    expect(shell.cluster.names(BGP_PEERS)).toEqual([]);
  });
});

describe('kubectl', () => {
  const cluster = new TestCluster().withCalico();
  const registry = builtinRegistry(cluster.topology).with(calicoResources);
  const message = (kind: string, plural: string, spec: JsonObject, name = 'x'): string => {
    const { body } = cluster.change((tx) =>
      handle(tx, registry, {
        method: 'POST',
        path: `/apis/crd.projectcalico.org/v1/${plural}`,
        body: { apiVersion: 'crd.projectcalico.org/v1', kind, metadata: { name }, spec },
      }),
    );
    return String(body['message'] ?? 'accepted').replace(
      `${kind}.crd.projectcalico.org "${name}" is invalid: `,
      '',
    );
  };

  test('meets the rules of the CRDs', () => {
    const peer = (spec: JsonObject): string => message('BGPPeer', 'bgppeers', spec);
    expect(peer({ node: 'n', nodeSelector: 'all()' })).toBe(
      'spec: Forbidden: node and nodeSelector cannot both be set',
    );
    expect(peer({ localWorkloadSelector: 'all()' })).toBe(
      'spec: Invalid value: "object": asNumber is required when localWorkloadSelector is set',
    );
    expect(peer({ nextHopMode: 'Always' })).toBe(
      'spec.nextHopMode: Unsupported value: "Always": supported values: "Auto", "Self", "Keep"',
    );
    const filter = (rule: JsonObject): string => message('BGPFilter', 'bgpfilters', { exportV4: [rule] });
    expect(filter({ action: 'Accept', cidr: '10.0.0.0/8' })).toBe(
      'spec.exportV4[0]: Invalid value: "object": cidr and matchOperator must both be set or both be empty',
    );
    expect(filter({ action: 'Accept', prefixLength: { min: 8 } })).toBe(
      'spec.exportV4[0]: Invalid value: "object": cidr is required when prefixLength is set',
    );
    expect(filter({ action: 'Reject', operations: [{ setPriority: { value: 1 } }] })).toBe(
      'spec.exportV4[0]: Invalid value: "object": operations may only be used with action Accept',
    );
    expect(filter({ action: 'Accept', communities: { values: ['70000:1'] } })).toContain(
      'spec.exportV4[0].communities.values[0]: Invalid value: "70000:1": spec.exportV4[0].communities.values[0] in body should match',
    );
    const configuration = (spec: JsonObject): string =>
      message('BGPConfiguration', 'bgpconfigurations', spec, 'other');
    expect(configuration({ logSeverityScreen: 'Loud' })).toBe(
      `spec.logSeverityScreen: Invalid value: "Loud": spec.logSeverityScreen in body should match '^(?i)(Trace|Debug|Info|Warning|Error|Fatal)?$'`,
    );
    expect(configuration({ nodeToNodeMeshEnabled: false, nodeMeshMaxRestartTime: '10s' })).toBe(
      'spec: Forbidden: nodeMeshMaxRestartTime cannot be set when nodeToNodeMeshEnabled is false',
    );
  });

  test('is given the defaults of the CRD, and its client is not asked', () => {
    expect(message('BGPConfiguration', 'bgpconfigurations', { logSeverityScreen: 'DEBUG' }, 'other')).toBe(
      'accepted',
    );
    expect(cluster.get('bgpconfigurations.crd.projectcalico.org', 'other')?.spec).toEqual({
      logSeverityScreen: 'DEBUG',
      serviceLoadBalancerAggregation: 'Enabled',
    });
  });
});
