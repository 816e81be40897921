/**
 * What a namespace's kernel says about a packet: the route it would choose, devices, neighbours and the forwarding database,
 * by `ip -json` and `bridge -json` (iproute2 6.1 and newer), and the netfilter rules whose counters moved.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../base/json.ts';
import { VXLAN_PORT } from '../../../model/encapsulation.ts';
import { parsed, textAt } from './kubernetes.ts';

export interface KernelTables {
  readonly route: RouteAnswer;
  /** The most specific route of the main table that fits. */
  readonly matched: { readonly type: string; readonly destination: string } | undefined;
  readonly links: readonly Link[];
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly FdbEntry[];
  readonly forwards: boolean;
}

export type RouteAnswer =
  | {
      readonly ok: true;
      readonly device: string;
      readonly via?: string;
      readonly mtu?: number;
      readonly local: boolean;
    }
  /** The kernel's own words: `Network is unreachable`. */
  | { readonly ok: false; readonly says: string };

export interface Link {
  readonly index: number;
  readonly name: string;
  /** Administratively. */
  readonly up: boolean;
  /** Somebody is at the other end. */
  readonly carrier: boolean;
  readonly mtu: number;
  /** One of Calico's kind; a cable of the lab's own is none, whatever carries it. */
  readonly tunnel?: 'vxlan' | 'ipip';
}

export interface Neighbour {
  readonly address: string;
  readonly device: string;
  readonly mac?: string;
  /** `REACHABLE`, `FAILED`, `INCOMPLETE`, ... */
  readonly state: string;
}

export interface FdbEntry {
  readonly mac: string;
  readonly device: string;
  readonly destination?: string;
}

/** $1: destination, $2: source or nothing, $3: index of the device it came in by or nothing, $4: -4 or -6. */
export const TABLES_SCRIPT = `echo "# route"
if [ -n "$3" ]; then
  name=$(ip -oneline link show | sed -n "s/^$3: \\([^:@]*\\).*/\\1/p")
  ip "$4" -json route get "$1" from "$2" iif "$name" 2>&1
else
  ip "$4" -json route get "$1" 2>&1
fi
echo; echo "# matched"; ip "$4" -json route show match "$1"
echo; echo "# links"; ip -json -details link show
echo; echo "# neighbours"; ip "$4" -json neighbour show
echo; echo "# fdb"; bridge -json fdb show
echo; echo "# forwards"
if [ "$4" = -6 ]; then cat /proc/sys/net/ipv6/conf/all/forwarding; else cat /proc/sys/net/ipv4/ip_forward; fi
`;

/** Undefined for text that is not what the script prints. */
export function readTables(text: string): KernelTables | undefined {
  const sections = new Map(
    text
      .split(/^# /m)
      .slice(1)
      .map((section): [string, string] => {
        const end = section.indexOf('\n');
        return [section.slice(0, end), section.slice(end + 1).trim()];
      }),
  );
  const links = sections.get('links');
  const route = sections.get('route');
  if (links === undefined || route === undefined || !Array.isArray(parsed(links))) return undefined;
  return {
    route: routeAnswer(route),
    matched: longestMatch(objects(sections.get('matched'))),
    links: objects(links).map(link),
    neighbours: objects(sections.get('neighbours')).map(neighbour),
    fdb: objects(sections.get('fdb')).flatMap(fdbEntry),
    forwards: sections.get('forwards') !== '0',
  };
}

function objects(text = ''): readonly JsonObject[] {
  const value = parsed(text);
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

const numberAt = (object: JsonObject, key: string): number | undefined => {
  const value = object[key];
  return typeof value === 'number' ? value : undefined;
};

const flagsOf = ({ flags }: JsonObject): readonly unknown[] => (Array.isArray(flags) ? flags : []);

export function routeAnswer(text: string): RouteAnswer {
  const [answer] = objects(text);
  const device = answer && textAt(answer, 'dev');
  if (!answer || device === undefined)
    return {
      ok: false,
      says:
        text
          .replace(/^RTNETLINK answers: /, '')
          .trim()
          .split('\n')[0] ?? '',
    };
  const via = textAt(answer, 'gateway');
  const mtu = numberAt(objects(JSON.stringify(answer['metrics'] ?? []))[0] ?? {}, 'mtu');
  return {
    ok: true,
    device,
    ...(via === undefined ? {} : { via }),
    ...(mtu === undefined ? {} : { mtu }),
    local: textAt(answer, 'type') === 'local',
  };
}

/** `default` is shorter than any prefix, and an address alone longer. */
function longestMatch(routes: readonly JsonObject[]): KernelTables['matched'] {
  const found = routes.map((route) => ({
    type: textAt(route, 'type') ?? 'unicast',
    destination: textAt(route, 'dst') ?? 'default',
  }));
  const length = (destination: string): number =>
    destination === 'default' ? 0 : Number(destination.split('/')[1] ?? 128);
  return found.toSorted((a, b) => length(b.destination) - length(a.destination))[0];
}

function link(object: JsonObject): Link {
  const tunnel = tunnelOf(object['linkinfo']);
  return {
    index: numberAt(object, 'ifindex') ?? 0,
    name: textAt(object, 'ifname') ?? '',
    up: flagsOf(object).includes('UP'),
    carrier: !flagsOf(object).includes('NO-CARRIER'),
    mtu: numberAt(object, 'mtu') ?? 0,
    ...(tunnel === undefined ? {} : { tunnel }),
  };
}

/** Only Calico's VXLAN has the standard port: segments of the lab are carried by another. */
function tunnelOf(info: Json | undefined): Link['tunnel'] {
  if (!isJsonObject(info)) return undefined;
  const kind = textAt(info, 'info_kind');
  if (kind === 'ipip') return kind;
  const data = info['info_data'];
  return kind === 'vxlan' && isJsonObject(data) && data['port'] === VXLAN_PORT ? kind : undefined;
}

function neighbour(object: JsonObject): Neighbour {
  const mac = textAt(object, 'lladdr');
  const { state } = object;
  return {
    address: textAt(object, 'dst') ?? '',
    device: textAt(object, 'dev') ?? '',
    ...(mac === undefined ? {} : { mac }),
    state: Array.isArray(state) ? String(state[0] ?? '') : '',
  };
}

function fdbEntry(object: JsonObject): readonly FdbEntry[] {
  const [mac, device, destination] = ['mac', 'ifname', 'dst'].map((key) => textAt(object, key));
  if (mac === undefined || device === undefined) return [];
  return [{ mac, device, ...(destination === undefined ? {} : { destination }) }];
}

/** A rule with a counter, as `iptables-save -c` prints it. */
export interface CountedRule {
  readonly chain: string;
  /** Without the counter: `-A FORWARD -j DROP`. */
  readonly rule: string;
  readonly packets: number;
}

export function countedRules(save: string): readonly CountedRule[] {
  return save.split('\n').flatMap((line) => {
    const [, packets, rule = '', chain = ''] = /^\[(\d+):\d+\] (-A (\S+) .*)$/.exec(line) ?? [];
    return packets === undefined ? [] : [{ chain, rule, packets: Number(packets) }];
  });
}

const ENDING = /-j (DROP|REJECT)\b/;
const COMMENT = /--comment "([^"]*)"|--comment (\S+)/g;

/** The rules that refused packets meanwhile: the one that refused most of them first. */
export function refusals(before: string, after: string): readonly CountedRule[] {
  const known = new Map<string, number>();
  for (const { rule, packets } of countedRules(before)) known.set(rule, (known.get(rule) ?? 0) + packets);
  const later = new Map<string, CountedRule>();
  for (const each of countedRules(after)) {
    const packets = (later.get(each.rule)?.packets ?? 0) + each.packets;
    later.set(each.rule, { ...each, packets });
  }
  return [...later.values()]
    .filter(({ rule }) => ENDING.test(rule))
    .map((each) => ({ ...each, packets: each.packets - (known.get(each.rule) ?? 0) }))
    .filter(({ packets }) => packets > 0)
    .toSorted((a, b) => b.packets - a.packets);
}

/** `netfilter dropped it: End of tier default. Drop if no policies passed packet (chain cali-tw-cali0)` */
export function refusalText({ rule, chain }: CountedRule): string {
  const verb = rule.includes('-j REJECT') ? 'rejected' : 'dropped';
  // The first comment of Felix's rules is a hash.
  const words = [...rule.matchAll(COMMENT)]
    .map(([, quoted, bare]) => quoted ?? bare ?? '')
    .filter((comment) => !comment.startsWith('cali:'));
  const why = words.join(' ') || rule;
  return `netfilter ${verb} it: ${why} (chain ${chain})`;
}
