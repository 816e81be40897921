// Programs of the system that tests need. They are installed only when asked for (`CI=1`, `--install`), or as root
// on Debian, and then said so. Where they can be installed, a missing one is a failure; elsewhere tests skip.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { run, which } from './run.mjs';
import { progress, say } from './say.mjs';

/** Debian package, and the command that shows it is there. */
const NEEDED = {
  chromium: 'chromium',
  iproute2: 'ip',
  tcpdump: 'tcpdump',
  iptables: 'iptables-restore',
  ipset: 'ipset',
  'iputils-ping': 'ping',
  bird2: 'bird',
  'docker.io': 'dockerd',
  debootstrap: 'debootstrap',
};
const QUIET = { DEBIAN_FRONTEND: 'noninteractive' };

/** Installs what is missing if that is allowed here. `required`: nothing may be skipped for want of a program. */
export async function ensureSystemPackages({ asked }) {
  const required = asked || isRootOnDebian();
  const missing = () => Object.keys(NEEDED).filter((name) => !which(NEEDED[name]));
  if (!required || missing().length === 0) return { required, missing: missing() };

  const why = asked ? 'asked for' : 'root on Debian';
  say(`Installing system packages (${why}): ${missing().join(' ')}`);
  const result = await progress('Installing system packages', aptInstall(missing()));
  if (result.code !== 0)
    say(`Installing system packages failed:\n${result.output.trim().split('\n').slice(-8).join('\n')}`);
  return { required, missing: missing() };
}

function isRootOnDebian() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version');
}

async function aptInstall(names) {
  const apt = (...args) =>
    process.getuid?.() === 0
      ? run('apt-get', args, { env: QUIET })
      : run('sudo', ['-n', 'apt-get', ...args], { env: QUIET });
  const update = await apt('update');
  if (update.code !== 0) return update;
  // We run daemons of our own, beside any that the machine has: the one that a package brings must not start.
  const daemons = names.flatMap((name) => SERVICES[name] ?? []);
  if (daemons.length > 0) await systemctl('mask', ...daemons);
  const installed = await apt('install', '-y', '--no-install-recommends', ...names);
  if (daemons.length > 0) {
    await systemctl('unmask', ...daemons);
    await systemctl('disable', ...daemons);
  }
  return installed;
}

/** Packages whose installation starts services. */
const SERVICES = {
  bird2: ['bird.service'],
  'docker.io': ['docker.service', 'docker.socket', 'containerd.service'],
};

/** Where no service manager runs there is nothing to keep from starting. */
function systemctl(...args) {
  return process.getuid?.() === 0 ? run('systemctl', args) : run('sudo', ['-n', 'systemctl', ...args]);
}
