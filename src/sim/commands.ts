/** Every command of a lab besides the shell's own: what a cluster's workstation and machines have installed. */
import { calicoctl } from './shell/calicoctl/calicoctl.ts';
import type { Command } from './shell/command.ts';
import { kubectl } from './shell/kubectl/kubectl.ts';
import { ip } from './shell/ip/ip.ts';
import { bridge } from './shell/bridge/bridge.ts';
import { ping } from './shell/ping/ping.ts';
import { tcpdump } from './shell/tcpdump/tcpdump.ts';

export const labCommands: readonly Command[] = [kubectl, calicoctl, ip, bridge, ping, tcpdump];
