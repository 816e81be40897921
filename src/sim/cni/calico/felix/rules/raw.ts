/**
 * Felix's raw table: VXLAN packets are not tracked, packets of workloads are marked before anything else, and doNotTrack
 * policies of the host decide about the others.
 * Source: felix/rules/static.go StaticRawPreroutingChain, StaticRawOutputChain, Calico v3.32.1.
 */
import type { IpFamily } from '../../../../../model/ip-family.ts';
import { memoize } from '../../../../core/memo.ts';
import { failsafeChains, type FailsafePorts } from './failsafe.ts';
import { act, felixChain, on, rule, type FelixChain } from './felix-rule.ts';
import { ALL_MARKS, MARK } from './sets.ts';

export const rawTable = memoize(
  (vxlanPort: number | undefined, failsafe: FailsafePorts, family: IpFamily): readonly FelixChain[] => {
    const untracked = vxlanPort === undefined ? [] : [rule([on.udpTo(vxlanPort)], act.notrack())];
    return [
      felixChain('PREROUTING', [rule([], act.jump('cali-PREROUTING'))], 'ACCEPT'),
      felixChain('OUTPUT', [rule([], act.jump('cali-OUTPUT'))], 'ACCEPT'),
      felixChain('cali-OUTPUT', [
        rule([], act.clearMark(ALL_MARKS)),
        rule([], act.jump('cali-to-host-endpoint')),
        ...untracked,
        rule([on.markSet(MARK.accept)], act.accept()),
      ]),
      felixChain('cali-PREROUTING', [
        rule([], act.clearMark(ALL_MARKS)),
        ...untracked,
        rule([on.inInterface('cali+')], act.setMark(MARK.scratch)),
        rule([on.markSet(MARK.scratch)], act.jump('cali-rpf-skip')),
        rule([on.markSet(MARK.scratch), on.noWayBack()], act.drop()),
        rule([on.markClear(MARK.scratch)], act.jump('cali-from-host-endpoint')),
        rule([on.markSet(MARK.accept)], act.accept()),
      ]),
      felixChain('cali-rpf-skip', []),
      ...failsafeChains('raw', failsafe, family),
    ];
  },
  8,
);
