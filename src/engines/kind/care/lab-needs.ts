/** What a lab needs of a kernel, read from the objects that it starts with. */
import { parseAllDocuments } from 'yaml';
import type { KernelFeature } from '../../../lab/care.ts';
import type { LabEnvironment, LabError } from '../../../lab/ports.ts';
import { TITLES } from './probe-findings.ts';

const isOn = (mode: unknown): boolean => typeof mode === 'string' && mode !== 'Never';

export function kernelNeeds({ calico, start, topology }: LabEnvironment): readonly KernelFeature[] {
  const needs = new Set<KernelFeature>(['ipset', 'vxlan']);
  const specs = start.flatMap(({ text }) => poolSpecs(text));
  if (specs.some(({ ipipMode }) => isOn(ipipMode))) needs.add('ipip');
  // Without pools of the lab's own, the manifest makes one with IP in IP.
  if (calico.install === 'manifest' && specs.length === 0) needs.add('ipip');
  if (topology.podCidr6) needs.add('ipv6');
  return [...needs];
}

interface PoolSpec {
  readonly ipipMode?: unknown;
}

function poolSpecs(text: string): readonly PoolSpec[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const value = document.toJS() as { readonly kind?: unknown; readonly spec?: PoolSpec } | null;
    return value?.kind === 'IPPool' && value.spec ? [value.spec] : [];
  });
}

/** Why it cannot run on this kernel; undefined when it can. */
export function lackOf(
  environment: LabEnvironment,
  features: Readonly<Record<KernelFeature, boolean>>,
): LabError | undefined {
  const missing = kernelNeeds(environment).filter((feature) => !features[feature]);
  if (missing.length === 0) return undefined;
  return {
    code: 'kernel-feature-missing',
    message: `This lab needs ${missing.map((feature) => TITLES[feature]).join(' and ')}, which the kernel of your Docker Engine does not have.`,
    remedy: 'Run it on the simulator, or on an engine with another kernel.',
  };
}
