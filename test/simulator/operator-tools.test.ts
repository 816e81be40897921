/**
 * kubectl and calicoctl on a cluster that tigera-operator installed, and where they differ on one that the manifest installed.
 * Columns: manifests/operator-crds.yaml and the default columns of aggregated kinds; wordings: kubectl 1.35, calicoctl v3.32.1.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OpenLab, labNamed } from '../support/labs.ts';

const { topology } = labNamed('first-overlay').environment;

const open = (install: 'manifest' | 'operator'): Promise<OpenLab> =>
  OpenLab.over({
    id: install,
    topology,
    calico: { install, pools: install === 'operator' ? 'operator' : 'user' },
    start: [],
    files: [],
  });

let lab: OpenLab;
afterAll(() => lab.session.dispose());

const run = (line: string): Promise<string> => lab.out('workstation', line);
/** What is said about a command that fails. */
const refused = async (line: string): Promise<string> => (await lab.at('workstation', line)).stderr;

/** Ages, dates and random endings differ from run to run. */
const timeless = (text: string): string =>
  text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'DATE').replaceAll(/\b(\d+[dhms])+\b/g, 'AGE');

describe('with the operator', () => {
  beforeAll(async () => {
    lab = await open('operator');
  });

  test('kubectl shows what the operator tells', async () => {
    expect(timeless(await run('kubectl get tigerastatus'))).toBe(
      [
        'NAME        AVAILABLE   PROGRESSING   DEGRADED   SINCE   MESSAGE',
        ...['apiserver', 'calico   ', 'goldmane ', 'ippools  ', 'tiers    ', 'whisker  '].map(
          (name) => `${name}   True        False         False      AGE   All objects available`,
        ),
        '',
      ].join('\n'),
    );
    expect(timeless(await run('kubectl get installations'))).toBe('NAME      AGE\ndefault   AGE\n');
    expect(
      await run("kubectl get installation default -o jsonpath='{.status.calicoVersion} {.status.mtu}'"),
    ).toBe('v3.32.1 1450');
    expect(await run('kubectl wait --for=condition=Available tigerastatus/calico --timeout=10s')).toBe(
      'tigerastatus.operator.tigera.io/calico condition met\n',
    );
  });

  test('a plural that both groups have means the aggregated one', async () => {
    expect(timeless(await run('kubectl get ippools'))).toBe(
      'NAME                  CREATED AT\ndefault-ipv4-ippool   DATE\n',
    );
    expect(timeless(await run('kubectl get ippools.crd.projectcalico.org'))).toBe(
      'NAME                  AGE\ndefault-ipv4-ippool   AGE\n',
    );
    expect(await run('kubectl api-resources --api-group=projectcalico.org -o name')).toContain(
      'ippools.projectcalico.org\n',
    );
    expect(timeless(await run('kubectl get apiservices | grep -v Local'))).toBe(
      'NAME                        SERVICE                    AVAILABLE   AGE\nv3.projectcalico.org        calico-system/calico-api   True        AGE\n',
    );
    expect(await run('kubectl explain ippool.spec.vxlanMode')).toContain(
      'GROUP:      projectcalico.org\nKIND:       IPPool\nVERSION:    v3\n',
    );
  });

  test('a policy that is written by one group is there in the other, and for calicoctl', async () => {
    const policy = (group: string, name: string): string =>
      `printf 'apiVersion: ${group}\\nkind: GlobalNetworkPolicy\\nmetadata: {name: ${name}}\\nspec: {selector: all(), order: 7, types: [Ingress], ingress: [{action: Allow}]}\\n' | `;
    expect(await run(`${policy('projectcalico.org/v3', 'by-three')}kubectl apply -f -`)).toBe(
      'globalnetworkpolicy.projectcalico.org/by-three created\n',
    );
    expect(await run(`${policy('projectcalico.org/v3', 'by-ctl')}calicoctl apply -f -`)).toBe(
      "Successfully applied 1 'GlobalNetworkPolicy' resource(s)\n",
    );
    const names = 'by-ctl by-three';
    const path = `-o jsonpath='{.items[*].metadata.name}'`;
    expect(await run(`kubectl get globalnetworkpolicies.projectcalico.org ${path}`)).toBe(names);
    expect(await run(`kubectl get globalnetworkpolicies.crd.projectcalico.org ${path}`)).toBe(names);
    expect(await run('calicoctl get gnp')).toContain('by-three');
    expect(await run('kubectl patch gnp by-ctl --type=merge -p \'{"spec":{"order":8}}\'')).toBe(
      'globalnetworkpolicy.projectcalico.org/by-ctl patched\n',
    );
    expect(
      await run("kubectl get globalnetworkpolicies.crd.projectcalico.org by-ctl -o jsonpath='{.spec.order}'"),
    ).toBe('8');
    await run('kubectl delete gnp by-three by-ctl');
    expect(await run(`kubectl get globalnetworkpolicies.crd.projectcalico.org ${path}`)).toBe('');
  });

  test('calicoctl works as ever', async () => {
    expect(await run('calicoctl get ippool -o wide')).toBe(
      'NAME                  CIDR            NAT    IPIPMODE   VXLANMODE     DISABLED   DISABLEBGPEXPORT   SELECTOR   ASSIGNMENTMODE   \n' +
        'default-ipv4-ippool   10.244.0.0/16   true   Never      CrossSubnet   false      false              all()      Automatic        \n\n',
    );
    expect(await run('calicoctl version')).toContain(
      'Cluster Type:      typha,kdd,k8s,operator,bgp,kubeadm\n',
    );
    expect(await run('calicoctl ipam check')).toContain('Check complete; found 0 problems.\n');
    expect(await lab.out('node/node1', 'calicoctl node status')).toContain('| node-to-node mesh | up ');
  });

  test('an edit by calicoctl is put back, and says nothing of it', async () => {
    expect(
      await run('calicoctl patch ippool default-ipv4-ippool -p \'{"spec":{"natOutgoing":false}}\''),
    ).toBe("Successfully patched 1 'IPPool' resource\n");
    expect(
      await run("sleep 2; kubectl get ippool default-ipv4-ippool -o jsonpath='{.spec.natOutgoing}'"),
    ).toBe('true');
  });

  test('names that no Installation may have are refused', async () => {
    expect(
      await refused(
        'printf "apiVersion: operator.tigera.io/v1\\nkind: Goldmane\\nmetadata: {name: mine}\\nspec: {}\\n" | kubectl create -f -',
      ),
    ).toBe(
      `The Goldmane "mine" is invalid: <nil>: Invalid value: "object": resource name must be 'default'\n`,
    );
  });

  test('without the APIServer the group is gone', async () => {
    await run('kubectl delete apiserver default; sleep 10');
    expect(await refused('kubectl get ipamconfigurations')).toBe(
      'error: the server doesn\'t have a resource type "ipamconfigurations"\n',
    );
    expect(
      await refused(
        'printf "apiVersion: projectcalico.org/v3\\nkind: IPPool\\nmetadata: {name: extra}\\nspec: {cidr: 10.250.0.0/24}\\n" | kubectl apply -f -',
      ),
    ).toContain('no matches for kind "IPPool" in version "projectcalico.org/v3"');
    expect(timeless(await run('kubectl get ippools'))).toContain('NAME                  AGE\n');
    expect(await run('calicoctl get ippool')).toContain('default-ipv4-ippool');
  });
});

describe('with the manifest', () => {
  beforeAll(async () => {
    await lab.session.dispose();
    lab = await open('manifest');
  });

  test.each(['tigerastatus', 'installation', 'ippools.projectcalico.org', 'apiservices'])(
    'kubectl knows no %s',
    async (word) => {
      const plural = word.split('.')[0] ?? '';
      expect(await refused(`kubectl get ${word}`)).toBe(
        `error: the server doesn't have a resource type "${plural}"\n`,
      );
    },
  );

  test('a plural of Calico means the stored kind', async () => {
    expect(timeless(await run('kubectl get ippools'))).toBe(
      'NAME                  AGE\ndefault-ipv4-ippool   AGE\n',
    );
    expect(await run('calicoctl version')).toContain('Cluster Type:      k8s,bgp,kubeadm,kdd\n');
  });
});
