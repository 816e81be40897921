/** Highlights code at build time, so that no highlighter ships to the browser: highlight.js tokens without HTML. */
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import json from 'highlight.js/lib/languages/json';
import yaml from 'highlight.js/lib/languages/yaml';
import type { CodeToken } from '../course/blocks.ts';

hljs.registerLanguage('bash', bash);
hljs.registerLanguage('json', json);
hljs.registerLanguage('yaml', yaml);

/** What highlight.js emits through its token tree: text, or a scope around more. */
interface ScopeNode {
  readonly scope?: string;
  readonly children: readonly (ScopeNode | string)[];
}

export function highlight(language: string, text: string): readonly (readonly CodeToken[])[] {
  const tokens = hljs.getLanguage(language) ? tokensOf(language, text) : [{ text }];
  const lines: CodeToken[][] = [[]];
  for (const token of tokens) {
    token.text.split('\n').forEach((piece, at) => {
      if (at > 0) lines.push([]);
      if (piece !== '')
        lines.at(-1)?.push(token.scope === undefined ? { text: piece } : { text: piece, scope: token.scope });
    });
  }
  return lines;
}

function tokensOf(language: string, text: string): readonly CodeToken[] {
  // The emitter's tree is how highlight.js hands out structure; its public result holds only HTML.
  const emitter = hljs.highlight(text, { language })._emitter as unknown as { readonly rootNode: ScopeNode };
  return flatten(emitter.rootNode, undefined);
}

function flatten(node: ScopeNode, outer: string | undefined): readonly CodeToken[] {
  const scope = node.scope?.split('.')[0] ?? outer;
  return node.children.flatMap((child) => {
    if (typeof child !== 'string') return flatten(child, scope);
    return [scope === undefined ? { text: child } : { text: child, scope }];
  });
}
