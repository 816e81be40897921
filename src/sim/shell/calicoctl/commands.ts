/**
 * The sub-commands of calicoctl: their options, how they may be called, and our own words about them.
 * Source of options and usage: calicoctl/calicoctl/commands at v3.32.1.
 */
import type { Line, OptionSpec } from './options.ts';

export interface CommandSpec {
  /** `get`, `ipam show` */
  readonly name: string;
  readonly usage: string;
  readonly about: string;
  readonly options: readonly OptionSpec[];
  /** Whether the parsed line fits the usage. */
  fits(line: Line): boolean;
}

const HELP: OptionSpec = { long: '--help', short: '-h', help: 'Show this help.' };
const CONFIG: OptionSpec = {
  long: '--config',
  short: '-c',
  value: 'CONFIG',
  help: 'File with connection settings; accepted, the cluster of the lab is used.',
};
const CONTEXT: OptionSpec = {
  long: '--context',
  value: 'context',
  help: 'Context of the kubeconfig; accepted.',
};
const MISMATCH: OptionSpec = {
  long: '--allow-version-mismatch',
  help: 'Work although calicoctl and the cluster differ in version.',
};
const NAMESPACE: OptionSpec = {
  long: '--namespace',
  short: '-n',
  value: 'NS',
  help: 'Namespace of the resource.',
};
const RECURSIVE: OptionSpec = {
  long: '--recursive',
  short: '-R',
  help: 'Enter sub-directories of a given directory.',
};
const SKIP_EMPTY: OptionSpec = { long: '--skip-empty', help: 'Accept files that hold no resource.' };
const filename = (verb: string): OptionSpec => ({
  long: '--filename',
  short: '-f',
  value: 'FILENAME',
  help: `File or directory with the resources to ${verb}; - reads standard input.`,
});

const CONNECTION = [HELP, CONFIG, CONTEXT, MISMATCH];

/** Only by file. */
function fromFile(name: string, about: string, more: readonly OptionSpec[] = []): CommandSpec {
  return {
    name,
    usage: `${name} --filename=<FILENAME> [options]`,
    about,
    options: [filename(name), RECURSIVE, SKIP_EMPTY, ...more, NAMESPACE, ...CONNECTION],
    fits: (line) => line.args.length === 0 && line.has('--filename'),
  };
}

/** By file, or by kind and names. */
function byNameOrFile(name: string, about: string, more: readonly OptionSpec[]): CommandSpec {
  return {
    name,
    usage: `${name} ( <KIND> [<NAME>...] | --filename=<FILENAME> ) [options]`,
    about,
    options: [filename(name), RECURSIVE, SKIP_EMPTY, ...more, NAMESPACE, ...CONNECTION],
    fits: (line) => {
      if (line.has('--filename')) return line.args.length === 0;
      return line.args.length > 0 && !line.has('--recursive') && !line.has('--skip-empty');
    },
  };
}

const exclusive = (line: Line, ...options: readonly string[]): boolean =>
  options.filter((option) => line.has(option)).length <= 1;

export const COMMANDS: readonly CommandSpec[] = [
  fromFile('create', 'Creates resources. One that exists already is an error.', [
    { long: '--skip-exists', help: 'Count a resource that exists already as done.' },
  ]),
  fromFile('replace', 'Replaces the specification of resources that exist.'),
  fromFile(
    'apply',
    'Creates resources, or replaces the whole specification of those that exist: fields left out return to their defaults.',
  ),
  {
    name: 'patch',
    usage: 'patch <KIND> <NAME> --patch=<PATCH> [options]',
    about: 'Changes some fields of one resource by a strategic merge patch in JSON.',
    options: [
      { long: '--patch', short: '-p', value: 'PATCH', help: 'The patch, as JSON.' },
      {
        long: '--type',
        short: '-t',
        value: 'TYPE',
        help: 'Form of the patch; only strategic is implemented.',
      },
      NAMESPACE,
      ...CONNECTION,
    ],
    fits: (line) => line.args.length === 2 && line.has('--patch'),
  },
  byNameOrFile('delete', 'Deletes resources.', [
    { long: '--skip-not-exists', short: '-s', help: 'Count a resource that does not exist as done.' },
  ]),
  byNameOrFile('get', 'Shows resources.', [
    {
      long: '--output',
      short: '-o',
      value: 'OUTPUT',
      help: 'ps (the default), wide, yaml, json, custom-columns=A,B, go-template=..., go-template-file=...',
    },
    { long: '--all-namespaces', short: '-A', help: 'Show the resources of all namespaces.' },
    { long: '--export', help: 'Leave out what belongs to this cluster (with a name only).' },
  ]),
  {
    name: 'label',
    usage: 'label <KIND> <NAME> ( <key>=<value> [--overwrite] | <key> --remove ) [options]',
    about: 'Sets, changes or removes one label of a resource.',
    options: [
      { long: '--overwrite', help: 'Change a label that exists.' },
      { long: '--remove', help: 'Remove the label.' },
      NAMESPACE,
      ...CONNECTION,
    ],
    fits: (line) => line.args.length === 3 && exclusive(line, '--overwrite', '--remove'),
  },
  fromFile('validate', 'Checks resources without writing them.'),
  {
    name: 'version',
    usage: 'version [--client] [options]',
    about: 'Shows the versions of calicoctl and of the cluster.',
    options: [
      { long: '--client', help: "Show calicoctl's own version only." },
      { long: '--poll', value: 'POLL', help: 'Ask again at this interval; accepted without effect when 0.' },
      HELP,
      CONFIG,
      MISMATCH,
    ],
    fits: (line) => line.args.length === 0,
  },
  {
    name: 'ipam show',
    usage: 'ipam show [--ip=<IP> | --show-blocks | --show-borrowed | --show-configuration] [options]',
    about: 'Shows how much of each pool is used, or who holds an address.',
    options: [
      { long: '--ip', value: 'IP', help: 'Show who holds this address.' },
      { long: '--show-blocks', help: 'Show the blocks of each pool too.' },
      { long: '--show-borrowed', help: "Show addresses that a node took from another node's block." },
      { long: '--show-configuration', help: 'Show the settings of IPAM.' },
      HELP,
      CONFIG,
      MISMATCH,
    ],
    fits: (line) =>
      line.args.length === 0 &&
      exclusive(line, '--ip', '--show-blocks', '--show-borrowed', '--show-configuration'),
  },
  {
    name: 'ipam check',
    usage: 'ipam check [--show-all-ips] [--show-problem-ips] [-o <FILE>] [options]',
    about: 'Compares what IPAM has given out with what pods and nodes use.',
    options: [
      { long: '--output', short: '-o', value: 'FILE', help: 'Write a report to this file, in JSON.' },
      { long: '--show-all-ips', help: 'Name every address.' },
      { long: '--show-problem-ips', help: 'Name the addresses with a problem.' },
      HELP,
      CONFIG,
      {
        long: '--kubeconfig',
        value: 'KUBECONFIG',
        help: 'Kubeconfig file; accepted, the cluster of the lab is used.',
      },
      MISMATCH,
    ],
    fits: (line) => line.args.length === 0,
  },
  {
    name: 'ipam configure',
    usage: 'ipam configure [--strictaffinity=<true/false>] [--max-blocks-per-host=<number>] [options]',
    about: 'Changes settings of IPAM.',
    options: [
      {
        long: '--strictaffinity',
        value: 'true/false',
        help: "Forbid or allow taking addresses of other nodes' blocks.",
      },
      { long: '--max-blocks-per-host', value: 'number', help: 'How many blocks a node may claim.' },
      {
        long: '--kubevirt-ip-persistence',
        value: 'Enabled|Disabled',
        help: 'Whether virtual machines keep addresses.',
      },
      HELP,
      CONFIG,
      MISMATCH,
    ],
    fits: (line) => line.args.length === 0,
  },
  {
    name: 'ipam release',
    usage: 'ipam release [--ip=<IP>] [--from-report=<REPORT>]... [--force] [options]',
    about:
      'Gives back an address that nothing uses any more, or all that reports of ipam check call leaked. Whatever still uses them is not told.',
    options: [
      { long: '--ip', value: 'IP', help: 'The address.' },
      {
        long: '--from-report',
        value: 'REPORT',
        help: 'Give back what all given reports call leaked.',
        repeats: true,
      },
      { long: '--force', help: 'Do it although the data store is not locked.' },
      HELP,
      CONFIG,
      MISMATCH,
    ],
    fits: (line) => line.args.length === 0,
  },
  {
    name: 'ipam split',
    usage: 'ipam split <NUMBER> [--cidr=<CIDR>] [--name=<POOL_NAME>] [options]',
    about:
      'Puts several smaller pools, a power of two of them, in the place of one. The data store must be locked.',
    options: [
      { long: '--cidr', value: 'CIDR', help: 'The pool, by its addresses.' },
      { long: '--name', value: 'POOL_NAME', help: 'The pool, by its name.' },
      HELP,
      CONFIG,
      MISMATCH,
    ],
    fits: (line) => line.args.length === 1,
  },
  {
    name: 'node status',
    usage: 'node status [--allow-version-mismatch]',
    about: 'Shows whether Calico runs on this machine, and its BGP sessions. It must run on a node, as root.',
    options: [HELP, MISMATCH],
    fits: (line) => line.args.length === 0,
  },
  {
    name: 'datastore migrate lock',
    usage: 'datastore migrate lock [options]',
    about: 'Marks the data store as not ready, so that nothing new takes effect.',
    options: [HELP, CONFIG, MISMATCH],
    fits: (line) => line.args.length === 0,
  },
  {
    name: 'datastore migrate unlock',
    usage: 'datastore migrate unlock [options]',
    about: 'Marks the data store as ready again.',
    options: [HELP, CONFIG, MISMATCH],
    fits: (line) => line.args.length === 0,
  },
];

/** Words that only stand before others. */
export const GROUPS: readonly string[] = ['ipam', 'node', 'datastore', 'datastore migrate'];

/** Sub-commands of the real tool that have no part here, with the sentence that says so. */
export const ABSENT: Readonly<Record<string, string>> = {
  cluster: 'calicoctl cluster is not simulated',
  'node run': 'calicoctl node run is not simulated: the DaemonSet calico-node runs Calico on each node',
  'node diags': 'calicoctl node diags is not simulated',
  'node checksystem': 'calicoctl node checksystem is not simulated: every node of a lab can run Calico',
  'datastore migrate export':
    'calicoctl datastore migrate export is not simulated: there is no other datastore',
  'datastore migrate import':
    'calicoctl datastore migrate import is not simulated: there is no other datastore',
  'datastore migrate ipam': 'calicoctl datastore migrate ipam is not simulated: there is no other datastore',
};

export const commandNamed = (name: string): CommandSpec | undefined =>
  COMMANDS.find((command) => command.name === name);
