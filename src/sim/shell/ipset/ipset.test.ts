import { expect, test } from 'vitest';
import { networkCommands } from '../network-commands.ts';
import { stage } from '../network/stage.contract.ts';

// Provenance: real transcript (facts, section 4 c); the kernel draws initval by chance.
test('ipset list', async () => {
  const lab = stage(networkCommands, { natOutgoing: true });
  const { screen } = await lab.type('node/node1', 'ipset list');
  expect(screen.replaceAll(/initval 0x[0-9a-f]{8}/g, 'initval *')).toBe(`Name: cali40masq-ipam-pools
Type: hash:net
Revision: 7
Header: family inet hashsize 1024 maxelem 1048576 bucketsize 12 initval *
Size in memory: 504
References: 1
Number of entries: 1
Members:
10.244.0.0/16

Name: cali40network-ip-pools
Type: hash:net
Revision: 7
Header: family inet hashsize 1024 maxelem 1048576 bucketsize 12 initval *
Size in memory: 504
References: 1
Number of entries: 1
Members:
10.244.0.0/16
`);
});

// Provenance: ipset 7.17.
test.each([
  ['ipset list -n', 'cali40masq-ipam-pools\ncali40network-ip-pools\n', 0],
  ['ipset list nosuch', 'ipset v7.17: The set with the given name does not exist\n', 1],
  ['ipset', "ipset v7.17: No command specified.\nTry `ipset help' for more information.\n", 2],
  [
    'ipset foo',
    "ipset v7.17: No command specified: unknown argument foo\nTry `ipset help' for more information.\n",
    2,
  ],
  ['ipset list a b', "ipset v7.17: Unknown argument b\nTry `ipset help' for more information.\n", 2],
  [
    'ipset test cali40masq-ipam-pools 10.244.3.4',
    'Warning: 10.244.3.4 is in set cali40masq-ipam-pools.\n',
    0,
  ],
  ['ipset test cali40masq-ipam-pools 1.2.3.4', '1.2.3.4 is NOT in set cali40masq-ipam-pools.\n', 1],
  ['ipset --version', 'ipset v7.17, protocol version: 7\n', 0],
])('%s', async (line, screen, status) => {
  const lab = stage(networkCommands, { natOutgoing: true });
  expect(await lab.type('node/node1', line)).toMatchObject({ screen, status });
});
