/**
 * `ip link`: show and set (up, down, mtu). Complaints: iproute2 6.1 ip/iplink.c, compared with the real tool; creating and
 * deleting devices is not simulated.
 */
import { ok } from '../../../base/result.ts';
import { deviceNamed } from '../network/here.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { duplicateOrGarbage, parseKeywords, type Grammar, wrongArgument } from '../network/keywords.ts';
import { countersOf, entryText, jsonText, seenDevices } from './device-list.ts';
import { briefJson, briefLink, linkJson, linkLines } from './link-print.ts';
import { flagNames, linkAddress, type SeenDevice } from './device-text.ts';
import type { Subject } from './subject.ts';

interface ShowWords {
  readonly device?: string;
  readonly up?: boolean;
  readonly type?: string;
}

function setDevice<W extends { readonly device?: string }>(words: W, device: string): Parsed<W> {
  return words.device === undefined ? ok({ ...words, device }) : duplicateOrGarbage('dev', device);
}

const SHOW: Grammar<ShowWords> = {
  keywords: [
    { names: ['up'], exact: true, flag: true, read: (words) => ok({ ...words, up: true }) },
    { names: ['type'], exact: true, read: (words, type) => ok({ ...words, type }) },
    { names: ['dev'], exact: true, read: setDevice },
  ],
  bare: setDevice,
};

export function showLinks({ io, here, options }: Subject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, SHOW, {});
  if (!wanted.ok) return wanted;
  const devices = seenDevices(io, here, wanted.value.device);
  if (!devices.ok) return devices;
  const { up, type } = wanted.value;
  const shown = devices.value.filter(
    ({ device }) => (!up || device.up) && (type === undefined || device.kind.type === type),
  );
  if (options.json)
    return ok(
      jsonText(
        shown.map((seen) => json(seen)),
        options,
      ),
    );
  if (options.brief) return ok(shown.map((seen) => `${briefLink(seen)}\n`).join(''));
  return ok(
    shown
      .map((seen) => entryText(linkLines(seen, options, countersOf(here, seen.device.name)), options))
      .join(''),
  );

  function json(seen: SeenDevice): ReturnType<typeof linkJson> {
    return options.brief
      ? { ...briefJson(seen), address: linkAddress(seen.device), flags: flagNames(seen) }
      : linkJson(seen, options, countersOf(here, seen.device.name));
  }
}

interface SetWords {
  readonly device?: string;
  readonly up?: boolean;
  readonly mtu?: number;
  /** A real setting that no lab can change. */
  readonly missing?: string;
}

const NOT_SIMULATED = [
  'address',
  'name',
  'arp',
  'promisc',
  'txqueuelen',
  'master',
  'nomaster',
  'netns',
  'alias',
  'group',
  'type',
  'multicast',
];

const SET: Grammar<SetWords> = {
  keywords: [
    { names: ['up'], exact: true, flag: true, read: (words) => ok({ ...words, up: true }) },
    { names: ['down'], exact: true, flag: true, read: (words) => ok({ ...words, up: false }) },
    { names: ['mtu'], exact: true, read: readMtu },
    { names: NOT_SIMULATED, exact: true, read: (words, value) => ok({ ...words, missing: value }) },
    { names: ['dev'], exact: true, read: setDevice },
  ],
  bare: setDevice,
};

function readMtu(words: SetWords, value: string): Parsed<SetWords> {
  if (!/^\d+$/.test(value)) return wrongArgument(value, 'Invalid "mtu" value\n');
  return ok({ ...words, mtu: Number(value) });
}

export function setLink({ here, edit }: Subject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, SET, {});
  if (!wanted.ok) return wanted;
  const { device, up, mtu, missing } = wanted.value;
  if (device === undefined) return complain(255, 'Not enough information: "dev" argument is required.');
  const target = deviceNamed(here.netns, device);
  if (!target) return complain(1, `Cannot find device "${device}"`);
  if (missing !== undefined)
    return complain(255, 'ip: link set changes only up, down and mtu in the simulator.');
  if (mtu !== undefined) {
    const refusal = mtuRefusal(target.kind.type, mtu);
    if (refusal !== undefined) return complain(2, refusal);
  }
  if (up === undefined && mtu === undefined) return ok('');
  return edit(
    { kind: 'set-link', device, ...(up === undefined ? {} : { up }), ...(mtu === undefined ? {} : { mtu }) },
    2,
  );
}

/** Linux net/core/dev.c dev_validate_mtu; loopback and IPIP devices have no bounds. */
function mtuRefusal(type: string, mtu: number): string | undefined {
  if (type === 'loopback' || type === 'ipip') return undefined;
  if (mtu < 68) return 'Error: mtu less than device minimum.';
  return mtu > 65535 ? 'Error: mtu greater than device maximum.' : undefined;
}
