/** DNS records as BIND's tools write them: types by name, and the data of those that a lab has (RFC 1035, section 5). */
import {
  DNS_TYPE,
  recordAddress,
  recordAuthority,
  recordName,
  recordService,
  type DnsRecord,
} from '../../../model/dns.ts';
import { formatIp } from '../../../model/ip-family.ts';

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(DNS_TYPE).map(([name, number]) => [number, name]),
);

export const typeName = (type: number): string => NAMES.get(type) ?? `TYPE${type}`;

/** Undefined for no type that is known here. */
export function typeNamed(text: string): number | undefined {
  const name = text.toUpperCase();
  return Object.entries(DNS_TYPE).find(([known]) => known === name)?.[1];
}

/** The record's data in presentation form. */
export function dataText(record: DnsRecord): string {
  const address = recordAddress(record);
  if (address !== undefined) return formatIp(address);
  const name = recordName(record);
  if (name !== undefined) return name;
  const service = recordService(record);
  if (service) return `${service.priority} ${service.weight} ${service.port} ${service.target}`;
  const soa = recordAuthority(record);
  if (soa) return `${soa.server} ${soa.mailbox} ${soa.numbers.join(' ')}`;
  const hex = [...record.data].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('');
  return `\\# ${record.data.length} ${hex}`;
}

const CODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

export const codeName = (code: number): string => CODES[code] ?? `RESERVED${code}`;
