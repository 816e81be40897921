/**
 * kube-proxy's rules for IPv6, given to the real ip6tables in an empty network namespace: what it reads back must be what ours
 * printed. Needs root on Linux with iptables 1.8.9 (nf_tables); elsewhere it is skipped and says what is missing.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { deployment, dualStack, service, TestCluster } from '../../src/sim/kube/cluster-fixture.ts';
import { kubeProxy } from '../../src/sim/kube/proxy/kube-proxy.ts';
import { printTable, withoutCounters } from '../../src/sim/net/netfilter-print.ts';

const TABLES = ['mangle', 'nat', 'filter'] as const;

function apart(script: string, input = ''): { readonly out: string; readonly code: number } {
  const { stdout, stderr, status } = spawnSync('unshare', ['--net', 'sh', '-c', script], {
    input,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { out: `${stdout ?? ''}${stderr ?? ''}`, code: status ?? 127 };
}

/** One rule for each match and target that kube-proxy uses. */
const NEEDS: readonly string[] = [
  'filter -A INPUT -m conntrack --ctstate NEW -m comment --comment x -j REJECT',
  'filter -A INPUT -m mark --mark 0x1/0x1 -m addrtype --dst-type LOCAL -j ACCEPT',
  'nat -A PREROUTING -m statistic --mode random --probability 0.5 -j MARK --set-xmark 0x1/0x1',
  'nat -A PREROUTING -m recent --rcheck --seconds 9 --reap --name x -j ACCEPT',
  'nat -A PREROUTING -p tcp -j DNAT --to-destination [fd00::1]:80',
  'nat -A PREROUTING -p sctp -m sctp --dport 99 -j ACCEPT',
  'nat -A POSTROUTING -j MASQUERADE --random-fully',
];

function missingHere(): readonly string[] {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return ['root on Linux'];
  if (!apart('ip6tables -V').out.includes('ip6tables v1.8.9 (nf_tables)'))
    return ['ip6tables v1.8.9 (nf_tables)'];
  return NEEDS.filter((rule) => apart(`ip6tables -t ${rule}`).code !== 0);
}

const missing = missingHere();
const name =
  missing.length === 0
    ? 'the rules of a dual-stack cluster'
    : `the rules of a dual-stack cluster (skipped: no ${missing.join(', no ')} here)`;

/** Services with everything that kube-proxy writes rules for: ready and unready ones, every policy, every door. */
function busyCluster(): TestCluster {
  const both = { ipFamilyPolicy: 'RequireDualStack' };
  const cluster = new TestCluster({ topology: dualStack() }).wait(5000);
  cluster.create(deployment('web', 3));
  cluster.create(service('plain', { ...both, selector: { app: 'web' } }));
  cluster.create(service('lonely', { ...both, type: 'NodePort', externalIPs: ['2001:db8::7'] }));
  cluster.create(
    service('balanced', {
      ...both,
      ipFamilies: ['IPv6', 'IPv4'],
      type: 'LoadBalancer',
      selector: { app: 'web' },
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 80, protocol: 'UDP' },
        { name: 'c', port: 99, protocol: 'SCTP' },
      ],
      sessionAffinity: 'ClientIP',
      externalTrafficPolicy: 'Local',
      internalTrafficPolicy: 'Local',
      externalIPs: ['2001:db8::51', '192.0.2.51'],
      loadBalancerSourceRanges: ['10.0.0.0/8', 'fd00:a::/64', '2001:db8:113::/48'],
    }),
  );
  const ingress = [{ ip: '192.0.2.50' }, { ip: '2001:db8::50' }];
  cluster.request({
    method: 'PATCH',
    path: `${cluster.path('services', 'balanced')}/status`,
    contentType: 'application/merge-patch+json',
    body: { status: { loadBalancer: { ingress } } },
  });
  return cluster.wait(5000);
}

describe.skipIf(missing.length > 0)(name, () => {
  const cluster = busyCluster();

  test.each([
    ['control-plane', 'has no local endpoints'],
    ['node1', ':KUBE-SVL-'],
  ])('%s: ip6tables-save reads them back as they were', (node, own) => {
    const tables = kubeProxy(cluster.state, node).inet6?.netfilter.tables ?? {};
    const printed = TABLES.flatMap((table) => printTable(table, tables[table] ?? [], 6)).join('\n');
    const rules = withoutCounters(printed);
    for (const part of [own, 'KUBE-FW-', '--reap', 'icmp6-port-unreachable', '! -d ::1/128', '-p sctp'])
      expect(rules).toContain(part);
    const save = TABLES.map((table) => `ip6tables-save -t ${table}`).join(' && ');
    const { out, code } = apart(`ip6tables-restore && ${save}`, `${rules}\n`);
    expect(code, out).toBe(0);
    expect(out.replaceAll(/^#.*\n/gm, '')).toBe(`${rules}\n`);
  });
});
