/** What of a code block a learner would type: its commands, without prompts, output and comments. */
import type { CodeToken } from '../../course/blocks.ts';

type Lines = readonly (readonly CodeToken[])[];

const SHELLS = new Set(['bash', 'sh', 'shell']);
const TRANSCRIPTS = new Set(['console', 'shell-session', 'terminal']);

export function codeText(lines: Lines): string {
  return lines.map((line) => line.map((token) => token.text).join('')).join('\n');
}

/** What the copy button takes: commands of a transcript, else the whole text. */
export function copyText(language: string, lines: Lines): string {
  const commands = TRANSCRIPTS.has(language) ? transcriptCommands(codeText(lines)) : [];
  return commands.length > 0 ? commands.join('\n') : codeText(lines);
}

/** The one command a block holds; undefined when it holds none, or several, which the learner should see run apart. */
export function singleCommand(language: string, lines: Lines): string | undefined {
  const commands = commandsOf(language, codeText(lines));
  return commands.length === 1 ? commands[0] : undefined;
}

function commandsOf(language: string, text: string): readonly string[] {
  if (TRANSCRIPTS.has(language)) return transcriptCommands(text);
  if (SHELLS.has(language)) return joinContinued(text.split('\n').filter((line) => !/^\s*(#|$)/.test(line)));
  return [];
}

function transcriptCommands(text: string): readonly string[] {
  const lines = text.split('\n');
  const typed = lines.flatMap((line, at) => {
    if (/^[$#] /.test(line)) return [line.slice(2)];
    const continued = at > 0 && /\\$/.test(lines[at - 1] ?? '') && /^> /.test(line);
    return continued ? [line.slice(2)] : [];
  });
  return joinContinued(typed);
}

/** A heredoc or an open block spans lines in ways only a shell knows: then the lines stay apart. */
function joinContinued(lines: readonly string[]): readonly string[] {
  const commands: string[] = [];
  let open = false;
  for (const line of lines) {
    const continues = line.endsWith('\\');
    const part = continues ? line.slice(0, -1).trimEnd() : line;
    const last = commands.pop();
    if (last === undefined) commands.push(part.trim());
    else if (open) commands.push(`${last} ${part.trim()}`);
    else commands.push(last, part.trim());
    open = continues;
  }
  return commands;
}
