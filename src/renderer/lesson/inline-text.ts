/** The words of a text without its marks, for labels and tables of contents. */
import type { Inline } from '../../course/blocks.ts';

export function plainText(text: readonly Inline[]): string {
  return text.map(wordsOf).join('');
}

function wordsOf(inline: Inline): string {
  switch (inline.type) {
    case 'text':
    case 'code':
      return inline.text;
    case 'break':
      return ' ';
    default:
      return plainText(inline.text);
  }
}
