/**
 * `getent` of glibc 2.36 for the databases hosts and ahosts: what a program's resolver says, /etc/hosts first. The other
 * databases (passwd, services) are not simulated.
 */
import { DNS_TYPE, recordName, decodeDns, reverseName } from '../../../model/dns.ts';
import { formatIp, isIpv6, parseIp } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import type { Command, CommandIo } from '../command.ts';
import { hereOf } from '../network/here.ts';
import { hostNames, knownHosts, type WantedFamily } from '../network/names.ts';
import { askServer, lookUpAll, lookUpByDns, resolverConfig } from '../network/resolver.ts';

const HINT = "Try `getent --help' or `getent --usage' for more information.\n";
const DATABASES = ['hosts', 'ahosts', 'ahostsv4', 'ahostsv6'];
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
    const found = await (database === 'hosts' ? hostLines(io, key) : socketLines(io, key, database));
    if (found === '') status = NOT_FOUND;
    else await io.stdout.write(found);
  }
  return keys.length === 0 ? 3 : status;
}

interface Host {
  readonly address: Ip;
  readonly name: string;
}

/** gethostbyname2: addresses of IPv6 where there are any, else of IPv4; of an address, its names. */
async function hostLines(io: CommandIo, key: string): Promise<string> {
  const address = parseIp(key);
  if (address !== undefined) {
    const known = hostNames(io, address);
    const names = known.length > 0 ? known : [await nameByDns(io, reverseName(address))];
    return names[0] === undefined ? '' : hostLine(formatIp(address), names.join(' '));
  }
  const known = knownHosts(io, key);
  const found = known.some(isIpv6) ? known.filter(isIpv6) : known;
  if (found.length > 0)
    return found.map((each) => hostLine(formatIp(each), namesOf(io, each, key).join(' '))).join('');
  for (const family of speaks6(io) ? ([6, 4] as const) : ([4] as const)) {
    const asked = await lookUpByDns(io, key, family);
    if (asked.ok) return asked.value.map((host) => hostLine(formatIp(host.address), host.name)).join('');
  }
  return '';
}

const speaks6 = (io: CommandIo): boolean => hereOf(io)?.netns.inet6 !== undefined;

/** As the line of the file has them; a node's name stands in none. */
function namesOf(io: CommandIo, address: Ip, key: string): readonly string[] {
  const names = hostNames(io, address);
  return names.includes(key) ? names : [key];
}

const hostLine = (address: string, names: string): string => `${address.padEnd(15)} ${names}\n`;

const FAMILIES = { ahosts: 'any', ahostsv4: 4, ahostsv6: 6 } as const;

/** getaddrinfo: three kinds of socket for each address, the name beside the first. */
async function socketLines(io: CommandIo, key: string, database: string): Promise<string> {
  const family = database === 'ahostsv4' || database === 'ahostsv6' ? FAMILIES[database] : FAMILIES.ahosts;
  const own = await socketHosts(io, key, family);
  // AI_V4MAPPED: without one of IPv6, those of IPv4 stand in its clothes.
  const hosts = own.length > 0 || family !== 6 ? own : await socketHosts(io, key, 4);
  const isMapped = own.length === 0;
  return hosts
    .flatMap(({ address, name }, at) => {
      const text = `${isMapped ? '::ffff:' : ''}${formatIp(address)}`.padEnd(15);
      return [`STREAM ${at === 0 ? name : ''}`, 'DGRAM  ', 'RAW    '].map((kind) => `${text} ${kind}\n`);
    })
    .join('');
}

async function socketHosts(io: CommandIo, key: string, family: WantedFamily): Promise<readonly Host[]> {
  const known = await (knownHosts(io, key).length > 0 ? lookUpAll(io, key, { family }) : undefined);
  if (known) return known.ok ? known.value.map((address) => ({ address, name: key })) : [];
  const found = await lookUpByDns(io, key, family);
  return found.ok ? found.value : [];
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
