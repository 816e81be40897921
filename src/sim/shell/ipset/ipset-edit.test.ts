import { expect, test } from 'vitest';
import { NO_NETFILTER } from '../../net/netfilter-rules.ts';
import { stage, type Stage } from '../network/stage.contract.ts';
import { iptables } from '../iptables/iptables.ts';
import { ipset } from './ipset.ts';

function router(): Stage {
  const lab = stage([ipset, iptables]);
  const netns = lab.network.stacks.get('router/router');
  if (!netns) throw new Error('no router');
  lab.network.stacks.set('router/router', { ...netns, netfilter: NO_NETFILTER });
  return lab;
}

// Provenance: ipset 7.17 on Linux 6.18, the same lines in the same order.
test('sets are made, filled, renamed and removed with the real tool’s words', async () => {
  const lab = router();
  const session: readonly (readonly [string, string, number])[] = [
    ['ipset create s1 hash:net', '', 0],
    ['ipset create s1 hash:net', 'Set cannot be created: set with the same name already exists', 1],
    ['ipset create s1 hash:net -exist', '', 0],
    ['ipset add s1 10.0.0.0/8', '', 0],
    ['ipset add s1 10.0.0.0/8', "Element cannot be added to the set: it's already added", 1],
    ['ipset add s1 10.0.0.0/8 -exist', '', 0],
    ['ipset add s1 nope', 'Syntax error: cannot parse nope: resolving to IPv4 address failed', 1],
    ['ipset add nosuch 1.1.1.1', 'The set with the given name does not exist', 1],
    ['ipset del s1 1.1.1.1', "Element cannot be deleted from the set: it's not added", 1],
    ['ipset create s2 hash:ip', '', 0],
    ['ipset add s2 1.2.3.4', '', 0],
    ['ipset create s3 hash:ip,port', '', 0],
    ['ipset add s3 1.2.3.4,tcp:80', '', 0],
    ['ipset swap s1 s2', 'The sets cannot be swapped: their type does not match', 1],
    ['ipset rename s1 s2', 'Set cannot be renamed: a set with the new name already exists', 1],
    ['ipset rename s1 s9', '', 0],
    ['iptables -A INPUT -m set --match-set s9 src -j DROP', '', 0],
    ['ipset destroy s9', 'Set cannot be destroyed: it is in use by a kernel component', 1],
    ['ipset rename s9 s10', 'Set cannot be renamed: it is in use by another system', 1],
    ['ipset flush s9', '', 0],
    ['ipset destroy s2', '', 0],
    ['ipset destroy nosuch', 'The set with the given name does not exist', 1],
    ['ipset create s4 nosuch:type', "Syntax error: typename 'nosuch:type' is unknown", 1],
  ];
  for (const [line, said, status] of session) {
    const stderr = said === '' ? '' : `ipset v7.17: ${said}\n`;
    expect([line, await lab.type('router/router', line)]).toMatchObject([
      line,
      { stdout: '', stderr, status },
    ]);
  }
  expect((await lab.type('router/router', 'ipset list -n')).stdout).toBe('s9\ns3\n');
  expect((await lab.type('router/router', 'ipset list s3')).stdout.replace(/0x\w+/, '0xDRAWN')).toBe(
    'Name: s3\nType: hash:ip,port\nRevision: 7\n' +
      'Header: family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xDRAWN\n' +
      'Size in memory: 264\nReferences: 0\nNumber of entries: 1\nMembers:\n1.2.3.4,tcp:80\n',
  );
});
