/** Targets that a table or a hook does not take. Wordings: iptables 1.8.9 (nf_tables), compared with the real tool. */
import type { Ip } from '../../../model/ip.ts';
import { BASE_CHAINS, type Hook, type Rule, type TableName } from '../../net/netfilter-rules.ts';
import type { Complaint } from '../network/complaint.ts';
import { IPTABLES_VERSION, misuse } from './tool.ts';

/** What a table or a hook does not allow. */
export function inhibition(table: TableName, chain: string, { target }: Rule<Ip>): Complaint | undefined {
  if (table === 'nat' && (target.kind === 'drop' || target.kind === 'reject')) {
    return misuse(
      '\nThe "nat" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n',
    );
  }
  const hooks = HOOKS_OF[target.kind];
  const wrong = hooks && (table !== hooks.table || (isHook(chain) && !hooks.hooks.includes(chain)));
  return wrong
    ? {
        status: 4,
        message: `iptables ${IPTABLES_VERSION}:  RULE_APPEND failed (Invalid argument): rule in chain ${chain}`,
      }
    : undefined;
}

const isHook = (name: string): name is Hook => BASE_CHAINS.mangle.includes(name as Hook);

const HOOKS_OF: Readonly<
  Partial<Record<Rule['target']['kind'], { table: TableName; hooks: readonly Hook[] }>>
> = {
  masquerade: { table: 'nat', hooks: ['POSTROUTING'] },
  snat: { table: 'nat', hooks: ['POSTROUTING', 'INPUT'] },
  dnat: { table: 'nat', hooks: ['PREROUTING', 'OUTPUT'] },
  notrack: { table: 'raw', hooks: ['PREROUTING', 'OUTPUT'] },
};
