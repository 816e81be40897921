/** The first lab with a person at its shells, for tests of network policy. */
import { OpenLab } from '../support/labs.ts';

export class PolicyLab {
  readonly lab: OpenLab;

  private constructor(lab: OpenLab) {
    this.lab = lab;
  }

  static async open(): Promise<PolicyLab> {
    return new PolicyLab(await OpenLab.open('first-overlay'));
  }

  async close(): Promise<void> {
    await this.lab.session.dispose();
  }

  /** A second passes: whoever starts now has other ports and identifiers than before. */
  apply(...objects: readonly string[]): Promise<string> {
    const text = objects.join('\n---\n');
    return this.lab.out('workstation', `kubectl apply -f - <<'EOF'\n${text}\nEOF\nsleep 1`);
  }

  async ip(pod: string): Promise<string> {
    return this.lab.out('workstation', `kubectl get pod ${pod} -o jsonpath='{.status.podIP}'`);
  }

  async pings(from: string, to: string): Promise<boolean> {
    return (await this.lab.at(from, `sleep 1; ping -c 1 -W 1 ${to}`)).exitCode === 0;
  }

  async curls(from: string, to: string): Promise<boolean> {
    return (await this.lab.at(from, `sleep 1; curl -s -m 2 -o /dev/null http://${to}/`)).exitCode === 0;
  }

  async connects(from: string, to: string, port: number): Promise<boolean> {
    return (await this.lab.at(from, `sleep 1; nc -z -w 1 ${to} ${port}`)).exitCode === 0;
  }

  /** Rules of a chain as `iptables -S` lists them. */
  async rules(node: string, chain: string, table = 'filter'): Promise<readonly string[]> {
    const text = await this.lab.out(`node/${node}`, `iptables -t ${table} -S '${chain}'`);
    return text.split('\n').filter((line) => line.startsWith('-A '));
  }

  /** Deletes the first rule whose text holds all the words. */
  async deleteRule(node: string, chain: string, ...words: readonly string[]): Promise<void> {
    const rules = await this.rules(node, chain);
    const at = rules.findIndex((rule) => words.every((word) => rule.includes(word)));
    if (at < 0) throw new Error(`no rule with ${words.join(', ')} in ${chain}:\n${rules.join('\n')}`);
    await this.lab.out(`node/${node}`, `iptables -D '${chain}' ${at + 1}`);
  }

  /** The chain of a pod, by its prefix: `cali-tw-` is what goes to it. */
  async chainOf(node: string, prefix: string, pod: string): Promise<string> {
    const address = await this.ip(pod);
    const route = await this.lab.out(`node/${node}`, `ip route show ${address}`);
    const device = /dev (cali\w+)/.exec(route)?.[1];
    if (device === undefined) throw new Error(`no route to ${pod} on ${node}: ${route}`);
    return `${prefix}${device}`;
  }

  /** Until Felix has looked at all of the node's tables again. */
  async felixLooks(): Promise<void> {
    await this.lab.out('workstation', 'sleep 182');
  }
}

export const kubernetesPolicy = (name: string, spec: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${name} }\nspec: ${spec}`;

export const globalPolicy = (name: string, spec: string): string =>
  `apiVersion: crd.projectcalico.org/v1\nkind: GlobalNetworkPolicy\nmetadata: { name: ${name} }\nspec: ${spec}`;

export const hostEndpoint = (name: string, spec: string): string =>
  `apiVersion: crd.projectcalico.org/v1\nkind: HostEndpoint\nmetadata: { name: ${name}, labels: { host: "yes" } }\nspec: ${spec}`;
