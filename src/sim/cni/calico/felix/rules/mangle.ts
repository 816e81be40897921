/**
 * Felix's mangle table: policies that apply before DNAT, and policies of the host for what it sends itself after one, when
 * the way out is known at last.
 * Source: felix/rules/static.go StaticManglePreroutingChain, StaticManglePostroutingChain, felix/rules/dscp.go, Calico
 * v3.32.1. DSCP marks are not simulated: their chain is empty.
 */
import type { IpFamily } from '../../../../../model/ip-family.ts';
import { memoize } from '../../../../core/memo.ts';
import { failsafeChains, type FailsafePorts } from './failsafe.ts';
import { act, felixChain, on, rule, type FelixChain } from './felix-rule.ts';
import { ALL_MARKS, MARK, SETS } from './sets.ts';

const accepted = on.markSet(MARK.accept);
const BY_HOST = 'Host endpoint policy accepted packet.';

export const mangleTable = memoize(
  (failsafe: FailsafePorts, family: IpFamily): readonly FelixChain[] => [
    felixChain('PREROUTING', [rule([], act.jump('cali-PREROUTING'))], 'ACCEPT'),
    felixChain('POSTROUTING', [rule([], act.jump('cali-POSTROUTING'))], 'ACCEPT'),
    felixChain('cali-PREROUTING', [
      rule([on.established()], act.accept()),
      rule([accepted], act.accept()),
      rule([], act.jump('cali-from-host-endpoint')),
      rule([accepted], act.accept(), BY_HOST),
    ]),
    felixChain('cali-POSTROUTING', [
      rule(
        [on.fromSet(SETS[family].dscp), on.notToSet(SETS[family].pools), on.notToSet(SETS[family].thisHost)],
        act.jump('cali-egress-dscp'),
        'set dscp for traffic leaving cluster.',
      ),
      rule([accepted], act.return()),
      rule([], act.clearMark(ALL_MARKS)),
      rule([on.dnat()], act.jump('cali-to-host-endpoint')),
      rule([accepted], act.return(), BY_HOST),
    ]),
    felixChain('cali-egress-dscp', []),
    ...failsafeChains('mangle', failsafe, family),
  ],
  8,
);
