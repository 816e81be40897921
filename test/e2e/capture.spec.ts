/** A capture leaves the lab: the interface finds the file, the browser saves it, and the real tcpdump reads it. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from './host.ts';
import { AppPage } from './pages/app-page.ts';

const run = promisify(execFile);
const TCPDUMP = ['/usr/bin/tcpdump', '/usr/sbin/tcpdump', '/sbin/tcpdump'].find((path) => existsSync(path));

/** Little-endian, microseconds, version 2.4, Ethernet: the file header that tcpdump writes. */
const PCAP_HEADER = 'd4c3b2a102000400';

test('a capture is saved as the file that tcpdump wrote', async ({ page, host }, info) => {
  const app = new AppPage(page);
  await app.open(host.url);
  const lab = await (await app.openLesson('Your first overlay network')).startLab();
  const node1 = await lab.openTerminal('node/node1');
  await node1.run('tcpdump -nn -i eth0 -c 2 -w /root/overlay.pcap udp port 4789');
  await node1.waitFor(/listening on eth0/);
  const workstation = await lab.openTerminal('workstation');
  await workstation.run(
    "kubectl exec client -- ping -c 1 $(kubectl get pod far -o jsonpath='{.status.podIP}')",
  );
  await workstation.waitFor(/1 packets transmitted, 1 received/);
  await (await lab.openTerminal('node/node1')).waitFor(/2 packets captured/);

  const saved = info.outputPath('overlay.pcap');
  const download = await lab.saveFile('/root/overlay.pcap');
  expect(download.suggestedFilename()).toBe('overlay.pcap');
  await download.saveAs(saved);
  expect((await readFile(saved)).subarray(0, 8).toString('hex')).toBe(PCAP_HEADER);

  await test.step('the real tcpdump reads it', async () => {
    test.skip(TCPDUMP === undefined, 'tcpdump is not installed');
    const { stdout } = await run(TCPDUMP ?? '', ['-nn', '-t', '-r', saved]);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(
        /^IP 10\.0\.0\.11\.\d+ > 10\.0\.1\.13\.4789: VXLAN, flags \[I\] \(0x08\), vni 4096$/,
      ),
      expect.stringMatching(
        /^IP 10\.244\.\d+\.\d+ > 10\.244\.\d+\.\d+: ICMP echo request, id \d+, seq 1, length 64$/,
      ),
      expect.stringMatching(
        /^IP 10\.0\.1\.13\.\d+ > 10\.0\.0\.11\.4789: VXLAN, flags \[I\] \(0x08\), vni 4096$/,
      ),
      expect.stringMatching(
        /^IP 10\.244\.\d+\.\d+ > 10\.244\.\d+\.\d+: ICMP echo reply, id \d+, seq 1, length 64$/,
      ),
      '',
    ]);
  });
});

test('a file that is not there is refused in words, and the dialog stays', async ({ page, host }) => {
  const app = new AppPage(page);
  await app.open(host.url);
  const lab = await (await app.openLesson('Your first overlay network')).startLab();
  await lab.openTerminal('node/node2');
  await lab.region.getByRole('button', { name: 'Save a file…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Save a file of node2' });
  await expect(dialog.getByRole('radio')).toHaveCount(0);
  await dialog.getByRole('textbox', { name: 'Path of the file' }).fill('/root/nothing.pcap');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(app.messages).toContainText('node/node2 has no file /root/nothing.pcap.');
  await expect(dialog).toBeVisible();
});
