/** cali-nat-outgoing in each of its forms; texts after felix/rules/nat_test.go, Calico v3.32.1. */
import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../../../../model/ip.ts';
import { printRule } from '../../../../net/netfilter-print.ts';
import { natTable, type NatOptions } from './nat.ts';

const base: NatOptions = {
  family: 4,
  natOutgoing: true,
  natOutgoingAddress: undefined,
  excludeHosts: false,
  tunnels: [],
};

/** Rules as iptables-save prints them, without Felix's hashes. */
const outgoing = (options: Partial<NatOptions>): readonly string[] => {
  const chain = natTable({ ...base, ...options }).find(({ name }) => name === 'cali-nat-outgoing');
  return (chain?.rules ?? []).map((rule) =>
    printRule('X', rule).replace(/-m comment --comment "?cali:[^" ]+"? /, ''),
  );
};

const LEAVING =
  '-m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40network-ip-pools dst';
const ports = { first: 99, last: 100 };

describe('natOutgoing', () => {
  test.each<readonly [string, Partial<NatOptions>, readonly string[]]>([
    ['off', { natOutgoing: false }, []],
    ['as it is', {}, [`-A X ${LEAVING} -j MASQUERADE --random-fully`]],
    [
      'sparing hosts',
      { excludeHosts: true },
      [`-A X ${LEAVING} -m set ! --match-set cali40all-hosts-net dst -j MASQUERADE --random-fully`],
    ],
    [
      'to one address, by one device',
      { natOutgoingAddress: ipv4('192.0.2.9'), natOutInterface: 'eth+' },
      [`-A X -o eth+ ${LEAVING} -j SNAT --to-source 192.0.2.9 --random-fully`],
    ],
    [
      'from a range of ports',
      { natPorts: ports },
      [
        `-A X -p tcp ${LEAVING} -j MASQUERADE --to-ports 99-100 --random-fully`,
        `-A X -p tcp ${LEAVING} -j RETURN`,
        `-A X -p udp ${LEAVING} -j MASQUERADE --to-ports 99-100 --random-fully`,
        `-A X -p udp ${LEAVING} -j RETURN`,
        `-A X ${LEAVING} -j MASQUERADE --random-fully`,
      ],
    ],
    [
      'to one address from a range of ports',
      { natPorts: ports, natOutgoingAddress: ipv4('192.0.2.9') },
      [
        `-A X -p tcp ${LEAVING} -j SNAT --to-source 192.0.2.9:99-100 --random-fully`,
        `-A X -p tcp ${LEAVING} -j RETURN`,
        `-A X -p udp ${LEAVING} -j SNAT --to-source 192.0.2.9:99-100 --random-fully`,
        `-A X -p udp ${LEAVING} -j RETURN`,
        `-A X ${LEAVING} -j SNAT --to-source 192.0.2.9 --random-fully`,
      ],
    ],
  ])('%s', (_, options, rules) => {
    expect(outgoing(options)).toEqual(rules);
  });
});
