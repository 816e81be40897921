/** What a learner looks at the network with: the tools of a cluster's machines and of its pods. */
import { bridge } from './bridge/bridge.ts';
import type { Command } from './command.ts';
import { conntrack } from './conntrack/conntrack.ts';
import { curl } from './curl/curl.ts';
import { dmesg } from './dmesg/dmesg.ts';
import { dig } from './dns/dig.ts';
import { getent } from './dns/getent.ts';
import { host } from './dns/host.ts';
import { nslookup } from './dns/nslookup.ts';
import { ip } from './ip/ip.ts';
import { ipset } from './ipset/ipset.ts';
import { ip6tables, iptables } from './iptables/iptables.ts';
import { ip6tablesRestore, iptablesRestore } from './iptables/restore.ts';
import { ip6tablesSave, iptablesSave } from './iptables/save.ts';
import { nc } from './nc/nc.ts';
import { ping, ping6 } from './ping/ping.ts';
import { ss } from './ss/ss.ts';
import { sysctl } from './sysctl/sysctl.ts';
import { tcpdump } from './tcpdump/tcpdump.ts';
import { traceroute, traceroute6 } from './traceroute/traceroute.ts';

export const networkCommands: readonly Command[] = [
  ip,
  bridge,
  ping,
  ping6,
  traceroute,
  traceroute6,
  tcpdump,
  curl,
  iptables,
  iptablesSave,
  iptablesRestore,
  ip6tables,
  ip6tablesSave,
  ip6tablesRestore,
  ipset,
  conntrack,
  dmesg,
  dig,
  nslookup,
  host,
  getent,
  nc,
  ss,
  sysctl,
];
