/** A place's network as it stands: what the tool image's `observe` prints, as far as plans speak of it. */
import { z } from 'zod';

/** Everything that `observe` tells, by section. */
export interface Observed {
  /** Process 1's name: `entrypoint` on a node of kind until systemd takes over. */
  readonly init: string;
  readonly hostname: string;
  readonly links: readonly Link[];
  /** All tables but the kernel's local one. */
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  readonly neighbours: readonly Neighbour[];
  /** Queueing disciplines that somebody set. */
  readonly queues: readonly Queue[];
  readonly sets: readonly string[];
  /** Whether any table of either family has a rule, a chain of its own or a policy that drops. */
  readonly filtered: boolean;
  readonly hosts: readonly string[];
  readonly resolver: string;
  /** Of a node: what its init system is told to set, by us. */
  readonly settings: readonly string[];
  readonly bird: string;
  /** BIRD's protocols that somebody switched off. */
  readonly disabled: readonly string[];
  readonly processes: ReadonlySet<string>;
  /** By sysctl(8)'s names. */
  readonly sysctls: ReadonlyMap<string, string>;
}

export type Link = z.infer<typeof LINK>;
export type Route = z.infer<typeof ROUTE> & { readonly family: 4 | 6 };
export type Rule = z.infer<typeof RULE> & { readonly family: 4 | 6 };
export type Neighbour = z.infer<typeof NEIGHBOUR>;
export type Queue = z.infer<typeof QUEUE>;

const LINK = z.object({
  ifname: z.string(),
  flags: z.array(z.string()),
  mtu: z.number(),
  address: z.string().default(''),
  link_type: z.string(),
  linkinfo: z
    .object({
      info_kind: z.string().default(''),
      info_data: z
        .object({
          id: z.number().optional(),
          group: z.string().optional(),
          local: z.string().optional(),
          link: z.string().optional(),
          port: z.number().optional(),
        })
        .default({}),
    })
    .default({ info_kind: '', info_data: {} }),
  addr_info: z.array(
    z.object({
      family: z.string().default(''),
      local: z.string().default(''),
      prefixlen: z.number().default(0),
      scope: z.string().default(''),
      secondary: z.boolean().default(false),
    }),
  ),
});

const ROUTE = z.object({
  type: z.string().default('unicast'),
  dst: z.string(),
  gateway: z.string().optional(),
  dev: z.string().optional(),
  table: z.string().default('main'),
  protocol: z.string().default('boot'),
  metric: z.number().optional(),
  nexthops: z.array(z.unknown()).optional(),
});

const RULE = z.object({
  priority: z.number(),
  src: z.string(),
  iif: z.string().optional(),
  table: z.string().optional(),
});

const NEIGHBOUR = z.object({ dst: z.string(), dev: z.string() });
const QUEUE = z.object({ kind: z.string(), dev: z.string() });

/** What the kernel gives a device by itself. */
const OWN_QUEUES = new Set(['noqueue', 'mq', 'pfifo_fast', 'fq_codel', 'noop']);

export function parseObserved(text: string): Observed {
  const sections = new Map(
    text.split(/^== /m).map((part) => {
      const [name = '', ...lines] = part.split('\n');
      return [name, lines.join('\n').trim()] as const;
    }),
  );
  const section = (name: string): string => sections.get(name) ?? '';
  const parsed = <T>(name: string, shape: z.ZodType<T>): readonly T[] =>
    z.array(shape).parse(JSON.parse(section(name) || '[]'));
  const families = [4, 6] as const;
  return {
    init: section('init'),
    hostname: section('hostname'),
    links: parsed('links', LINK),
    routes: families.flatMap((family) =>
      parsed(`routes${family}`, ROUTE)
        .filter(({ table, type }) => table !== 'local' && type !== 'multicast')
        .map((route) => ({ ...route, family })),
    ),
    rules: families.flatMap((family) => parsed(`rules${family}`, RULE).map((rule) => ({ ...rule, family }))),
    neighbours: parsed('neighbours', NEIGHBOUR),
    queues: parsed('queues', QUEUE).filter(({ kind }) => !OWN_QUEUES.has(kind)),
    sets: linesOf(section('sets')),
    filtered: isFiltered(section('filter4')) || isFiltered(section('filter6')),
    hosts: linesOf(section('hosts')),
    resolver: section('resolver'),
    settings: linesOf(section('settings')),
    bird: section('bird'),
    disabled: linesOf(section('protocols')).flatMap((line) => {
      const [name = '', , , state] = line.split(/\s+/);
      return state === 'down' ? [name] : [];
    }),
    processes: new Set(linesOf(section('processes'))),
    sysctls: new Map(
      linesOf(section('sysctls')).map((line) => {
        const at = line.indexOf(':');
        return [line.slice(0, at).replaceAll('/', '.'), line.slice(at + 1)];
      }),
    ),
  };
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

/** Of iptables-save's lines: rules, chains that are not built in, and policies other than ACCEPT. */
const isFiltered = (text: string): boolean =>
  linesOf(text).some((line) => line.startsWith('-A') || /^:\S+ (?!ACCEPT)/.test(line));

/** The file below /proc/sys of a setting; none of ours has a dot in a device's name. */
export const sysctlFile = (key: string): string => key.replaceAll('.', '/');

/** The device whose setting it is; undefined for one of the whole namespace, or of devices still to come. */
export function sysctlDevice(key: string): string | undefined {
  const device = /^net\.ipv[46]\.conf\.([^.]+)\./.exec(key)?.[1];
  return device === 'all' || device === 'default' ? undefined : device;
}
