/** A learner takes the second lab: IP in IP everywhere, then only across subnets, then VXLAN, then pods of the right size. */
import { complaints, expect, test } from './host.ts';
import { AppPage } from './pages/app-page.ts';

const PING_FAR = "kubectl exec client -- ping -c 2 $(kubectl get pod far -o jsonpath='{.status.podIP}')";

test('from IP in IP everywhere to VXLAN across subnets', async ({ page, host }) => {
  const complained = complaints(page);
  const app = new AppPage(page);
  await app.open(host.url);
  const lab = await (await app.openLesson('Wrap only what crosses a subnet')).startLab();
  const right = lab.region.getByText('Your prediction was right.');

  await test.step('catch protocol 4', async () => {
    await lab.predict('ipip');
    const node1 = await lab.openTerminal('node/node1');
    await node1.run('tcpdump -nn -i eth0 -c 4 -w /root/ipip.pcap ip proto 4');
    await node1.waitFor(/listening on eth0/);
    const workstation = await lab.openTerminal('workstation');
    await workstation.run(PING_FAR);
    await workstation.waitFor(/2 packets transmitted, 2 received/);
    await lab.pass();
    await expect(right).toBeVisible();
  });

  await test.step('wrap only between the racks', async () => {
    await lab.selectStep(2);
    await lab.predict('10.0.0.11');
    const workstation = await lab.openTerminal('workstation');
    await workstation.run(
      `calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"ipipMode":"CrossSubnet"}}'`,
    );
    await workstation.waitFor(/Successfully patched 1 'IPPool' resource/);
    await lab.pass();
    await expect(right).toBeVisible();
  });

  await test.step('adding VXLAN to IP in IP is refused, one update of both is not', async () => {
    await lab.selectStep(3);
    await lab.predict('1450');
    const workstation = await lab.openTerminal('workstation');
    await workstation.run('clear');
    await workstation.run(
      `calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"vxlanMode":"CrossSubnet"}}'`,
    );
    await workstation.waitFor(/Cannot enable both VXLAN and IPIP/);
    await workstation.run(
      `calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"ipipMode":"Never","vxlanMode":"CrossSubnet"}}'`,
    );
    await workstation.waitFor(/Successfully patched 1 'IPPool' resource/);
    // Felix starts anew: for seconds nodes disagree.
    await workstation.run('sleep 6; echo over');
    await workstation.waitFor(/^over$/);
    const node1 = await lab.openTerminal('node/node1');
    await node1.run('clear');
    await node1.run('tcpdump -nn -i eth0 -c 4 -w /root/vxlan.pcap udp port 4789');
    await node1.waitFor(/listening on eth0/);
    await (await lab.openTerminal('workstation')).run(PING_FAR);
    await (await lab.openTerminal('node/node1')).waitFor(/4 packets captured/);
    await lab.pass();
    await expect(right).toBeVisible();
  });

  await test.step('new pods get the new MTU', async () => {
    await lab.selectStep(4);
    const workstation = await lab.openTerminal('workstation');
    await workstation.run('clear');
    await workstation.run('kubectl delete -f pods.yaml && kubectl apply -f pods.yaml');
    await workstation.waitFor(/pod\/far created/);
    await lab.pass();
  });

  expect(complained).toEqual([]);
});
