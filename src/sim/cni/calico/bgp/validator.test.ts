/** Texts: libcalico-go/lib/validator/v3/validator.go and libcalico-go/lib/clientv3, Calico v3.32.1. */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../base/json.ts';
import { validationText } from '../validation.ts';
import { bgpConfigurationErrors, bgpFilterErrors, bgpPeerErrors, missingFilters } from './validator.ts';

const TAG = (name: string, value: string, tag: string): string =>
  `error with field ${name} = '${value}' (Reason: failed to validate Field: ${name} because of Tag: ${tag} )`;

describe('a BGPPeer', () => {
  const text = (spec: JsonObject): string => {
    const errors = bgpPeerErrors(spec);
    return errors.length === 0 ? 'fine' : validationText(errors);
  };

  test.each<[JsonObject, string]>([
    [{ peerIP: '10.0.0.1', asNumber: 64512 }, 'fine'],
    [{ peerIP: '10.0.0.1:178', asNumber: 64512, reachableBy: '10.0.1.1' }, 'fine'],
    [{ peerIP: '[fd00::1]:178', asNumber: 64512 }, 'fine'],
    [{ nodeSelector: 'all()', peerSelector: "rack == 'a'" }, 'fine'],
    [{ peerIP: '10.0.0' }, TAG('PeerIP', '10.0.0', 'IP:port')],
    [{ peerIP: '10.0.0.1:70000' }, TAG('PeerIP', '10.0.0.1:70000', 'IP:port')],
    [{ nodeSelector: "rack = 'a'" }, TAG('NodeSelector', "rack = 'a'", 'selector')],
    [{ sourceAddress: 'Any' }, TAG('SourceAddress', 'Any', 'sourceAddress')],
    [{ filters: ['ok', 'Not_ok'] }, TAG('Filters[1]', 'Not_ok', 'name')],
    [
      { node: 'n', nodeSelector: 'all()' },
      "error with field Node = 'n' (Node field must be empty when NodeSelector is specified)",
    ],
    [
      { peerIP: '10.0.0.1', peerSelector: 'all()' },
      "error with field PeerIP = '10.0.0.1' (PeerIP field must be empty when PeerSelector is specified)",
    ],
    [
      { asNumber: 64512, peerSelector: 'all()' },
      "error with field ASNumber = '64512' (ASNumber field must be empty when PeerSelector is specified)",
    ],
    [
      { localWorkloadSelector: 'all()' },
      "error with field ASNumber = '0' (ASNumber field must NOT be empty when LocalWorkloadSelector is specified)",
    ],
    [
      { reachableBy: '10.0.0.1' },
      "error with field ReachableBy = '10.0.0.1' (ReachablyBy field must be empty when PeerIP is empty)",
    ],
    [
      { peerIP: 'fd00::1', reachableBy: '10.0.0.1' },
      "error with field ReachableBy = '10.0.0.1' (ReachableBy and PeerIP address family mismatched)",
    ],
    [
      { peerIP: '10.0.0.1', keepOriginalNextHop: true, nextHopMode: 'Self' },
      "error with field KeepOriginalNextHop = '10.0.0.1' (The KeepOriginalNextHop field is deprecated. It must not be set to true when NextHopMode is configured.)",
    ],
  ])('%j', (spec, expected) => {
    expect(text(spec)).toBe(expected);
  });

  test('names filters that exist', () => {
    expect(missingFilters({ filters: ['a', 'b', 'c'] }, ['b'])).toEqual([
      { name: 'BGPPeer.Spec.Filters', reason: 'BGPFilter(s) not found', value: ['a', 'c'] },
    ]);
    expect(missingFilters({ filters: ['b'] }, ['b'])).toEqual([]);
  });
});

describe('a BGPFilter', () => {
  const text = (rule: JsonObject, list = 'exportV4'): string => {
    const errors = bgpFilterErrors({ [list]: [rule] });
    return errors.length === 0 ? 'fine' : validationText(errors);
  };

  test.each<[JsonObject, string]>([
    [{ action: 'Accept' }, 'fine'],
    [
      { action: 'Reject', cidr: '10.0.0.0/8', matchOperator: 'In', prefixLength: { min: 16, max: 26 } },
      'fine',
    ],
    [{ action: 'Accept', operations: [{ setPriority: { value: 512 } }] }, 'fine'],
    [{}, TAG('Action', '', 'required')],
    [{ action: 'Allow' }, TAG('Action', 'Allow', 'filterAction')],
    [{ action: 'Accept', cidr: '10.0.0.1/8', matchOperator: 'In' }, TAG('CIDR', '10.0.0.1/8', 'netv4')],
    [
      { action: 'Accept', interface: 'much-too-long-a-name' },
      TAG('Interface', 'much-too-long-a-name', 'bgpFilterInterface'),
    ],
    [{ action: 'Accept', source: 'Me' }, TAG('Source', 'Me', 'oneof')],
    [{ action: 'Accept', priority: 0 }, TAG('Priority', '0', 'gte')],
    [
      { action: 'Accept', cidr: '10.0.0.0/8' },
      "error with field CIDR = '10.0.0.0/8' (MatchOperator cannot be empty when CIDR is not)",
    ],
    [
      { action: 'Accept', matchOperator: 'In' },
      "error with field MatchOperator = 'In' (CIDR cannot be empty when MatchOperator is not)",
    ],
  ])('%j', (rule, expected) => {
    expect(text(rule)).toBe(expected);
  });

  test('of the other family', () => {
    expect(text({ action: 'Accept', cidr: '10.0.0.0/8', matchOperator: 'In' }, 'importV6')).toBe(
      TAG('CIDR', '10.0.0.0/8', 'netv6'),
    );
    expect(text({ action: 'Accept', cidr: 'fd00::/8', matchOperator: 'In' }, 'importV6')).toBe('fine');
  });
});

describe('a BGPConfiguration', () => {
  const text = (spec: JsonObject, name = 'default'): string => {
    const errors = bgpConfigurationErrors(name, spec);
    return errors.length === 0 ? 'fine' : validationText(errors);
  };
  const advertised = { cidr: '10.0.0.0/8', communities: ['1:1'] };

  test.each<[JsonObject, string]>([
    [{ nodeToNodeMeshEnabled: false, asNumber: 64512, logSeverityScreen: 'Debug' }, 'fine'],
    [{ serviceClusterIPs: [{ cidr: '10.96.0.0/16' }, {}] }, 'fine'],
    [{ logSeverityScreen: 'info' }, TAG('LogSeverityScreen', 'info', 'logLevel')],
    [{ serviceExternalIPs: [{ cidr: '10.96.0.1/16' }] }, TAG('CIDR', '10.96.0.1/16', 'net')],
    [{ ignoredInterfaces: ['*'] }, TAG('IgnoredInterfaces[0]', '*', 'ignoredInterface')],
    [{ localWorkloadPeeringIPV4: 'fd00::1' }, TAG('LocalWorkloadPeeringIPV4', 'fd00::1', 'ipv4')],
    [
      { communities: [{ name: 'red', value: '100' }], prefixAdvertisements: [advertised] },
      "error with field Spec.Communities[].Value = '100' (invalid community value or format used.)",
    ],
    [
      { communities: [{ name: 'red', value: '70000:1' }], prefixAdvertisements: [advertised] },
      "error with field Spec.Communities[].Value = '70000:1' (invalid community value, expected 16 bit value)",
    ],
    [
      { communities: [{ name: 'red', value: '100:1' }] },
      "error with field Spec.Communities[] = '[{red 100:1}]' (communities are defined but not used in Spec.PrefixAdvertisement[].)",
    ],
    [
      { prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities: ['blue'] }] },
      "error with field Spec.PrefixAdvertisement[].Communities[] = 'blue' (community used is invalid or not defined.)",
    ],
    [
      { nodeToNodeMeshEnabled: false, nodeMeshMaxRestartTime: '10s' },
      'error with field Spec.NodeMeshMaxRestartTime (spec.NodeMeshMaxRestartTime cannot be set if spec.NodeToNodeMesh is disabled)',
    ],
  ])('%j', (spec, expected) => {
    expect(text(spec)).toBe(expected);
  });

  test('of a node says nothing about the cluster', () => {
    const name = 'node.node1';
    expect(text({ listenPort: 178, prefixAdvertisements: [advertised] }, name)).toBe('fine');
    expect(text({ asNumber: 65000, serviceClusterIPs: [{ cidr: '10.96.0.0/16' }] }, name)).toBe(
      'error with the following fields:\n' +
        '-  BGPConfiguration.Spec.ASNumber (Cannot set ASNumber on a non default BGP Configuration.)\n' +
        '-  BGPConfiguration.Spec.ServiceClusterIPs (Cannot set ServiceClusterIPs on a non default BGP Configuration.)\n',
    );
  });
});
