/** Live captures: which device, its link type, and its frames as packets. */
import { ok } from '../../../base/result.ts';
import type { Device } from '../../net/netns.ts';
import { encodeFrame } from '../../../model/wire.ts';
import { anyDevicePcapFile, pcapFile } from '../../../model/pcap.ts';
import type { CapturedFrame, CommandIo } from '../command.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed, type Here } from '../network/here.ts';
import { readPacket, type LinkType } from './capture-file.ts';
import type { Captured } from './packet-view.ts';

export interface Source {
  readonly here: Here;
  readonly device: string;
  readonly linkType: LinkType;
}

/** Without a wish, tcpdump takes the first device that is up and not the loopback. */
export function openSource(here: Here, wanted: string | undefined): Parsed<Source> {
  if (wanted === 'any') return ok({ here, device: wanted, linkType: 276 });
  const device =
    wanted === undefined
      ? here.netns.devices.find(({ up, kind }) => up && kind.type !== 'loopback')
      : deviceNamed(here.netns, wanted);
  if (!device) {
    return wanted === undefined
      ? complain(1, 'tcpdump: no suitable device found')
      : complain(1, `tcpdump: ${wanted}: No such device exists\n(No such device exists)`);
  }
  if (!device.up) return complain(1, `tcpdump: ${device.name}: That device is not up`);
  return ok({ here, device: device.name, linkType: device.kind.type === 'ipip' ? 101 : 1 });
}

const ETHERNET_HEADER = 14;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;

export function packetOf(io: CommandIo, source: Source, captured: CapturedFrame): Captured {
  const time = io.clock.epoch + captured.at;
  const surroundings = { time, deviceName: () => captured.device };
  return readPacket(linkBytes(source, captured), source.linkType, surroundings);
}

function linkBytes(source: Source, captured: CapturedFrame): Uint8Array {
  const { frame } = captured;
  if (source.linkType === 1) return encodeFrame(frame);
  if (source.linkType === 101) return encodeFrame(frame).subarray(ETHERNET_HEADER);
  return fileOf(source, [captured], 0).subarray(FILE_HEADER + RECORD_HEADER);
}

/** The capture as a file; `epoch` is what virtual time 0 stands for. */
export function fileOf(
  { here, linkType }: Source,
  frames: readonly CapturedFrame[],
  epoch: number,
): Uint8Array {
  if (linkType !== 276) return pcapFile(frames.map(({ at, frame }) => ({ time: epoch + at, frame })));
  return anyDevicePcapFile(
    frames.map(({ at, frame, ifindex, direction, device }) => ({
      time: epoch + at,
      frame,
      interfaceIndex: ifindex,
      direction,
      hardware: HARDWARE[deviceNamed(here.netns, device)?.kind.type ?? 'ether'],
    })),
  );
}

/** ARPHRD of each kind of device. */
const HARDWARE: Readonly<Record<Device['kind']['type'], number>> = {
  loopback: 772,
  ether: 1,
  bridge: 1,
  dummy: 1,
  veth: 1,
  vxlan: 1,
  ipip: 768,
};

/** -D */
export function deviceList({ netns }: Here): string {
  const up = netns.devices.filter((device) => device.up && device.kind.type !== 'loopback');
  const lines = [
    ...up.map(({ name }) => `${name} [Up, Running, Connected]`),
    'any (Pseudo-device that captures on all interfaces) [Up, Running]',
    ...netns.devices
      .filter(({ kind }) => kind.type === 'loopback')
      .map(({ name }) => `${name} [Up, Running, Loopback]`),
    ...netns.devices
      .filter((device) => !device.up && device.kind.type !== 'loopback')
      .map(({ name }) => `${name} [none]`),
  ];
  return lines.map((line, at) => `${at + 1}.${line}\n`).join('');
}
