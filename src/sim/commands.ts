/** Every command of a lab besides the shell's own: what a cluster's workstation and machines have installed. */
import { birdc, birdcl, birdcl6 } from './shell/birdcl/birdcl.ts';
import { calicoNode } from './shell/calico-node/calico-node.ts';
import { calicoctl } from './shell/calicoctl/calicoctl.ts';
import type { Command } from './shell/command.ts';
import { kubectl } from './shell/kubectl/kubectl.ts';
import { networkCommands } from './shell/network-commands.ts';

export const labCommands: readonly Command[] = [
  kubectl,
  calicoctl,
  calicoNode,
  birdcl,
  birdcl6,
  birdc,
  ...networkCommands,
];
