/** A learner takes the third lab: what the outside sees of a pod, with masquerading, without, and with an exception. */
import { complaints, expect, test } from './host.ts';
import { AppPage } from './pages/app-page.ts';

const PING = 'kubectl exec client -- ping -c 2 -W 1 203.0.113.10';

test('masquerading on, off, and on with an exception', async ({ page, host }) => {
  const complained = complaints(page);
  const app = new AppPage(page);
  await app.open(host.url);
  const lab = await (await app.openLesson('Who does the outside see?')).startLab();
  const right = lab.region.getByText('Your prediction was right.');

  await test.step('the outside sees the node', async () => {
    await lab.predict('10.0.0.11');
    const outside = await lab.openTerminal('host/outside');
    await outside.run('tcpdump -nn -i eth0 -c 2 -w /root/masked.pcap icmp');
    await outside.waitFor(/listening on eth0/);
    const workstation = await lab.openTerminal('workstation');
    await workstation.run(PING);
    await workstation.waitFor(/2 packets transmitted, 2 received/);
    await lab.pass();
    await expect(right).toBeVisible();
  });

  await test.step('the outside sees the pod, which hears nothing', async () => {
    await lab.selectStep(2);
    await lab.predict('no');
    const workstation = await lab.openTerminal('workstation');
    await workstation.run(`calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"natOutgoing":false}}'`);
    await workstation.waitFor(/Successfully patched 1 'IPPool' resource/);
    const outside = await lab.openTerminal('host/outside');
    await outside.run('clear');
    await outside.run('tcpdump -nn -i eth0 -c 3 -w /root/unmasked.pcap icmp');
    await outside.waitFor(/listening on eth0/);
    await (await lab.openTerminal('workstation')).run(PING);
    await (await lab.openTerminal('workstation')).waitFor(/2 packets transmitted, 0 received/);
    await lab.pass();
    await expect(right).toBeVisible();
  });

  await test.step('routes lead back to the pods', async () => {
    await lab.selectStep(3);
    await lab.predict('yes');
    const router = await lab.openTerminal('router/router');
    await router.run('ip route add 10.244.166.128/26 via 10.0.0.11');
    await router.run('ip route add 10.244.104.0/26 via 10.0.0.12');
    await router.run('ip route add 10.244.135.0/26 via 10.0.1.13');
    await router.run('ip route');
    await router.waitFor(/10\.244\.166\.128\/26 via 10\.0\.0\.11 dev eth0/);
    await lab.pass();
    await expect(right).toBeVisible();
  });

  await test.step('a disabled pool makes the exception', async () => {
    await lab.selectStep(4);
    await lab.predict('10.0.0.11');
    const workstation = await lab.openTerminal('workstation');
    await workstation.run('clear');
    await workstation.run("cat > pool.yaml <<'END'");
    for (const line of [
      'apiVersion: projectcalico.org/v3',
      'kind: IPPool',
      'metadata: { name: routed-outside }',
      'spec: { cidr: 203.0.113.0/24, disabled: true }',
      'END',
    ]) {
      await workstation.run(line);
    }
    await workstation.run('calicoctl apply -f pool.yaml');
    await workstation.waitFor(/Successfully applied 1 'IPPool' resource/);
    await workstation.run(`calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"natOutgoing":true}}'`);
    await workstation.waitFor(/Successfully patched 1 'IPPool' resource/);
    await lab.pass();
    await expect(right).toBeVisible();
  });

  expect(complained).toEqual([]);
});
