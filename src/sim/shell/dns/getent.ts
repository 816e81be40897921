/**
 * `getent` of glibc 2.36 for the databases hosts and ahosts: what a program's resolver says, /etc/hosts first. The other
 * databases (passwd, services) are not simulated.
 */
import { DNS_TYPE, recordName, decodeDns, reverseName } from '../../../model/dns.ts';
import { formatIpv4, parseIpv4 } from '../../../model/ip.ts';
import type { Command, CommandIo } from '../command.ts';
import { hostName, knownHost } from '../network/names.ts';
import { askServer, lookUpByDns, resolverConfig } from '../network/resolver.ts';

const HINT = "Try `getent --help' or `getent --usage' for more information.\n";
const DATABASES = ['hosts', 'ahosts', 'ahostsv4'];
const OTHERS = [
  'aliases',
  'ethers',
  'group',
  'gshadow',
  'initgroups',
  'netgroup',
  'networks',
  'passwd',
  'protocols',
  'rpc',
  'services',
  'shadow',
  'ahostsv6',
];
const NOT_FOUND = 2;

export const getent: Command = {
  name: 'getent',
  summary: 'entries of the host database',
  places: ['workstation', 'node', 'router', 'host', 'pod'],
  run,
  complete: (words) => (words.length < 2 ? DATABASES : []),
};

async function run(io: CommandIo): Promise<number> {
  const [database, ...keys] = io.args;
  if (database === '--help' || database === '-?') {
    await io.stdout.write(`Usage: getent database [key ...]\nDatabases of a lab: ${DATABASES.join(' ')}\n`);
    return 0;
  }
  if (database === undefined) {
    await io.stderr.write(`getent: wrong number of arguments\n${HINT}`);
    return 1;
  }
  if (!DATABASES.includes(database)) {
    const known = OTHERS.includes(database);
    await io.stderr.write(
      known ? `getent: database ${database} is not simulated\n` : `Unknown database: ${database}\n${HINT}`,
    );
    return 1;
  }
  let status = 0;
  for (const key of keys) {
    const found = await resolve(io, key);
    if (found) await io.stdout.write(database === 'hosts' ? hostsLine(found) : socketLines(found));
    else status = NOT_FOUND;
  }
  return keys.length === 0 ? 3 : status;
}

interface Host {
  readonly address: string;
  readonly name: string;
}

async function resolve(io: CommandIo, key: string): Promise<Host | undefined> {
  const address = parseIpv4(key);
  if (address !== undefined) {
    const name = hostName(io, address) ?? (await nameByDns(io, reverseName(address)));
    return name === undefined ? undefined : { address: key, name };
  }
  const known = knownHost(io, key);
  if (known !== undefined) return { address: formatIpv4(known), name: key };
  const found = await lookUpByDns(io, key);
  return found.ok ? { address: formatIpv4(found.value.address), name: found.value.name } : undefined;
}

async function nameByDns(io: CommandIo, name: string): Promise<string | undefined> {
  const config = resolverConfig(io);
  if (!config) return undefined;
  const { reply } = askServer(io, { server: config.server, name, type: DNS_TYPE.PTR });
  await io.clock.sleep('rtt' in reply ? reply.rtt : reply.kind === 'silence' ? 10_000 : 0, io.signal);
  const answer = reply.kind === 'reply' && reply.data ? decodeDns(reply.data) : undefined;
  return answer?.answers
    .map(recordName)
    .find((found) => found !== undefined)
    ?.slice(0, -1);
}

const hostsLine = ({ address, name }: Host): string => `${address.padEnd(15)} ${name}\n`;

const socketLines = ({ address, name }: Host): string =>
  [`STREAM ${name}`, 'DGRAM  ', 'RAW    '].map((kind) => `${address.padEnd(15)} ${kind}\n`).join('');
