/**
 * Markdown in, typed blocks out: marked's tokens become the closed union of `blocks.ts`. What a lesson may not contain is
 * reported with its line, and the commands it prints are collected, so that the build can prove them.
 */
import { lexer, Lexer, type Token, type Tokens } from 'marked';
import { err, ok, type Result } from '../../base/result.ts';
import type { Diagnostic } from '../../lab/diagnostic.ts';
import type { Block, Inline } from '../blocks.ts';
import { fence, type Highlight, type PrintedCommands } from './fences.ts';
import { splitFrontMatter, type FrontMatter } from './front-matter.ts';
import { inlines, plainText, slug } from './inline.ts';

export interface CompiledLesson {
  readonly front: FrontMatter;
  readonly blocks: readonly Block[];
  readonly printed: readonly PrintedCommands[];
  /** Anchors of its headings. */
  readonly anchors: readonly string[];
}

export function compileLesson(file: string, text: string, highlight: Highlight): Result<CompiledLesson, readonly Diagnostic[]> {
  const source = splitFrontMatter(file, text);
  if (!source.ok) return source;
  const compiler = new LessonCompiler(file, highlight);
  let line = source.value.bodyLine;
  const blocks: Block[] = [];
  for (const token of lexer(source.value.body)) {
    blocks.push(...compiler.block(token, line));
    line += token.raw.split('\n').length - 1;
  }
  if (compiler.diagnostics.length > 0) return err(compiler.diagnostics);
  return ok({ front: source.value.front, blocks, printed: compiler.printed, anchors: compiler.anchors });
}

const TONES: Readonly<Record<string, 'note' | 'tip' | 'warning'>> = { NOTE: 'note', TIP: 'tip', WARNING: 'warning' };

class LessonCompiler {
  readonly diagnostics: Diagnostic[] = [];
  readonly printed: PrintedCommands[] = [];
  readonly anchors: string[] = [];
  readonly #file: string;
  readonly #highlight: Highlight;
  /** Whether the block just before was a `run` block. */
  #afterRun = false;

  constructor(file: string, highlight: Highlight) {
    this.#file = file;
    this.#highlight = highlight;
  }

  block(token: Token, line: number): readonly Block[] {
    if (token.type === 'space') return [];
    if (token.type === 'code') return this.#fence(token as Tokens.Code, line);
    this.#afterRun = false;
    switch (token.type) {
      case 'heading':
        return this.#heading(token as Tokens.Heading, line);
      case 'paragraph':
      case 'text':
        return [{ type: 'paragraph', text: this.#inline((token as Tokens.Paragraph).tokens, line) }];
      case 'list':
        return [this.#list(token as Tokens.List, line)];
      case 'blockquote':
        return [this.#quote(token as Tokens.Blockquote, line)];
      case 'table':
        return [this.#table(token as Tokens.Table, line)];
      case 'hr':
        return [{ type: 'rule' }];
      default:
        this.#problem(line, `${token.type} is not supported in a lesson${token.type === 'html' ? ': raw HTML is dropped' : ''}`);
        return [];
    }
  }

  #blocks(tokens: readonly Token[], line: number): readonly Block[] {
    let at = line;
    return tokens.flatMap((token) => {
      const made = this.block(token, at);
      at += token.raw.split('\n').length - 1;
      return made;
    });
  }

  #heading({ depth, tokens }: Tokens.Heading, line: number): readonly Block[] {
    const text = this.#inline(tokens, line);
    if (depth !== 2 && depth !== 3 && depth !== 4) {
      this.#problem(line, 'headings of a lesson have two to four #; the title comes from the front matter');
      return [];
    }
    const id = slug(plainText(text));
    if (this.anchors.includes(id)) this.#problem(line, `two headings have the anchor "${id}"`);
    this.anchors.push(id);
    return [{ type: 'heading', depth, id, text }];
  }

  #list({ ordered, start, items }: Tokens.List, line: number): Block {
    return { type: 'list', ordered, start: Number(start) || 1, items: items.map((item) => this.#blocks(item.tokens, line)) };
  }

  #quote({ tokens, text }: Tokens.Blockquote, line: number): Block {
    const marker = /^\[!(NOTE|TIP|WARNING)\]\s*/.exec(text);
    const tone = TONES[marker?.[1] ?? ''];
    const inner = tone && marker ? lexer(text.slice(marker[0].length)) : tokens;
    return { type: 'quote', tone: tone ?? 'plain', blocks: this.#blocks(inner, line) };
  }

  #table({ header, rows, align }: Tokens.Table, line: number): Block {
    const cells = (row: readonly Tokens.TableCell[]): readonly (readonly Inline[])[] =>
      row.map((cell) => this.#inline(cell.tokens, line));
    return { type: 'table', align, head: cells(header), rows: rows.map(cells) };
  }

  #fence({ lang = '', text }: Tokens.Code, line: number): readonly Block[] {
    const follows = this.#afterRun;
    this.#afterRun = /^run\b/.test(lang);
    const made = fence(lang, text, {
      file: this.#file,
      line,
      highlight: this.#highlight,
      inline: (markdown) => this.#inline(Lexer.lexInline(markdown), line),
      report: (found) => void this.diagnostics.push(...found),
      print: (commands) => void this.printed.push(commands),
      expect: (output) => follows && this.#expectOutput(output),
    });
    return made ? [made] : [];
  }

  #expectOutput(output: readonly string[]): boolean {
    const last = this.printed.pop();
    if (last) this.printed.push({ ...last, output });
    return last !== undefined;
  }

  #inline(tokens: readonly Token[] | undefined, line: number): readonly Inline[] {
    return inlines(tokens, { problem: (message) => this.#problem(line, message) });
  }

  #problem(line: number, message: string): void {
    this.diagnostics.push({ file: this.#file, line, column: 1, path: '', message });
  }
}
