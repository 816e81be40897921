/** Resource quantities (`100m`, `128Mi`, `2`). Source: k8s.io/apimachinery/pkg/api/resource/quantity.go v0.35. */

const SUFFIXES: ReadonlyMap<string, number> = new Map([
  ['n', 1e-9],
  ['u', 1e-6],
  ['m', 1e-3],
  ['', 1],
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
  ['P', 1e15],
  ['Ki', 2 ** 10],
  ['Mi', 2 ** 20],
  ['Gi', 2 ** 30],
  ['Ti', 2 ** 40],
  ['Pi', 2 ** 50],
]);

/** Its amount; undefined when it is no quantity. */
export function parseQuantity(text: string): number | undefined {
  const match = /^([-+]?\d+(?:\.\d*)?|[-+]?\.\d+)([numkMGTP]|[KMGTP]i)?$/.exec(text);
  const factor = SUFFIXES.get(match?.[2] ?? '');
  return match && factor !== undefined ? Number(match[1]) * factor : undefined;
}

/** CPU in its shortest form: `250m`, `1`, `1500m`. */
export function cpuText(cores: number): string {
  const milli = Math.round(cores * 1000);
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

/** Memory in the largest binary unit that holds it exactly: `170Mi`, `3891Ki`, `50`. */
export function memoryText(bytes: number): string {
  for (const [suffix, factor] of [...SUFFIXES].reverse()) {
    if (suffix.endsWith('i') && bytes !== 0 && bytes % factor === 0) return `${bytes / factor}${suffix}`;
  }
  return String(bytes);
}
