/** What sessions that record packets without a terminal owe: run against each engine that does, with the same small lab. */
import { describe, expect, test } from 'vitest';
import type { CaptureGroup, LabEngine, LabSession } from '../lab/ports.ts';
import { place, sharedSession, SIGNAL } from './small-lab.contract.ts';

const captureOf = (of: LabSession): CaptureGroup => {
  if (!of.capture) throw new Error('this engine records nothing');
  return of.capture;
};

/** Of a classic pcap file: link type, and the length of each packet. */
function packetsOf(pcap: Uint8Array): { readonly linkType: number; readonly lengths: readonly number[] } {
  const view = new DataView(pcap.buffer, pcap.byteOffset, pcap.byteLength);
  expect(view.getUint32(0, true)).toBe(0xa1b2c3d4);
  const lengths: number[] = [];
  for (let at = 24; at < pcap.length; at += 16 + (lengths.at(-1) ?? 0)) {
    lengths.push(view.getUint32(at + 8, true));
  }
  return { linkType: view.getUint32(20, true), lengths };
}

/** @param makeEngine an engine of the kind under test; the suite resets one session between its tests */
export function labCaptureContract(name: string, makeEngine: () => LabEngine): void {
  describe(`${name}: its captures`, () => {
    const { current, at } = sharedSession(makeEngine);

    test('record what crosses a device and passes the filter, as a file', async () => {
      const capture = captureOf(current());
      const wish = { place: place('node/node1'), device: 'eth0', filter: 'icmp' };
      const started = await capture.start(wish, SIGNAL);
      if (!started.ok) throw new Error(started.error.message);
      await at('node/node1', 'ping', '-c', '1', '10.0.1.13');
      await at('node/node1', 'ping', '-c', '1', '10.0.1.13');
      const stopped = await capture.stop(started.value, SIGNAL);
      if (!stopped.ok) throw new Error(stopped.error.message);
      expect(stopped.value).toMatchObject({ packets: 4, full: false });
      // Ethernet, IPv4 and ICMP headers before 56 bytes of data.
      expect(packetsOf(stopped.value.pcap)).toEqual({ linkType: 1, lengths: [98, 98, 98, 98] });
      expect(await capture.stop(started.value, SIGNAL)).toMatchObject({ error: { code: 'no-such-capture' } });
    });

    test('of all devices have the link type of all devices; one that saw nothing is a file too', async () => {
      const capture = captureOf(current());
      const started = await capture.start(
        { place: place('node/node2'), device: 'any', filter: 'port 9' },
        SIGNAL,
      );
      if (!started.ok) throw new Error(started.error.message);
      expect(await capture.stop(started.value, SIGNAL)).toMatchObject({ value: { packets: 0 } });
      const pod = await capture.start({ place: place('pod/near'), device: 'eth0' }, SIGNAL);
      expect(pod).toMatchObject({ ok: true });
      if (pod.ok) {
        const stopped = await capture.stop(pod.value, SIGNAL);
        expect(stopped.ok && packetsOf(stopped.value.pcap).linkType).toBe(1);
      }
    });

    test('are refused in words of tcpdump', async () => {
      const capture = captureOf(current());
      const on = (where: string, device: string, filter = ''): Promise<unknown> =>
        capture.start({ place: place(where), device, filter }, SIGNAL);
      expect(await on('node/node1', 'eth9')).toMatchObject({
        error: {
          code: 'capture-refused',
          message: expect.stringContaining('No such device exists') as string,
        },
      });
      expect(await on('node/node1', 'eth0', 'port port')).toMatchObject({
        error: {
          code: 'capture-refused',
          message: expect.stringContaining("can't parse filter expression: syntax error") as string,
        },
      });
      expect(await on('pod/nobody', 'eth0')).toMatchObject({ error: { code: 'no-such-place' } });
    });
  });
}
