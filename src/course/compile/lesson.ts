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
import { inlines, newlines, plainText, slug } from './inline.ts';

export interface CompiledLesson {
  readonly front: FrontMatter;
  readonly blocks: readonly Block[];
  readonly printed: readonly PrintedCommands[];
  /** Anchors of its headings. */
  readonly anchors: readonly string[];
  /** Links and labs it names, and where: their targets are looked for when the whole course is read. */
  readonly links: readonly Mention[];
  readonly labs: readonly Mention[];
}

export interface Mention {
  readonly name: string;
  readonly line: number;
}

export function compileLesson(
  file: string,
  text: string,
  highlight: Highlight,
): Result<CompiledLesson, readonly Diagnostic[]> {
  const source = splitFrontMatter(file, text);
  if (!source.ok) return source;
  const compiler = new LessonCompiler(file, highlight);
  const blocks = compiler.blocks(lexer(source.value.body), source.value.bodyLine);
  if (compiler.diagnostics.length > 0) return err(compiler.diagnostics);
  const { printed, anchors, links, labs } = compiler;
  return ok({ front: source.value.front, blocks, printed, anchors, links, labs });
}

const TONES: Readonly<Record<string, 'note' | 'tip' | 'warning'>> = {
  NOTE: 'note',
  TIP: 'tip',
  WARNING: 'warning',
};

class LessonCompiler {
  readonly diagnostics: Diagnostic[] = [];
  readonly printed: PrintedCommands[] = [];
  readonly anchors: string[] = [];
  readonly links: Mention[] = [];
  readonly labs: Mention[] = [];
  readonly #quizzes = new Set<string>();
  readonly #file: string;
  readonly #highlight: Highlight;
  /** Whether the block just before was a `run` block. */
  #afterRun = false;

  constructor(file: string, highlight: Highlight) {
    this.#file = file;
    this.#highlight = highlight;
  }

  blocks(tokens: readonly Token[], line: number): readonly Block[] {
    let at = line;
    return tokens.flatMap((token) => {
      const made = this.#block(token, at);
      at += newlines(token.raw);
      return made;
    });
  }

  #block(token: Token, line: number): readonly Block[] {
    if (token.type === 'space') return [];
    if (token.type === 'code') return this.#fence(token as Tokens.Code, line);
    this.#afterRun = false;
    switch (token.type) {
      case 'heading':
        return this.#heading(token as Tokens.Heading, line);
      case 'paragraph':
      case 'text':
        return [{ type: 'paragraph', text: this.#text(token as Tokens.Paragraph, line) }];
      case 'list':
        return [this.#list(token as Tokens.List, line)];
      case 'blockquote':
        return [this.#quote(token as Tokens.Blockquote, line)];
      case 'table':
        return [this.#table(token as Tokens.Table, line)];
      case 'hr':
        return [{ type: 'rule' }];
      case 'html':
        this.#problem(line, `raw HTML (${token.raw.trim()}) is dropped: write it as Markdown`);
        return [];
      default:
        this.#problem(line, `${token.type} is not supported in a lesson`);
        return [];
    }
  }

  /** A tight list's items hold bare text, whose inline tokens marked may leave out. */
  #text({ tokens, text }: Tokens.Paragraph | Tokens.Text, line: number): readonly Inline[] {
    return this.#inline(tokens ?? Lexer.lexInline(text), line);
  }

  #heading({ depth, tokens }: Tokens.Heading, line: number): readonly Block[] {
    const text = this.#inline(tokens, line);
    if (depth !== 2 && depth !== 3 && depth !== 4) {
      this.#problem(line, 'headings of a lesson have two to four #; the title comes from the front matter');
      return [];
    }
    const id = slug(plainText(text));
    if (id === '') this.#problem(line, 'a heading needs letters or digits, which its anchor is made of');
    if (this.anchors.includes(id)) this.#problem(line, `two headings have the anchor "${id}"`);
    this.anchors.push(id);
    return [{ type: 'heading', depth, id, text }];
  }

  #list({ ordered, start, items }: Tokens.List, line: number): Block {
    let at = line;
    const made = items.map((item) => {
      const blocks = this.blocks(item.tokens, at);
      at += newlines(item.raw);
      return blocks;
    });
    return { type: 'list', ordered, start: start === '' ? 1 : start, items: made };
  }

  #quote({ tokens, text }: Tokens.Blockquote, line: number): Block {
    const marker = /^\[!(NOTE|TIP|WARNING)\]\s*/.exec(text);
    const tone = TONES[marker?.[1] ?? ''];
    if (!tone || !marker) return { type: 'quote', tone: 'plain', blocks: this.blocks(tokens, line) };
    const [head] = marker;
    return {
      type: 'quote',
      tone,
      blocks: this.blocks(lexer(text.slice(head.length)), line + newlines(head)),
    };
  }

  #table({ header, rows, align }: Tokens.Table, line: number): Block {
    const cells = (row: readonly Tokens.TableCell[], at: number): readonly (readonly Inline[])[] =>
      row.map((cell) => this.#inline(cell.tokens, at));
    // The line of dashes stands between the head and the first row.
    return {
      type: 'table',
      align,
      head: cells(header, line),
      rows: rows.map((row, at) => cells(row, line + 2 + at)),
    };
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
    if (made?.type === 'lab') this.labs.push({ name: made.lab, line: line + 1 });
    if (made?.type === 'quiz' && this.#quizzes.has(made.id))
      this.#problem(line, `two quizzes have the id "${made.id}"`);
    if (made?.type === 'quiz') this.#quizzes.add(made.id);
    return made ? [made] : [];
  }

  #expectOutput(output: readonly string[]): boolean {
    const last = this.printed.pop();
    if (last) this.printed.push({ ...last, output });
    return last !== undefined;
  }

  #inline(tokens: readonly Token[] | undefined, line: number): readonly Inline[] {
    return inlines(tokens, line, {
      problem: (at, message) => this.#problem(at, message),
      link: (at, href) => void this.links.push({ name: href, line: at }),
    });
  }

  #problem(line: number, message: string): void {
    this.diagnostics.push({ file: this.#file, line, column: 1, path: '', message });
  }
}
