/** What tests with a real Docker Engine need of a machine; one that cannot run them is told by name what it lacks. */
import process from 'node:process';
import { which } from './programs.ts';

const PROGRAMS = ['dockerd', 'docker', 'debootstrap', 'tar', 'iptables'];

/** Where everything could be installed, doing without is a failure. */
export const required = process.env['UNDERLAY_REQUIRE'] === '1';

/** Why no engine of our own can be started here; undefined when one may be tried. */
export function whatIsLacking(): string | undefined {
  if (process.platform !== 'linux') return `dockerd needs Linux, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'an own dockerd needs root';
  const missing = PROGRAMS.filter((name) => which(name) === undefined);
  return missing.length > 0 ? `not installed: ${missing.join(', ')}` : undefined;
}
