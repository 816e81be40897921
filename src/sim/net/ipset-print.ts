/** Members of an ipset as ipset(8) spells them: a single address without its length, a port with its protocol. */
import { formatCidr, formatIpv4, type Cidr } from '../../model/ip.ts';
import { protocolName } from './netfilter-print.ts';
import type { IpPort, IpSet } from './netfilter-rules.ts';

export const memberTexts = (set: IpSet): readonly string[] =>
  set.type === 'hash:ip,port' ? set.members.map(portMemberText) : set.members.map(netMemberText);

const netMemberText = (prefix: Cidr): string =>
  prefix.length === 32 ? formatIpv4(prefix.base) : formatCidr(prefix);

const portMemberText = ({ address, protocol, port }: IpPort): string =>
  `${formatIpv4(address)},${protocolName(protocol)}:${port}`;
