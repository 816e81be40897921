/** `ip link show`. Complaints: iproute2 6.1 ip/iplink.c, ip/ipaddress.c, compared with the real tool. */
import { ok } from '../../../base/result.ts';
import { deviceNamed } from '../network/here.ts';
import type { Device } from '../../net/netns.ts';
import type { Parsed } from '../network/complaint.ts';
import { duplicateOrGarbage, parseKeywords, type Grammar, wrongArgument } from '../network/keywords.ts';
import { countersOf, entryText, jsonText, seenDevices } from './device-list.ts';
import { briefJson, briefLink, linkJson, linkLines } from './link-print.ts';
import { flagNames, linkAddress, type SeenDevice } from './device-text.ts';
import type { Subject } from './subject.ts';

interface ShowWords {
  readonly device?: string;
  readonly up?: boolean;
  readonly type?: string;
  readonly master?: string;
}

function setDevice<W extends { readonly device?: string }>(words: W, device: string): Parsed<W> {
  return words.device === undefined ? ok({ ...words, device }) : duplicateOrGarbage('dev', device);
}

const SHOW: Grammar<ShowWords> = {
  keywords: [
    { names: ['up'], exact: true, flag: true, read: (words) => ok({ ...words, up: true }) },
    { names: ['type'], exact: true, read: (words, type) => ok({ ...words, type }) },
    { names: ['master'], exact: true, read: (words, master) => ok({ ...words, master }) },
    { names: ['dev'], exact: true, read: setDevice },
  ],
  bare: setDevice,
};

export function showLinks({ io, here, options }: Subject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, SHOW, {});
  if (!wanted.ok) return wanted;
  const devices = seenDevices(io, here, wanted.value.device);
  if (!devices.ok) return devices;
  const { up, type, master } = wanted.value;
  if (master !== undefined && !deviceNamed(here.netns, master))
    return wrongArgument(master, 'Device does not exist\n');
  const shown = devices.value.filter(
    ({ device }) =>
      (!up || device.up) &&
      (type === undefined || typeOf(device) === type) &&
      (master === undefined || device.master === master),
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

/** A machine's port is one end of a veth pair, as on a node of kind. */
const typeOf = ({ kind }: Device): string => (kind.type === 'ether' ? 'veth' : kind.type);
