import { describe, expect, test } from 'vitest';
import { act, on, rule, ruleHashes } from './felix-rule.ts';
import { natTable } from './nat.ts';

describe("Felix's rule hashes (provenance: iptables-save of real Calico nodes)", () => {
  test('jumps from the built-in chains', () => {
    const hash = (chain: string) => ruleHashes(chain, [rule([], act.jump(`cali-${chain}`))])[0];
    expect(['PREROUTING', 'OUTPUT', 'POSTROUTING', 'INPUT', 'FORWARD'].map(hash)).toEqual([
      '6gwbT8clXdHdC1b1',
      'tVnHkvAo15HuiPy0',
      'O3lYWMrLQYEMJtB5',
      'Cz_u1IQiXIMmKD4c',
      'wUHhoiAYhphO9Mso',
    ]);
  });

  test('what Felix appends to FORWARD', () => {
    const rules = [
      rule([on.markSet(0x10000)], act.accept(), 'Policy explicitly accepted packet.'),
      rule([], act.setMark(0x10000)),
    ];
    expect(ruleHashes('FORWARD*appends*', rules)).toEqual(['S93hcgKJrXEqnTfs', 'mp77cMpurHhyjLrM']);
  });

  test('nat chains', () => {
    const tables = natTable({
      family: 4,
      natOutgoing: true,
      natOutgoingAddress: undefined,
      excludeHosts: false,
      tunnels: ['tunl0'],
    });
    const comments = (name: string) =>
      tables.find((chain) => chain.name === name)?.rules.map(({ comment }) => comment);
    expect(comments('cali-PREROUTING')).toEqual(['cali:r6XmIziWUJsdOK6Z']);
    expect(comments('cali-OUTPUT')).toEqual(['cali:GBTAv2p5CwevEyJm']);
    expect(comments('cali-POSTROUTING')?.slice(0, 2)).toEqual([
      'cali:Z-c7XtVd2Bq7s_hA',
      'cali:nYKhEzDlr11Jccal',
    ]);
  });

  test('forwarding, with the mark bits of releases before the drop bit', () => {
    const rules = [
      rule([], act.clearMark(0xe0000)),
      rule([on.markClear(0x10000)], act.jump('cali-from-hep-forward')),
      rule([on.inInterface('cali+')], act.jump('cali-from-wl-dispatch')),
      rule([on.outInterface('cali+')], act.jump('cali-to-wl-dispatch')),
      rule([], act.jump('cali-to-hep-forward')),
      rule([], act.jump('cali-cidr-block')),
    ];
    expect(ruleHashes('cali-FORWARD', rules)).toEqual([
      'vjrMJCRpqwy5oRoX',
      'A_sPAO0mcxbT9mOV',
      '8ZoYfO5HKXWbB3pk',
      'jdEuaPBe14V2hutn',
      '12bc6HljsMKsmfr-',
      'NOSxoaGx8OIstr1z',
    ]);
  });
});
