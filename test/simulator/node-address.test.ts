/**
 * "The same subnet" is a matter of the mask in the node's annotation: what follows when somebody edits it, and until when.
 * Sources: felix/calc/l3_route_resolver.go, confd's bird_ipam.cfg, node/pkg/lifecycle/startup/startup.go, Calico v3.32.1.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { OpenLab } from '../support/labs.ts';

let lab: OpenLab;
afterEach(() => lab.session.dispose());

const open = async (spec: string): Promise<void> => {
  lab = await OpenLab.open('first-overlay');
  await lab.out('workstation', `calicoctl patch ippool default-ipv4-ippool -p '{"spec":${spec}}'; sleep 5`);
};

const annotate = (node: string, address: string): Promise<string> =>
  lab.out(
    'workstation',
    `kubectl annotate --overwrite node ${node} projectcalico.org/IPv4Address=${address}; sleep 1`,
  );

/** By which device node1 reaches the blocks of its neighbour in the rack and of the node in the other. */
async function devices(): Promise<readonly (string | undefined)[]> {
  const routes = await lab.out('node/node1', 'ip route');
  return ['10.244.104.0', '10.244.135.0'].map(
    (block) => new RegExp(`^${block}/26 .*dev (\\S+)`, 'm').exec(routes)?.[1],
  );
}

describe.each([
  ['VXLAN', 'vxlan.calico', '{"vxlanMode":"CrossSubnet","ipipMode":"Never"}'],
  ['IPIP', 'tunl0', '{"vxlanMode":"Never","ipipMode":"CrossSubnet"}'],
])('%s CrossSubnet', (_, tunnel, spec) => {
  test('with the masks of the lab wraps what leaves the rack', async () => {
    await open(spec);
    expect(await devices()).toEqual(['eth0', tunnel]);
  });

  test('with a mask of /32 everything is another subnet, for the node that has it', async () => {
    await open(spec);
    await annotate('node1', '10.0.0.11/32');
    expect(await devices()).toEqual([tunnel, tunnel]);
    expect(await lab.out('node/node2', 'ip route')).toMatch(/^10\.244\.166\.128\/26 .*dev eth0/m);
  });

  test('with a mask that spans both racks nothing is wrapped, and the router drops what it gets', async () => {
    await open(spec);
    await annotate('node1', '10.0.0.11/23');
    expect(await devices()).toEqual(['eth0', 'eth0']);
    expect(await lab.reach('pod/client', 'pod/far')).toMatchObject({ delivered: false });
  });

  test('goes by the address that calico-node writes when it starts anew', async () => {
    await open(spec);
    await annotate('node1', '10.0.0.11/32');
    await lab.out('workstation', 'sleep 200');
    const written =
      "kubectl get node node1 -o jsonpath='{.metadata.annotations.projectcalico\\.org/IPv4Address}'";
    expect(await lab.out('workstation', written)).toBe('10.0.0.11/32');
    await lab.out(
      'workstation',
      'kubectl delete pod -n kube-system -l k8s-app=calico-node --field-selector spec.nodeName=node1; sleep 60',
    );
    expect(await lab.out('workstation', written)).toBe('10.0.0.11/24');
    expect(await devices()).toEqual(['eth0', tunnel]);
  });
});
