/** Networks in a filter (pcap-filter(7)): what is short is filled, and host bits are complained about. */
import { addressBits, ipCidrOf, parseIp, type IpCidr } from '../../../model/ip-family.ts';
import { cidrOf, parseIpv4, type Cidr } from '../../../model/ip.ts';
import { cidrOf6, parseInterfaceAddress6 } from '../../../model/ipv6.ts';

/** `10`, `10.1`, `10.1.2.3`, `10.0.0.0/8`; a text is the complaint. */
export function readNet(value: string, mask: string | undefined): Cidr | string | undefined {
  const [text = '', length] = value.split('/');
  const parts = text.split('.');
  const whole = parseIpv4([...parts, '0', '0', '0'].slice(0, 4).join('.'));
  if (whole === undefined || parts.length > 4) return undefined;
  const bits = length === undefined ? (maskBits(mask) ?? parts.length * 8) : Number(length);
  if (length !== undefined && (parts.length < 4 || !/^\d{1,2}$/.test(length) || bits > 32)) return undefined;
  const prefix = cidrOf(whole, bits);
  return prefix.base === whole ? prefix : `non-network bits set in "${value}"`;
}

/** `fd00::/8`; a text is the complaint. */
export function readNet6(value: string): IpCidr | string | undefined {
  const bare = parseIp(value);
  if (bare !== undefined) return ipCidrOf(bare, addressBits(bare));
  const typed = parseInterfaceAddress6(value);
  if (!typed) return undefined;
  const prefix = cidrOf6(typed.address, typed.length);
  return prefix.base === typed.address ? prefix : `non-network bits set in "${value}"`;
}

function maskBits(mask: string | undefined): number | undefined {
  const address = mask === undefined ? undefined : parseIpv4(mask);
  return address === undefined ? undefined : 32 - Math.round(Math.log2(2 ** 32 - address));
}
