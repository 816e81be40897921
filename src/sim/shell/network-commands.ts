/** The commands of iproute2, iputils, traceroute, tcpdump and curl: what a learner looks at the network with. */
import { bridge } from './bridge/bridge.ts';
import type { Command } from './command.ts';
import { curl } from './curl/curl.ts';
import { ip } from './ip/ip.ts';
import { ping } from './ping/ping.ts';
import { tcpdump } from './tcpdump/tcpdump.ts';
import { traceroute } from './traceroute/traceroute.ts';

export const networkCommands: readonly Command[] = [ip, bridge, ping, traceroute, tcpdump, curl];
