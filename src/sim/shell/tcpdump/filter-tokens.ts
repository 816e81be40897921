/** Words and signs of a filter expression (pcap-filter(7)). */

export interface Token {
  readonly kind: 'word' | 'sign';
  readonly text: string;
}

const PATTERN = /\s*(&&|\|\||==|!=|>=|<=|<<|>>|[()!=<>&|[\]]|[^\s()!=<>&|[\]]+)/y;

/** Undefined when a character belongs to no token. */
export function tokenize(text: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  PATTERN.lastIndex = 0;
  while (PATTERN.lastIndex < end) {
    const found = PATTERN.exec(text)?.[1];
    if (found === undefined) return undefined;
    tokens.push({ kind: SIGN.test(found) ? 'sign' : 'word', text: found });
  }
  return tokens;
}

const SIGN = /^[()!=<>&|[\]]/;
