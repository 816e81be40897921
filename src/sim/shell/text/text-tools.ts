/**
 * The text tools of a Unix machine (sed, awk, jq, sort, ...), which the simulator borrows: an adapter outside the pure ring
 * implements `TextTools` and runs one tool at a time over whole inputs. This module makes shell commands of them, decides
 * when a tool reads its standard input, and lets the line-by-line ones answer while their input still flows.
 */
import { concatBytes } from '../../../base/bytes.ts';
import type { Command, CommandIo } from '../command.ts';
import type { FileSystem } from '../files.ts';
import { EVERYWHERE } from '../builtins/files.ts';
import { corrected } from './corrections.ts';
import { lineByLine, readsStdin, TOOLS, type ToolFacts } from './tool-facts.ts';

export interface ToolRequest {
  readonly args: readonly string[];
  readonly stdin: Uint8Array;
  readonly cwd: string;
  readonly env: ReadonlyMap<string, string>;
  readonly files: FileSystem;
  readonly signal: AbortSignal;
}

export interface ToolResult {
  readonly stdout: Uint8Array;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface TextTools {
  /** What it can run; the shell takes the tools that it knows the facts of. */
  readonly names: readonly string[];
  /** Rejects with the signal's reason when it aborts. */
  run(name: string, request: ToolRequest): Promise<ToolResult>;
}

export function textCommands(tools: TextTools): readonly Command[] {
  return tools.names.flatMap((name): readonly Command[] => {
    const facts = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
    if (facts === undefined) return [];
    return [
      {
        name,
        summary: facts.summary,
        places: facts.places ?? EVERYWHERE,
        run: (io) => runTool(tools, name, facts, io),
      },
    ];
  });
}

async function runTool(tools: TextTools, name: string, facts: ToolFacts, io: CommandIo): Promise<number> {
  const reads = readsStdin(facts, io.args);
  if (reads && lineByLine(name, io.args)) return runLines(tools, name, facts, io);
  const stdin = reads ? await everything(io) : new Uint8Array();
  return print(name, await tools.run(name, { ...request(name, facts, io), stdin }), io);
}

function request(name: string, facts: ToolFacts, io: CommandIo): Omit<ToolRequest, 'stdin'> {
  const { cwd, env, files, signal } = io;
  // The borrowed paste wants its standard input named.
  const args =
    name === 'paste' && readsStdin(facts, io.args) && !io.args.includes('-') ? [...io.args, '-'] : io.args;
  return { args, cwd, env, files, signal };
}

async function print(name: string, result: ToolResult, io: CommandIo): Promise<number> {
  const { stderr, exitCode } = corrected(name, result.stderr, result.exitCode);
  if (stderr !== '') await io.stderr.write(stderr);
  if (result.stdout.length > 0) await io.stdout.write(result.stdout);
  return exitCode;
}

async function everything(io: CommandIo): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let part = await io.stdin.read(io.signal); part !== undefined; part = await io.stdin.read(io.signal))
    parts.push(part);
  return concatBytes(parts);
}

/** Runs the tool on the complete lines of each chunk: its answer on a line does not depend on other lines. */
async function runLines(tools: TextTools, name: string, facts: ToolFacts, io: CommandIo): Promise<number> {
  let rest: Uint8Array = new Uint8Array();
  let best: number | undefined;
  const feed = async (lines: Uint8Array): Promise<boolean> => {
    const code = await print(name, await tools.run(name, { ...request(name, facts, io), stdin: lines }), io);
    best = Math.min(best ?? code, code);
    return code < 2;
  };
  for (let part = await io.stdin.read(io.signal); part !== undefined; part = await io.stdin.read(io.signal)) {
    const all = concatBytes([rest, part]);
    const end = all.lastIndexOf(0x0a) + 1;
    rest = all.subarray(end);
    if (end > 0 && !(await feed(all.subarray(0, end)))) return best ?? 2;
  }
  if (rest.length > 0 || best === undefined) await feed(rest);
  return best ?? 0;
}
