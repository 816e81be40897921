/** The command line: runs when it is loaded, on this process's arguments. */
import process from 'node:process';
import { runProgram, type ListedCommand } from './program.ts';
import { packageVersion } from './version.ts';

const COMMANDS: readonly ListedCommand[] = [
  { name: 'start', load: async () => (await import('./commands/start.ts')).start },
  { name: 'lab list', load: async () => (await import('./commands/lab.ts')).labList },
  { name: 'lab test', load: async () => (await import('./commands/lab-test.ts')).labTest },
  { name: 'lab run', load: async () => (await import('./commands/lab.ts')).labRun },
  { name: 'shell', load: async () => (await import('./commands/shell.ts')).shell },
  { name: 'sim', load: async () => (await import('./commands/shell.ts')).sim },
  { name: 'cluster up', load: async () => (await import('./commands/cluster.ts')).clusterUp },
  { name: 'bundle create', load: async () => (await import('./commands/bundle.ts')).bundleCreate },
  { name: 'bundle verify', load: async () => (await import('./commands/bundle.ts')).bundleVerify },
  { name: 'bundle load', load: async () => (await import('./commands/bundle.ts')).bundleLoad },
  { name: 'bundle serve', load: async () => (await import('./commands/bundle.ts')).bundleServe },
  { name: 'content check', load: async () => (await import('./commands/content.ts')).contentCheck },
  { name: 'content models', load: async () => (await import('./commands/content.ts')).contentModels },
  { name: 'doctor', load: async () => (await import('./commands/doctor.ts')).doctor },
  { name: 'bench', load: async () => (await import('./commands/bench.ts')).bench },
];

// `underlay lab list | head -1`: whoever reads has seen enough, which is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

process.exitCode = await runProgram(process.argv.slice(2), { commands: COMMANDS, version: packageVersion });
