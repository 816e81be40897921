/** By which device this machine reaches the Internet, and how large packets there may be. */
import { readFile } from 'node:fs/promises';
import process from 'node:process';

export interface Uplink {
  readonly device: string;
  /** Bytes of IP. */
  readonly mtu: number;
}

/**
 * The narrowest of its ways to everywhere; undefined where only the system's own programs could say, and where engines have a
 * machine of their own.
 */
export async function uplink(
  read: (file: string) => Promise<string> = (file) => readFile(file, 'utf8'),
): Promise<Uplink | undefined> {
  if (process.platform !== 'linux') return undefined;
  const table = await read('/proc/net/route').catch(() => '');
  const ways = await Promise.all(
    waysOut(table).map(async (device) => {
      const mtu = Number(await read(`/sys/class/net/${device}/mtu`).catch(() => Number.NaN));
      return Number.isNaN(mtu) ? [] : [{ device, mtu }];
    }),
  );
  return ways.flat().toSorted((a, b) => a.mtu - b.mtu)[0];
}

/** VPNs leave the default route alone and put two halves before it. */
const EVERYWHERE: readonly string[] = ['00000000', '00000080'];

/** The kernel's table (fib_trie's `route`): addresses in hexadecimal, little end first. */
export function waysOut(table: string): readonly string[] {
  const found = table.split('\n').flatMap((line) => {
    const [device = '', destination = '', , , , , , mask = ''] = line.split('\t');
    return EVERYWHERE.includes(destination) && EVERYWHERE.includes(mask) ? [device] : [];
  });
  return [...new Set(found)];
}
