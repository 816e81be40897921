/** The way through the first lab, typed into its terminals: the same in every host. */
import { expect, test } from '@playwright/test';
import type { LabPage } from './pages/lab-page.ts';

export const passed = (verdicts: readonly { readonly outcome: string }[]): boolean =>
  verdicts.length > 0 && verdicts.every(({ outcome }) => /pass/i.test(outcome));

/** Step 1 of the first lab: a capture with packets in it. */
export async function catchPackets(lab: LabPage): Promise<void> {
  const node1 = await lab.openTerminal('node/node1');
  await node1.run('tcpdump -nn -i eth0 -c 4 -w /root/overlay.pcap udp port 4789');
  await node1.waitFor(/listening on eth0/);
  const workstation = await lab.openTerminal('workstation');
  await workstation.run(
    "kubectl exec client -- ping -c 3 $(kubectl get pod far -o jsonpath='{.status.podIP}')",
  );
  await workstation.waitFor(/3 packets transmitted, 3 received, 0% packet loss/);
  expect(passed(await lab.check())).toBe(true);
}

export async function switchPool(lab: LabPage, mode: string): Promise<void> {
  const workstation = await lab.openTerminal('workstation');
  await workstation.run(`calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"vxlanMode":"${mode}"}}'`);
  await workstation.waitFor(/Successfully patched 1 'IPPool' resource/);
}

/** Solves all steps of a lab that is at its start. */
export async function solveFirstOverlay(lab: LabPage): Promise<void> {
  await test.step('catch an encapsulated packet', () => catchPackets(lab));

  await test.step('encapsulate only between racks', async () => {
    await lab.selectStep(2);
    await lab.predict('none');
    await switchPool(lab, 'CrossSubnet');
    expect(passed(await lab.check())).toBe(true);
  });

  await test.step('prove what changed', async () => {
    await lab.selectStep(3);
    const node1 = await lab.openTerminal('node/node1');
    await node1.run('tcpdump -nn -i eth0 -c 2 -w /root/near.pcap icmp');
    await node1.waitFor(/listening on eth0[^]*listening on eth0/);
    const workstation = await lab.openTerminal('workstation');
    await workstation.run(
      "kubectl exec client -- ping -c 2 $(kubectl get pod near -o jsonpath='{.status.podIP}')",
    );
    await workstation.waitFor(/2 packets transmitted, 2 received/);
    expect(passed(await lab.check())).toBe(true);
  });
}
