/** Makes a fault happen, in the simulator and in the kernel. */
import { neighbourCommand, routeWords } from '../../src/cli/kernel/stack-program.ts';
import { formatIp, formatIpCidr } from '../../src/model/ip-family.ts';
import { applyEdit } from '../../src/sim/net/apply-edit.ts';
import { printRule } from '../../src/sim/net/netfilter-print.ts';
import type { Netns } from '../../src/sim/net/netns.ts';
import type { Change, Fault } from './fault.ts';
import type { KernelLab } from './kernel-lab.ts';

/** The stacks after the fault. */
export function brokenStacks(stacks: readonly Netns[], { name, changes }: Fault): readonly Netns[] {
  return stacks.map((stack) =>
    changes
      .filter(({ at }) => at === stack.id)
      .reduce((netns, { edit }) => {
        if (edit.kind === 'set-forwarding') return { ...netns, ipForward: edit.on };
        const after = applyEdit(netns, edit);
        if (!after.ok) throw new Error(`${name}: the simulator refuses: ${after.error}`);
        return after.value;
      }, stack),
  );
}

export async function breakKernel(lab: KernelLab, { name, changes }: Fault): Promise<void> {
  for (const { at, edit } of changes) {
    const argv = commandOf(edit);
    const { code, stderr } = await lab.type(at, argv);
    if (code !== 0) throw new Error(`${name}: ${argv.join(' ')}: ${stderr}`);
  }
}

export async function mendKernel(lab: KernelLab, { changes }: Fault): Promise<void> {
  const broken = [...new Set(changes.map(({ at }) => at))];
  for (const at of broken) await lab.restore(at);
}

/** What a person would type. */
function commandOf(edit: Change['edit']): readonly string[] {
  switch (edit.kind) {
    case 'set-forwarding':
      return ['sh', '-c', `echo ${edit.on ? 1 : 0} > /proc/sys/net/ipv4/ip_forward`];
    case 'add-route':
      return ['ip', 'route', 'replace', ...routeWords(edit.route).split(' ')];
    case 'add-fdb': {
      const { mac, device, destination } = edit.entry;
      const to = destination === undefined ? [] : ['dst', formatIp(destination)];
      return ['bridge', 'fdb', 'replace', mac, 'dev', device, ...to];
    }
    case 'delete-route':
      return ['ip', 'route', 'del', formatIpCidr(edit.prefix)];
    case 'add-neighbour':
      return ['ip', ...neighbourCommand(edit.neighbour).split(' ')];
    case 'delete-neighbour':
      return ['ip', 'neigh', 'del', formatIp(edit.address), 'dev', edit.device];
    case 'delete-fdb':
      return ['bridge', 'fdb', 'del', edit.mac, 'dev', edit.device];
    case 'set-link': {
      const { device, up, mtu } = edit;
      const state = up === undefined ? [] : [up ? 'up' : 'down'];
      return [
        'ip',
        'link',
        'set',
        'dev',
        device,
        ...(mtu === undefined ? [] : ['mtu', String(mtu)]),
        ...state,
      ];
    }
    case 'netfilter': {
      const { table, change } = edit;
      if (change.op !== 'insert') break;
      const rule = printRule(change.chain, change.rule).replace(/^-A \S+/, `-I ${change.chain} ${change.at}`);
      return ['iptables', '-t', table, ...rule.split(' ')];
    }
    default:
  }
  throw new RangeError(`no command makes the change ${edit.kind}`);
}
