/**
 * The commands of the shell with their flags: from the tables that the commands parse and help with, and for those that have
 * none from a reviewed line each. A command without either fails a test.
 */
import { labCommands } from '../commands.ts';
import { builtinTable, coreCommands } from '../shell/builtins/table.ts';
import { FLAGS as DMESG } from '../shell/dmesg/dmesg.ts';
import { ABSENT, COMMANDS as CALICOCTL } from '../shell/calicoctl/commands.ts';
import { CURL } from '../shell/curl/flags.ts';
import { IP_OBJECTS } from '../shell/ip/ip.ts';
import {
  COMMANDS as IPTABLES,
  IPTABLES_RESTORE,
  IPTABLES_SAVE,
  MATCHES,
  TARGETS,
} from '../shell/iptables/honoured.ts';
import { ALIASES, HONOURED, NOT_SIMULATED } from '../shell/kubectl/honoured.ts';
import { refusedFlags } from '../shell/kubectl/refused-flags.ts';
import { NC } from '../shell/nc/parse.ts';
import type { Flag, FlagTable } from '../shell/network/flags.ts';
import { PING } from '../shell/ping/flags.ts';
import { SS } from '../shell/ss/ss.ts';
import { FLAGS as SYSCTL } from '../shell/sysctl/sysctl.ts';
import { TCPDUMP } from '../shell/tcpdump/flags.ts';
import { TOOLS } from '../shell/text/tool-facts.ts';
import { TRACEROUTE } from '../shell/traceroute/flags.ts';
import { compared, ours, source, type Provenance } from './feature.ts';

export interface CommandFeature {
  /** `ping`, `kubectl get`, `ip route` */
  readonly name: string;
  /** What is honoured: flags, sub-commands. */
  readonly yes: readonly string[];
  /** Taken without effect. */
  readonly ignored?: readonly string[];
  /** Refused in a plain sentence. */
  readonly no?: readonly string[];
  readonly note?: string;
  readonly provenance: Provenance;
}

const TABLES: readonly FlagTable[] = [
  PING,
  TRACEROUTE,
  TCPDUMP,
  CURL,
  NC,
  SS,
  IPTABLES_SAVE,
  IPTABLES_RESTORE,
  SYSCTL,
  DMESG,
];

const flagText = ({ short, long, takes }: Flag): string => {
  const name = short === undefined ? `--${long ?? ''}` : `-${short}`;
  return takes === undefined ? name : `${name} ${takes}`;
};

const ofTable = ({ tool, flags, provenance }: FlagTable): CommandFeature => ({
  name: tool,
  yes: flags.filter(({ support }) => support === undefined).map(flagText),
  ignored: flags.filter(({ support }) => support === 'ignored').map(flagText),
  no: flags.filter(({ support }) => support === 'refused').map(flagText),
  provenance: { kind: 'compared', of: provenance },
});

const kubectl = (): readonly CommandFeature[] => [
  ...HONOURED.map((verb) => ({
    name: `kubectl ${verb.path}`,
    yes: verb.flags.map(({ name }) => `--${name}`),
    no: refusedFlags({
      path: verb.path,
      flags: [...verb.flags, ...refusedFlags({ path: '', flags: [] })],
    }).map(({ name }) => `--${name}`),
    provenance: verb.provenance === 'compared' ? compared('kubectl 1.32') : source('kubectl 1.35'),
  })),
  {
    name: 'kubectl, commands that are not there',
    yes: [],
    no: [...NOT_SIMULATED.keys()],
    note: `Refused everywhere: ${refusedFlags({ path: '', flags: [] })
      .map(({ name }) => `\`--${name}\``)
      .join(', ')}. Other words: ${[...ALIASES.keys()].map((each) => `\`${each}\``).join(', ')}.`,
    provenance: compared('kubectl 1.32'),
  },
];

const calicoctl = (): readonly CommandFeature[] => [
  ...CALICOCTL.map(({ name, options }) => ({
    name: `calicoctl ${name}`,
    yes: options.map(({ long }) => long),
    provenance: source('calicoctl v3.32.1'),
  })),
  {
    name: 'calicoctl, commands that are not there',
    yes: [],
    no: Object.keys(ABSENT),
    provenance: source('calicoctl v3.32.1'),
  },
];

const IPROUTE = compared('iproute2 6.1');

const ip = (): readonly CommandFeature[] => [
  ...IP_OBJECTS.filter(({ verbs }) => verbs).map(({ names, verbs = [] }) => ({
    name: `ip ${names[0] ?? ''}`,
    yes: verbs.filter(({ run }) => run).flatMap(({ names: [first = ''] }) => first),
    no: verbs.filter(({ run }) => !run).flatMap(({ names: all }) => all),
    provenance: IPROUTE,
  })),
  {
    name: 'ip, objects that are not there',
    yes: [],
    no: IP_OBJECTS.filter(({ verbs }) => !verbs).flatMap(({ names: [first = ''] }) => first),
    note: 'Options before the object: `-4 -6 -br -d -j -n -o -p -s`. Of IPv6 there are addresses, routes and neighbours; no multicast groups, and policy rules and anycast addresses are only listed.',
    provenance: IPROUTE,
  },
];

const iptables: CommandFeature = {
  name: 'iptables',
  yes: [
    ...IPTABLES.map(({ short }) => `-${short}`),
    '-t -n -v -x --line-numbers',
    ...MATCHES.map((match) => `-m ${match}`),
    ...TARGETS.map((target) => `-j ${target}`),
  ],
  ignored: ['-w', '-4', '-6'],
  provenance: compared('iptables 1.8.9 (nf_tables), both ways through the real iptables-restore'),
};

/** The same tools under the name by which they are about IPv6. */
const UNDER_OTHER_NAMES: readonly CommandFeature[] = [
  { name: 'ping6', yes: [], note: 'As `ping -6`.', provenance: compared('ping6 of iputils 20221126') },
  { name: 'traceroute6', yes: [], note: 'As `traceroute -6`.', provenance: compared('traceroute 2.1.2') },
  ...['ip6tables', 'ip6tables-save', 'ip6tables-restore'].map((name) => ({
    name,
    yes: [],
    note: `As ${name.replace('6', '')}, for the rules of IPv6: \`-p icmpv6\` with \`--icmpv6-type\`, \`--reject-with icmp6-port-unreachable\`.`,
    provenance: compared('ip6tables 1.8.9 (nf_tables)'),
  })),
];

/** Commands whose flags no table holds. */
const REVIEWED: readonly CommandFeature[] = [
  {
    name: 'bridge',
    yes: [
      'fdb show',
      'fdb add',
      'fdb append',
      'fdb replace',
      'fdb del',
      'link show',
      'vlan show',
      '-j -d -s -n',
    ],
    no: ['fdb get', 'fdb flush', 'mdb', 'vni', 'monitor'],
    provenance: IPROUTE,
  },
  {
    name: 'ipset',
    yes: ['list', 'save', 'test', 'create', 'add', 'del', 'flush', 'destroy', 'rename', 'swap', 'restore'],
    no: ['types other than hash:net, hash:ip and hash:ip,port', 'timeout', 'counters', 'comment'],
    provenance: compared('ipset 7.17'),
  },
  {
    name: 'conntrack',
    yes: [
      '-L',
      '-F',
      '-D',
      '-C',
      '-p',
      '-f',
      '-s',
      '-d',
      '-r',
      '-q',
      '--sport',
      '--dport',
      '--state',
      '-u',
      '-n',
      '-g',
      '-j',
    ],
    no: ['-E', '-I', '-U', '-S', '-G', '-A', 'expectations'],
    note: 'What is refused says so.',
    provenance: compared('conntrack 1.4.7'),
  },
  {
    name: 'dig',
    yes: ['NAME', 'TYPE', '@SERVER', '+short', '+search', '-x', '-t', '-q', '-p', '-4', '-6'],
    provenance: compared('dig 9.18'),
  },
  { name: 'nslookup', yes: ['NAME', 'SERVER'], provenance: compared('nslookup 9.18') },
  {
    name: 'host',
    yes: ['NAME', 'SERVER', '-t', '-v', '-d', '-r', '-p', '-N', '-R', '-W', '-4', '-6', '-V'],
    no: ['-a', '-A', '-C', '-D', '-l', '-T', '-w', '-c with another class than IN'],
    provenance: compared('host 9.18'),
  },
  {
    name: 'getent',
    yes: ['hosts', 'ahosts', 'ahostsv4', 'ahostsv6'],
    provenance: compared('getent of glibc 2.36'),
  },
  {
    name: 'calico-node',
    yes: ['-felix-live', '-felix-ready', '-bird-live', '-bird-ready', '-bird6-live', '-bird6-ready'],
    no: ['what starts its programs', '-threshold-time', '-show-status', '-flows', '-bpf', '-v'],
    note: 'In its own container: the checks that kubelet makes.',
    provenance: source('node/cmd/calico-node, Calico v3.32.1'),
  },
  {
    name: 'birdcl',
    yes: ['show protocols', 'show route', 'show status', 'show interfaces', 'show symbols'],
    no: [
      'disable',
      'enable',
      'restart',
      'reload',
      'configure',
      'down',
      'filters of `show route where` that ask about paths and communities',
      'paging with --More--',
    ],
    note: 'In the container calico-node and on routers; what is refused says what to change instead.',
    provenance: compared('BIRD 1.6.8 and 2.0.12'),
  },
  { name: 'birdcl6', yes: [], note: 'Of bird6, as birdcl.', provenance: compared('BIRD 1.6.8') },
  { name: 'birdc', yes: [], note: 'On routers, as birdcl.', provenance: compared('BIRD 2.0.12') },
];

/** The shell's language and the tools around it. */
function shellCommands(): readonly CommandFeature[] {
  const builtins = [...builtinTable().keys()].map((name) => ({
    name,
    yes: [],
    note: 'Builtin of the shell.',
    provenance: compared('bash 5.2'),
  }));
  const core = coreCommands().map(({ name, summary }) => ({
    name,
    yes: [],
    note: `${summary}; \`${name} --help\` lists what it takes, and anything else is refused.`,
    provenance: compared('Debian 12, whole outputs'),
  }));
  const tools = Object.entries(TOOLS).map(([name, { summary }]) => ({
    name,
    yes: [],
    note: `${summary}.`,
    provenance: ours('a third-party text tool in JavaScript, compared where labs use it'),
  }));
  return [...builtins, ...core, ...tools];
}

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly CommandFeature[];
}

export const commandGroups = (): readonly CommandGroup[] => [
  { title: 'kubectl', commands: kubectl() },
  { title: 'calicoctl', commands: calicoctl() },
  {
    title: 'Network tools',
    commands: [...ip(), iptables, ...TABLES.map(ofTable), ...UNDER_OTHER_NAMES, ...REVIEWED],
  },
  { title: 'The shell and its tools', commands: shellCommands() },
];

/** Every command that a place of a lab may have. */
export const shellCommandNames = (): readonly string[] => [
  ...labCommands.map(({ name }) => name),
  ...builtinTable().keys(),
  ...coreCommands().map(({ name }) => name),
  ...Object.keys(TOOLS),
];
