/**
 * What our iptables and ipset print, given to the real ones: a node's whole rule set is restored into an empty network
 * namespace of this machine, and the real tools must read back, list by list, what ours printed. Needs root on Linux with
 * iptables 1.8.9 (nf_tables) and ipset 7.17 (Debian 12); elsewhere it is skipped and says what is missing.
 */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutCounters } from '../../src/sim/net/netfilter-print.ts';
import { OpenLab } from '../support/labs.ts';

/** Runs a script in a network namespace of its own, which ends with it. */
function apart(
  script: string,
  input = '',
): { readonly out: string; readonly complaints: string; readonly code: number } {
  const { stdout, stderr, status } = spawnSync('unshare', ['--net', 'sh', '-c', script], {
    input,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { out: stdout ?? '', complaints: stderr ?? '', code: status ?? 127 };
}

/** One rule for each match and target that the lab's tables use. */
const NEEDS: readonly (readonly [name: string, rule: string])[] = [
  ['comment', 'filter INPUT -m comment --comment x -j ACCEPT'],
  ['conntrack', 'filter INPUT -m conntrack --ctstate NEW -j ACCEPT'],
  ['addrtype', 'filter INPUT -m addrtype --dst-type LOCAL -j ACCEPT'],
  ['mark', 'filter INPUT -m mark --mark 0x1/0x1 -j ACCEPT'],
  ['MARK', 'mangle INPUT -j MARK --set-xmark 0x1/0x1'],
  ['multiport', 'filter INPUT -p udp -m multiport --dports 1 -j ACCEPT'],
  ['statistic', 'filter INPUT -m statistic --mode random --probability 0.5 -j ACCEPT'],
  ['rpfilter', 'raw PREROUTING -m rpfilter --validmark --invert -j DROP'],
  ['NOTRACK', 'raw PREROUTING -j NOTRACK'],
  ['DNAT', 'nat PREROUTING -p tcp -j DNAT --to-destination 10.0.0.1:80'],
  ['MASQUERADE', 'nat POSTROUTING -j MASQUERADE --random-fully'],
  ['REJECT', 'filter INPUT -j REJECT'],
  ['set', 'filter INPUT -m set --match-set s src -j ACCEPT'],
  ['icmp', 'filter INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT'],
  ['LOG', 'filter INPUT -j LOG --log-prefix x'],
  ['recent', 'nat PREROUTING -m recent --rcheck --seconds 9 --reap --name x -j ACCEPT'],
];

function missingHere(): readonly string[] {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return ['root on Linux'];
  if (apart('true').code !== 0) return ['network namespaces'];
  const versions = apart('iptables -V; ipset --version').out;
  if (!versions.includes('iptables v1.8.9 (nf_tables)')) return ['iptables v1.8.9 (nf_tables)'];
  if (!versions.includes('ipset v7.17')) return ['ipset v7.17'];
  return NEEDS.filter(([, rule]) => {
    const [table = '', ...words] = rule.split(' ');
    return apart(`ipset create s hash:net; iptables -t ${table} -A ${words.join(' ')}`).code !== 0;
  }).map(([name]) => `the kernel's ${name}`);
}

/** Policies whose rules use every criterion and action, for pods and for the node itself. */
const POLICIES = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: allow-web }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
    - from: [{ podSelector: {} }, { ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16] } }]
      ports: [{ port: 80 }, { port: 8000, endPort: 8080 }, { port: http }]
---
apiVersion: crd.projectcalico.org/v1
kind: GlobalNetworkPolicy
metadata: { name: every-word }
spec:
  selector: all()
  order: 10
  types: [Ingress, Egress]
  ingress:
    - { action: Log, protocol: TCP, source: { nets: [192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24] } }
    - { action: Deny, protocol: ICMP, icmp: { type: 8, code: 0 }, source: { notNets: [10.0.0.0/8] } }
    - { action: Deny, protocol: ICMP, notICMP: { type: 3 }, source: { nets: [192.0.2.1/32] } }
    - { action: Deny, notProtocol: UDP, source: { nets: [192.0.2.7/32], notNets: [192.0.2.8/32] } }
    - action: Allow
      protocol: TCP
      metadata: { annotations: { owner: "team a" } }
      source: { notPorts: [1, 2], notSelector: "app == 'bad'" }
      destination: { ports: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,"100:200",http], notPorts: [5] }
    - { action: Pass, protocol: SCTP, destination: { ports: [99], notPorts: ["5:6", http] } }
    - { action: Pass }
  egress:
    - { action: Deny, protocol: 89 }
    - { action: Pass, protocol: UDPLite, source: { ports: [9] } }
    - { action: Allow }
---
apiVersion: crd.projectcalico.org/v1
kind: GlobalNetworkPolicy
metadata: { name: neighbour-of-one-selector }
spec: { selector: all(), order: 11, types: [Ingress], ingress: [{ action: Pass }] }
---
apiVersion: crd.projectcalico.org/v1
kind: GlobalNetworkPolicy
metadata: { name: forwarded }
spec:
  selector: has(host)
  order: 20
  applyOnForward: true
  types: [Ingress, Egress]
  ingress: [{ action: Allow }]
  egress: [{ action: Allow }]
---
apiVersion: crd.projectcalico.org/v1
kind: GlobalNetworkPolicy
metadata: { name: untracked }
spec:
  selector: has(host)
  order: 5
  applyOnForward: true
  doNotTrack: true
  types: [Ingress, Egress]
  ingress: [{ action: Allow, protocol: UDP, destination: { ports: [5353] } }]
  egress: [{ action: Allow, protocol: UDP, source: { ports: [5353] } }]
---
apiVersion: crd.projectcalico.org/v1
kind: GlobalNetworkPolicy
metadata: { name: before-dnat }
spec:
  selector: has(host)
  order: 6
  applyOnForward: true
  preDNAT: true
  types: [Ingress]
  ingress: [{ action: Deny, protocol: TCP, source: { nets: [192.0.2.0/24] } }]
---
apiVersion: crd.projectcalico.org/v1
kind: HostEndpoint
metadata: { name: node1-eth0, labels: { host: "yes" } }
spec: { node: node1, interfaceName: eth0 }
---
apiVersion: crd.projectcalico.org/v1
kind: HostEndpoint
metadata: { name: node1-all, labels: { host: "yes" } }
spec: { node: node1, interfaceName: "*", profiles: [kns.default] }
`;

/** A service with everything that kube-proxy writes chains for. */
const BALANCED = `apiVersion: v1
kind: Service
metadata: { name: balanced }
spec:
  type: LoadBalancer
  selector: { app: web }
  ports: [{ name: a, port: 80 }, { name: b, port: 80, protocol: UDP }, { name: c, port: 99, protocol: SCTP }]
  sessionAffinity: ClientIP
  externalTrafficPolicy: Local
  internalTrafficPolicy: Local
  externalIPs: [192.0.2.51]
  loadBalancerSourceRanges: [10.0.0.0/8, 198.51.100.0/24]
`;

const NAT = JSON.stringify({
  spec: { natPortRange: '32768:65535', iptablesNATOutgoingInterfaceFilter: 'eth+' },
});

const missing = missingHere();
const name =
  missing.length === 0
    ? 'a node of the lab'
    : `a node of the lab (skipped: no ${missing.join(', no ')} here)`;

/** Dates differ from run to run. */
const undated = (text: string): string => text.replaceAll(/ on \w{3} \w{3} .*/g, '');

describe.skipIf(missing.length > 0)(name, () => {
  let lab: OpenLab;
  let rules: string;
  let sets: string;

  beforeAll(async () => {
    lab = await OpenLab.open('first-overlay');
    await lab.out('workstation', 'kubectl create deployment web --image=nginx --replicas=3 && sleep 20');
    await lab.out('workstation', 'kubectl expose deployment web --port=80 --type=NodePort');
    await lab.out('workstation', 'kubectl create service clusterip lonely --tcp=443:8443 && sleep 5');
    await lab.out('workstation', `kubectl apply -f - <<'EOF'\n${BALANCED}EOF\nsleep 1`);
    await lab.out(
      'workstation',
      `kubectl patch svc balanced --subresource=status --type=merge -p '{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.50"}]}}}'`,
    );
    // Felix starts anew with another configuration.
    await lab.out(
      'workstation',
      `kubectl patch felixconfiguration default --type=merge -p '${NAT}' && sleep 30`,
    );
    await lab.out('workstation', `kubectl apply -f - <<'EOF'\n${POLICIES}EOF\nsleep 1`);
    rules = withoutCounters(await lab.out('node/node1', 'iptables-save'));
    sets = await lab.out('node/node1', 'ipset save');
  });
  afterAll(() => lab.session.dispose());

  /** The real tools, after they have been given what ours printed. */
  const restored = (script: string): string => {
    const { out, complaints, code } = apart(
      `cat > /dev/shm/underlay-$$; sed '/^===$/,$d' /dev/shm/underlay-$$ | ipset restore || exit 9
       sed '1,/^===$/d' /dev/shm/underlay-$$ | iptables-restore || exit 8
       rm /dev/shm/underlay-$$
       ${script}`,
      `${sets}===\n${rules}`,
    );
    expect(`${complaints}${code}`).toBe('0');
    return out;
  };

  test('has rules of Felix and of kube-proxy', () => {
    for (const part of [
      'cali-fw-',
      'cali-pi-',
      'cali-gi-',
      'cali-th-',
      'cali-fhfw-',
      'cali-failsafe-in',
      '--icmp-type',
      'LOG',
      '100:200',
      'KUBE-SVC-',
      'KUBE-NODEPORTS',
      'KUBE-FW-',
      'KUBE-SVL-',
      '--rcheck --seconds 10800 --reap',
      '--to-ports 32768-65535',
      '-p sctp',
      '--probability',
      'REJECT',
      'rpfilter',
    ])
      expect(rules).toContain(part);
  });

  test('iptables-save is read back as it was', () => {
    expect(undated(restored('iptables-save'))).toBe(undated(rules));
  });

  test.each(['filter', 'nat', 'raw', 'mangle'])('iptables -t %s -L and -S, all forms', async (table) => {
    for (const form of ['-nL', '-nvL', '-nL --line-numbers', '-nvxL', '-S', '-vS']) {
      const line = `iptables -t ${table} ${form}`;
      expect(withoutCounters(await lab.out('node/node1', line)), line).toBe(restored(line));
    }
  });

  test('ipset list and save', async () => {
    const sorted = (text: string): string => text.replaceAll(/initval \w+/g, 'initval *');
    for (const line of [
      'ipset list -s',
      'ipset list -t',
      'ipset list -n',
      'ipset save -s',
      'ipset list -s -o xml',
    ])
      expect(sorted(await lab.out('node/node1', line)), line).toBe(sorted(restored(line)));
  });
});
