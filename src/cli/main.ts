/** The command line: runs when it is loaded, on this process's arguments. */
import process from 'node:process';
import { bench } from './commands/bench.ts';
import { contentCheck } from './commands/content.ts';
import { labList, labRun, labTest } from './commands/lab.ts';
import { shell, sim } from './commands/shell.ts';
import { start } from './commands/start.ts';
import { runProgram } from './program.ts';
import { packageVersion } from './version.ts';

// `underlay lab list | head -1`: whoever reads has seen enough, which is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

process.exitCode = await runProgram(process.argv.slice(2), {
  commands: [start, labList, labRun, labTest, shell, sim, contentCheck, bench],
  version: packageVersion,
});
