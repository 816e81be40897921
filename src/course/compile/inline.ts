/** Inline Markdown (marked's tokens) as typed inlines; raw HTML is dropped, links are checked for where they may lead. */
import type { Token, Tokens } from 'marked';
import type { Inline } from '../blocks.ts';

/** Section of this lesson, another lesson, a glossary term, or the web over https. */
const LINK = /^(#[a-z0-9-]+|lesson:[a-z0-9-]+(#[a-z0-9-]+)?|term:[a-z0-9-]+|https:\/\/[^\s]+)$/;
const LINK_FORMS = 'write #section, lesson:<id>, term:<id> or an https address';

export interface InlineContext {
  problem(line: number, message: string): void;
  /** Told of every link, so that its target can be looked for once all lessons are read. */
  link(line: number, href: string): void;
}

/** `line` is where the text of the tokens begins. */
export function inlines(
  tokens: readonly Token[] | undefined,
  line: number,
  context: InlineContext,
): readonly Inline[] {
  let at = line;
  return (tokens ?? []).flatMap((token) => {
    const made = inline(token, at, context);
    at += newlines(token.raw);
    return made;
  });
}

/** How many lines further a piece of source ends than it begins. */
export function newlines(raw: string): number {
  return raw.split('\n').length - 1;
}

function inline(token: Token, line: number, context: InlineContext): readonly Inline[] {
  switch (token.type) {
    case 'text':
    case 'escape': {
      const nested = (token as Tokens.Text).tokens;
      return nested
        ? inlines(nested, line, context)
        : [{ type: 'text', text: unescapeEntities((token as Tokens.Text).text) }];
    }
    case 'codespan':
      return [{ type: 'code', text: unescapeEntities((token as Tokens.Codespan).text) }];
    case 'strong':
      return [{ type: 'strong', text: inlines((token as Tokens.Strong).tokens, line, context) }];
    case 'em':
      return [{ type: 'emphasis', text: inlines((token as Tokens.Em).tokens, line, context) }];
    case 'br':
      return [{ type: 'break' }];
    case 'link': {
      const { href, tokens } = token as Tokens.Link;
      if (LINK.test(href)) context.link(line, href);
      else context.problem(line, `the link "${href}" leads nowhere: ${LINK_FORMS}`);
      return [{ type: 'link', href, text: inlines(tokens, line, context) }];
    }
    case 'html':
      context.problem(line, `raw HTML (${token.raw.trim()}) is dropped: write it as Markdown`);
      return [];
    default:
      context.problem(line, `"${token.raw.trim()}" (${token.type}) is not supported in a lesson`);
      return [];
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

/** marked escapes text for HTML; blocks hold plain text. */
function unescapeEntities(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? entity);
}

/** The text a heading's anchor is made of. */
export function plainText(parts: readonly Inline[]): string {
  return parts
    .map((part) => {
      if (part.type === 'text' || part.type === 'code') return part.text;
      return part.type === 'break' ? ' ' : plainText(part.text);
    })
    .join('');
}

/** `What is on the wire` -> `what-is-on-the-wire`. */
export function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}
