/** Members of an ipset as ipset(8) spells them: a single address without its length, a port with its protocol. */
import { addressBits, formatIp, formatIpCidr } from '../../model/ip-family.ts';
import type { Cidr, Ip } from '../../model/ip.ts';
import { protocolName } from './netfilter-print.ts';
import type { IpPort, IpSet } from './netfilter-rules.ts';

export const memberTexts = (set: IpSet<Ip>): readonly string[] =>
  set.type === 'hash:ip,port' ? set.members.map(portMemberText) : set.members.map(netMemberText);

const netMemberText = (prefix: Cidr<Ip>): string =>
  prefix.length === addressBits(prefix.base) ? formatIp(prefix.base) : formatIpCidr(prefix);

const portMemberText = ({ address, protocol, port }: IpPort<Ip>): string =>
  `${formatIp(address)},${protocolName(protocol)}:${port}`;
