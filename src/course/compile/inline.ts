/** Inline Markdown (marked's tokens) as typed inlines; raw HTML is dropped, links are checked for where they may lead. */
import type { Token, Tokens } from 'marked';
import type { Inline } from '../blocks.ts';

/** Section of this lesson, another lesson, a glossary term, or the web over https. */
const LINK = /^(#[a-z0-9-]+|lesson:[a-z0-9-]+(#[a-z0-9-]+)?|term:[a-z0-9-]+|https:\/\/[^\s]+)$/;

export interface InlineContext {
  /** Reports a mistake at the current block. */
  problem(message: string): void;
}

export function inlines(tokens: readonly Token[] | undefined, context: InlineContext): readonly Inline[] {
  return (tokens ?? []).flatMap((token) => inline(token, context));
}

function inline(token: Token, context: InlineContext): readonly Inline[] {
  switch (token.type) {
    case 'text':
    case 'escape': {
      const nested = (token as Tokens.Text).tokens;
      return nested ? inlines(nested, context) : [{ type: 'text', text: unescapeEntities((token as Tokens.Text).text) }];
    }
    case 'codespan':
      return [{ type: 'code', text: unescapeEntities((token as Tokens.Codespan).text) }];
    case 'strong':
      return [{ type: 'strong', text: inlines((token as Tokens.Strong).tokens, context) }];
    case 'em':
      return [{ type: 'emphasis', text: inlines((token as Tokens.Em).tokens, context) }];
    case 'br':
      return [{ type: 'break' }];
    case 'link': {
      const { href, tokens } = token as Tokens.Link;
      if (!LINK.test(href)) context.problem(`the link "${href}" leads nowhere: write #section, lesson:<id>, term:<id> or an https address`);
      return [{ type: 'link', href, text: inlines(tokens, context) }];
    }
    case 'html':
      context.problem(`raw HTML (${token.raw.trim()}) is dropped: write it as Markdown`);
      return [];
    default:
      context.problem(`"${token.raw.trim()}" (${token.type}) is not supported in a lesson`);
      return [];
  }
}

const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };

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
