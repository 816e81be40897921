import { describe, expect, test } from 'vitest';
import { cidr, ipv4 } from '../../../model/ip.ts';
import {
  affinityName,
  blockName,
  chainName,
  hostInterface,
  podMac,
  vtepMac,
  workloadEndpointName,
} from './names.ts';

describe('names (provenance: fact sheet; the upstream vectors among them are tests of Calico)', () => {
  test('host ends of veth pairs', () => {
    expect(hostInterface('namespace', 'podname')).toBe('cali82111e10a96');
    expect(hostInterface('default', 'nginx')).toBe('calic440f455693');
    expect(hostInterface('default', 'web-0')).toBe('cali0d7763386da');
  });

  test('MACs of tunnel devices and pods', () => {
    expect(vtepMac('remotehostname')).toBe('66:3e:ca:a4:db:65');
    expect(vtepMac('remotehostname2')).toBe('66:40:18:59:1f:16');
    expect(vtepMac('node1')).toBe('66:f9:37:c3:7e:94');
    expect(podMac(ipv4('10.244.166.129'))).toBe('7a:00:0a:f4:a6:81');
  });

  test('IPAM objects and workload endpoints', () => {
    expect(blockName(cidr('10.244.166.128/26'))).toBe('10-244-166-128-26');
    expect(affinityName('node1', cidr('10.244.166.128/26'))).toBe('node1-10-244-166-128-26');
    expect(affinityName('n'.repeat(250), cidr('10.0.0.0/26'))).toHaveLength(252);
    expect(workloadEndpointName('node1', 'web-0')).toBe('node1-k8s-web--0-eth0');
  });

  test('chains', () => {
    expect(chainName('cali-pri-', 'kns.default')).toBe('cali-pri-kns.default');
    expect(chainName('cali-pri-', 'kns.my-long-namespace-name')).toBe('cali-pri-_0K_rQOcy96mQCB3eTl');
    expect(chainName('cali-pi-', 'knp/default/allow-web')).toBe('cali-pi-_l7X9Omtz7dibbh9L3Lp');
    expect(chainName('cali-pi-', 'gnp/deny')).toBe('cali-pi-gnp/deny');
  });
});
