import { describe, expect, test } from 'vitest';
import { formatDiagnostics } from '../../lab/diagnostic.ts';
import { compileLesson, type CompiledLesson } from './lesson.ts';

const FRONT = [
  '---',
  'id: small',
  'title: Small',
  'summary: A small lesson.',
  'level: introductory',
  'minutes: 5',
  '---',
  '',
];
/** Line of the file on which a body begins. */
const BODY = FRONT.length;

const plain = (_: string, text: string) =>
  text.split('\n').map((line) => (line === '' ? [] : [{ text: line }]));

function compiled(...body: readonly string[]): CompiledLesson {
  const result = compileLesson('l.md', [...FRONT.slice(0, -1), ...body, ''].join('\n'), plain);
  if (!result.ok) throw new Error(formatDiagnostics(result.error));
  return result.value;
}

function mistakes(...body: readonly string[]): string {
  const result = compileLesson('l.md', [...FRONT.slice(0, -1), ...body, ''].join('\n'), plain);
  return result.ok ? '' : formatDiagnostics(result.error);
}

const text = (value: string) => ({ type: 'text', text: value }) as const;

describe('front matter', () => {
  test('is read', () => {
    expect(compiled('Hello.').front).toEqual({
      id: 'small',
      title: 'Small',
      summary: 'A small lesson.',
      level: 'introductory',
      minutes: 5,
      objectives: [],
    });
  });

  test.each([
    [
      'no front matter',
      '# Title\n',
      'l.md:1:1: a lesson begins with front matter: YAML between two lines of ---',
    ],
    [
      'front matter that does not end',
      '---\nid: a\n',
      'l.md:1:1: a lesson begins with front matter: YAML between two lines of ---',
    ],
    [
      'an unknown key',
      FRONT.join('\n').replace('minutes: 5', 'minutes: 5\ntitel: x'),
      'l.md:7:1: unknown key "titel" (did you mean title?)',
    ],
    [
      'malformed YAML',
      FRONT.join('\n').replace('title: Small', 'title: [Small'),
      'l.md:4:1: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  ])('with %s is refused, with its line in the file', (_, source, mistake) => {
    const result = compileLesson('l.md', source, plain);
    expect(result.ok ? '' : formatDiagnostics(result.error)).toBe(mistake);
  });
});

describe('Markdown', () => {
  test('becomes typed blocks', () => {
    const { blocks, anchors } = compiled(
      '## What is on the wire',
      '',
      'Some `code`, **strong *and* plain**, a [link](term:mtu) & more.',
      '',
      '3. one',
      '4. two',
      '',
      '> [!TIP]',
      '> Look first.',
      '',
      '| a | b |',
      '|---|--:|',
      '| 1 | `2` |',
      '',
      '---',
    );
    expect(anchors).toEqual(['what-is-on-the-wire']);
    expect(blocks).toEqual([
      { type: 'heading', depth: 2, id: 'what-is-on-the-wire', text: [text('What is on the wire')] },
      {
        type: 'paragraph',
        text: [
          text('Some '),
          { type: 'code', text: 'code' },
          text(', '),
          {
            type: 'strong',
            text: [text('strong '), { type: 'emphasis', text: [text('and')] }, text(' plain')],
          },
          text(', a '),
          { type: 'link', href: 'term:mtu', text: [text('link')] },
          text(' & more.'),
        ],
      },
      {
        type: 'list',
        ordered: true,
        start: 3,
        items: [[{ type: 'paragraph', text: [text('one')] }], [{ type: 'paragraph', text: [text('two')] }]],
      },
      { type: 'quote', tone: 'tip', blocks: [{ type: 'paragraph', text: [text('Look first.')] }] },
      {
        type: 'table',
        align: [null, 'right'],
        head: [[text('a')], [text('b')]],
        rows: [[[text('1')], [{ type: 'code', text: '2' }]]],
      },
      { type: 'rule' },
    ]);
  });

  test.each([
    [
      'raw HTML in a line',
      ['Fine.', '', 'one', 'two <b>bold</b>'],
      [
        `l.md:${BODY + 3}:1: raw HTML (<b>) is dropped: write it as Markdown`,
        `l.md:${BODY + 3}:1: raw HTML (</b>) is dropped: write it as Markdown`,
      ],
    ],
    [
      'a raw HTML block',
      ['<script>alert(1)</script>'],
      [`l.md:${BODY}:1: raw HTML (<script>alert(1)</script>) is dropped: write it as Markdown`],
    ],
    [
      'an image',
      ['![x](https://a.b/c.png)'],
      [`l.md:${BODY}:1: "![x](https://a.b/c.png)" (image) is not supported in a lesson`],
    ],
    [
      'a title of its own',
      ['# Title'],
      [`l.md:${BODY}:1: headings of a lesson have two to four #; the title comes from the front matter`],
    ],
    [
      'a heading given twice',
      ['## One', '', '## One'],
      [`l.md:${BODY + 2}:1: two headings have the anchor "one"`],
    ],
    [
      'a heading without letters',
      ['## ...'],
      [`l.md:${BODY}:1: a heading needs letters or digits, which its anchor is made of`],
    ],
    [
      'a link to a script',
      ['[x](javascript:alert(1))'],
      [
        `l.md:${BODY}:1: the link "javascript:alert(1)" leads nowhere: write #section, lesson:<id>, term:<id> or an https address`,
      ],
    ],
    [
      'a link in a list',
      ['- a', '- b [x](http://a.b)'],
      [
        `l.md:${BODY + 1}:1: the link "http://a.b" leads nowhere: write #section, lesson:<id>, term:<id> or an https address`,
      ],
    ],
    [
      'a link in a table',
      ['| a |', '|---|', '| 1 |', '| [x](y) |'],
      [
        `l.md:${BODY + 3}:1: the link "y" leads nowhere: write #section, lesson:<id>, term:<id> or an https address`,
      ],
    ],
  ])('with %s is refused', (_, body, wanted) => {
    expect(mistakes(...body)).toBe(wanted.join('\n'));
  });

  test('remembers its links with their lines', () => {
    expect(compiled('A [b](#c)', 'and [d](lesson:e#f).', '', '> [g](https://h.i)').links).toEqual([
      { name: '#c', line: BODY },
      { name: 'lesson:e#f', line: BODY + 1 },
      { name: 'https://h.i', line: BODY + 3 },
    ]);
  });
});

const fenced = (info: string, ...body: readonly string[]): readonly string[] => [
  '```' + info,
  ...body,
  '```',
];

describe('fences', () => {
  test('hold code, highlighted line by line', () => {
    expect(compiled(...fenced('yaml', 'a: 1', '', 'b: 2')).blocks).toEqual([
      {
        type: 'code',
        language: 'yaml',
        lines: [[{ text: 'a: 1' }], [], [{ text: 'b: 2' }]],
        copyable: false,
      },
    ]);
  });

  test('hold commands that are meant to fail', () => {
    const { printed } = compiled(...fenced('run pod/client exit=1', 'false'));
    expect(printed).toEqual([
      {
        place: 'pod/client',
        after: undefined,
        exit: 1,
        line: BODY + 1,
        commands: 'false',
        output: undefined,
      },
    ]);
  });

  test('hold commands to run, with the output they print', () => {
    const { blocks, printed } = compiled(
      ...fenced('run node/node1 after=switch', 'ip route'),
      '',
      ...fenced('output', 'default via 10.0.0.1 dev eth0', '…'),
    );
    expect(printed).toEqual([
      {
        place: 'node/node1',
        after: 'switch',
        exit: 0,
        line: BODY + 1,
        commands: 'ip route',
        output: ['default via 10.0.0.1 dev eth0', '…'],
      },
    ]);
    expect(blocks).toEqual([
      {
        type: 'code',
        language: 'bash',
        lines: [[{ text: 'ip route' }]],
        copyable: true,
        place: 'node/node1',
      },
      {
        type: 'code',
        language: 'text',
        lines: [[{ text: 'default via 10.0.0.1 dev eth0' }], [{ text: '…' }]],
        copyable: false,
      },
    ]);
  });

  test('hold a quiz, whose words are Markdown', () => {
    const { blocks } = compiled(
      ...fenced(
        'quiz',
        'id: q',
        'question: Is `1` one?',
        'choices:',
        '  - { text: 1, correct: true, why: It is. }',
        '  - { text: two, correct: false, why: No. }',
      ),
    );
    expect(blocks).toEqual([
      {
        type: 'quiz',
        id: 'q',
        question: [text('Is '), { type: 'code', text: '1' }, text(' one?')],
        choices: [
          { text: [text('1')], correct: true, why: [text('It is.')] },
          { text: [text('two')], correct: false, why: [text('No.')] },
        ],
      },
    ]);
  });

  test('hold a diagram without members that were left out', () => {
    const { blocks } = compiled(
      ...fenced(
        'diagram',
        'title: T',
        'description: D',
        'width: 4',
        'height: 2',
        'boxes:',
        '  - { id: a, kind: node, label: a, x: 0, y: 0, w: 1, h: 1 }',
        'cables: []',
      ),
    );
    expect(blocks).toStrictEqual([
      {
        type: 'diagram',
        diagram: {
          title: 'T',
          description: 'D',
          width: 4,
          height: 2,
          boxes: [{ id: 'a', kind: 'node', label: 'a', x: 0, y: 0, w: 1, h: 1 }],
          cables: [],
        },
      },
    ]);
  });

  test('name a lab', () => {
    const { blocks, labs } = compiled('Go:', '', ...fenced('lab', 'first-overlay'));
    expect(blocks[1]).toEqual({ type: 'lab', lab: 'first-overlay' });
    expect(labs).toEqual([{ name: 'first-overlay', line: BODY + 3 }]);
  });

  const quiz = (choices: string): readonly string[] =>
    fenced('quiz', 'id: q', 'question: Q?', `choices: ${choices}`);
  const diagram = (boxes: string, cables: string): readonly string[] =>
    fenced(
      'diagram',
      'title: T',
      'description: D',
      'width: 2',
      'height: 2',
      `boxes: ${boxes}`,
      `cables: ${cables}`,
    );
  const box = (more: string): string => `{ id: a, kind: node, label: a, x: 0, y: 0, ${more} }`;

  test.each([
    [
      'output without commands',
      fenced('output', 'x'),
      `l.md:${BODY}:1: an output block stands right after a run block`,
    ],
    [
      'output after a paragraph',
      [...fenced('run workstation', 'true'), '', 'Then:', '', ...fenced('output', 'x')],
      `l.md:${BODY + 6}:1: an output block stands right after a run block`,
    ],
    [
      'a run without a place',
      fenced('run nowhere', 'true'),
      `l.md:${BODY}:1: write: run <place>, and after=<step> or exit=<code> where they are needed`,
    ],
    [
      'a run with an unknown option',
      fenced('run workstation before=x', 'true'),
      `l.md:${BODY}:1: write: run <place>, and after=<step> or exit=<code> where they are needed`,
    ],
    [
      'a quiz without a right choice',
      quiz('[{ text: a, correct: false, why: w }, { text: b, correct: false, why: w }]'),
      `l.md:${BODY}:1: a quiz needs a correct choice`,
    ],
    [
      'a quiz choice without text',
      quiz('[{ correct: true, why: w }, { text: b, correct: false, why: w }]'),
      `l.md:${BODY + 3}:11 choices[0].text: is missing: text is wanted`,
    ],
    [
      'a quiz given twice',
      [
        ...quiz('[{ text: a, correct: true, why: w }, { text: b, correct: false, why: w }]'),
        '',
        ...quiz('[{ text: a, correct: true, why: w }, { text: b, correct: false, why: w }]'),
      ],
      `l.md:${BODY + 6}:1: two quizzes have the id "q"`,
    ],
    [
      'a cable to nowhere',
      diagram(`[${box('w: 1, h: 1')}]`, '[{ from: a, to: b }]'),
      `l.md:${BODY + 6}:25 cables[0].to: there is no box "b"`,
    ],
    [
      'a box drawn twice',
      diagram(`[${box('w: 1, h: 1')}, ${box('w: 1, h: 1')}]`, '[]'),
      `l.md:${BODY + 5}:72 boxes[1].id: the box "a" is drawn twice`,
    ],
    [
      'a box out of the picture',
      diagram(`[${box('w: 3, h: 1')}]`, '[]'),
      `l.md:${BODY + 5}:9 boxes[0]: the box "a" reaches out of the picture`,
    ],
    [
      'malformed YAML',
      fenced('packet', 'caption: [a'),
      `l.md:${BODY + 1}:12: Flow sequence in block collection must be sufficiently indented and end with a ]`,
    ],
  ])('with %s are refused', (_, body, wanted) => {
    expect(mistakes(...body)).toBe(wanted);
  });
});
