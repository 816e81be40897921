/** A lab file's mistakes are told with file, line, column, path and what to do instead. */
import { describe, expect, test } from 'vitest';
import { labText, labWith, mistakesIn } from '../../test/support/lab-text.ts';
import { labJsonSchema } from './spec.ts';

const withLine = (from: string, to: string): string => labText().replace(from, to);

describe('a lab file', () => {
  test('that is right fills in what was left out', () => {
    expect(labWith()).toEqual({
      id: 'small',
      title: 'A small lab',
      level: 'introductory',
      minutes: 5,
      objectives: [],
      after: [],
      engines: ['sim'],
      topology: 'two-racks',
      calico: { install: 'manifest', pools: 'user' },
      steps: [
        {
          id: 'first',
          title: 'The first step',
          task: 'Do it.',
          hints: [],
          checks: [{ object: { resource: 'pods', name: 'a' } }],
        },
      ],
    });
  });

  test.each([
    [
      'an unknown key, at the key',
      labText() + 'minuets: 5\n',
      'lab.yaml:15:1: unknown key "minuets" (did you mean minutes?)',
    ],
    [
      'an unknown key that nothing is like',
      labText() + 'colour: red\n',
      'lab.yaml:15:1: unknown key "colour"',
    ],
    [
      'a missing key, where its map begins',
      withLine('title: A small lab\n', ''),
      'lab.yaml:1:1 title: is missing: text is wanted',
    ],
    ['an empty value', withLine('title: A small lab', 'title:'), 'lab.yaml:2:7 title: must be text'],
    [
      'a value of the wrong type',
      withLine('minutes: 5', 'minutes: five'),
      'lab.yaml:4:10 minutes: must be a number',
    ],
    [
      'a number out of bounds',
      withLine('minutes: 5', 'minutes: 500'),
      'lab.yaml:4:10 minutes: must be at most 240',
    ],
    ['a fraction', withLine('minutes: 5', 'minutes: 2.5'), 'lab.yaml:4:10 minutes: must be a whole number'],
    [
      'a word that is not of the choices',
      withLine('introductory', 'introductry'),
      'lab.yaml:3:8 level: must be one of introductory, intermediate, advanced (did you mean introductory?)',
    ],
    [
      'a list that is none',
      withLine('engines: [sim]', 'engines: sim'),
      'lab.yaml:5:10 engines: must be a list',
    ],
    [
      'an empty list',
      withLine('engines: [sim]', 'engines: []'),
      'lab.yaml:5:10 engines: must be a list of at least 1',
    ],
    [
      'a name with capitals',
      withLine('id: small', 'id: Small'),
      'lab.yaml:1:5 id: must be lower-case letters, digits and inner dashes',
    ],
    [
      'a start folder that is a file',
      withLine('steps:', 'start: a.yaml\nsteps:'),
      'lab.yaml:8:8 start: must be a folder beside lab.yaml, such as start/',
    ],
    [
      'pools that the install cannot have',
      withLine('pools: user', 'pools: operator'),
      'lab.yaml:7:37 calico.pools: only an operator install has pools owned by the operator',
    ],
    [
      'a step id used twice',
      labText() + labText().slice(labText().indexOf('  - id')),
      'lab.yaml:15:9 steps[1].id: the step id "first" is used twice',
    ],
    [
      'an alias without an anchor',
      withLine('A small lab', '*other'),
      'lab.yaml:2:8: *other stands for nothing: no &other before it',
    ],
    [
      'a tab as indentation',
      withLine('  - id', '\t- id'),
      'lab.yaml:9:1: Tabs are not allowed as indentation',
    ],
    [
      'a key given twice',
      withLine('minutes: 5', 'minutes: 5\nminutes: 6'),
      'lab.yaml:5:1: Map keys must be unique',
    ],
    [
      'a second document',
      labText() + '---\na: 1\n',
      'lab.yaml:15:1: a second document begins here; one file holds one',
    ],
    ['a list for a document', '- a\n', 'lab.yaml:1:1: must be a map of keys and values'],
    ['an empty file', '', 'lab.yaml:1:1: must be a map of keys and values'],
    [
      'a key that would reach into prototypes',
      labText() + '__proto__: { a: 1 }\n',
      'lab.yaml:15:1: unknown key "__proto__"',
    ],
  ])('names %s', (_, text, mistake) => {
    expect(mistakesIn(text)).toEqual([mistake]);
  });

  test('names every mistake, not only the first', () => {
    const text = withLine('minutes: 5', 'minutes: 0').replace('level: introductory', 'level: easy');
    expect(mistakesIn(text)).toEqual([
      'lab.yaml:3:8 level: must be one of introductory, intermediate, advanced',
      'lab.yaml:4:10 minutes: must be at least 1',
    ]);
  });

  test('whose aliases multiply without end is refused', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x,x]',
      ...[...'bcdefg'].map((key, at) => {
        const before = 'abcdef'[at] ?? '';
        return `${key}: &${key} [${Array(10).fill(`*${before}`).join(',')}]`;
      }),
    ].join('\n');
    expect(mistakesIn(bomb)).toEqual([
      'lab.yaml:1:1: Excessive alias count indicates a resource exhaustion attack',
    ]);
  });
});

/** The text without its mark `^`, and where the mark stood. */
function marked(text: string): { readonly text: string; readonly at: string } {
  const before = text.slice(0, text.indexOf('^')).split('\n');
  return { text: text.replace('^', ''), at: `lab.yaml:${before.length}:${(before.at(-1) ?? '').length + 1}` };
}

const ONE_KIND = 'must have exactly one kind: ippool, object, reach, route, bgp, ipam, command or script';
const PLACES = 'workstation, node/<name>, pod/<name>, pod/<namespace>/<name>, host/<name> or router/<name>';

describe('a check in a lab file', () => {
  test.each([
    ['no kind', '- ^{}', '', ONE_KIND],
    ['two kinds', '- ^{ ipam: { pod: pod/a, pool: p }, object: { resource: pods, name: a } }', '', ONE_KIND],
    ['an unknown kind', '- ^reech: {}', '', 'unknown key "reech" (did you mean reach?)'],
    ['a misspelt field', '- ippool: { ^nmae: a }', '.ippool', 'unknown key "nmae" (did you mean name?)'],
    [
      'fields of a pool that is gone',
      '- ippool: { name: a, is: ^{}, absent: true }',
      '.ippool.is',
      'a pool that must be absent has no fields',
    ],
    [
      'members of an object that is gone',
      '- object: { resource: pods, name: a, is: ^{}, absent: true }',
      '.object.is',
      'an object that must be absent has no members',
    ],
    ['absent: false', '- ippool: { name: a, absent: ^false }', '.ippool.absent', 'must be true'],
    [
      'a place that is none',
      '- route: { at: ^nodes/a, to: 10.0.0.1, device: eth0 }',
      '.route.at',
      `"nodes/a" is not a place: ${PLACES}`,
    ],
    [
      'a target that is none',
      '- reach: { from: pod/a, to: ^workstation, port: 80, expect: delivered }',
      '.reach.to',
      '"workstation" is not a pod/<name>, service/<name>, node/<name>, host/<name>, router/<name> or an IPv4 address',
    ],
    [
      'a target without a known address',
      '- route: { at: node/a, to: ^host/outside, device: eth0 }',
      '.route.to',
      'the cluster knows no address of a host or router: write the address itself',
    ],
    [
      'a route without a wish',
      '- route: ^{ at: node/a, to: pod/b }',
      '.route',
      'needs at least one of device, via, source, mtu',
    ],
    [
      'a next hop that is no address',
      '- route: { at: node/a, to: pod/b, via: ^node2 }',
      '.route.via',
      '"node2" is not an IPv4 address such as 10.0.0.1',
    ],
    [
      'a flow without a port',
      '- reach: ^{ from: pod/a, to: pod/b, expect: delivered }',
      '.reach',
      'needs a port, or protocol: icmp without one',
    ],
    [
      'an echo with a port',
      '- reach: ^{ from: pod/a, to: pod/b, protocol: icmp, port: 80, expect: delivered }',
      '.reach',
      'needs a port, or protocol: icmp without one',
    ],
    [
      'a TCP flow with a size',
      '- reach: { from: pod/a, to: pod/b, port: 80, size: ^1400, expect: delivered }',
      '.reach.size',
      'only an icmp packet has a size of its own',
    ],
    [
      'a blocked flow that wears something',
      '- reach: { from: pod/a, to: pod/b, port: 80, expect: ^blocked, encapsulation: vxlan }',
      '.reach.expect',
      'a blocked flow arrives with no encapsulation and no source',
    ],
    ['an address of what is no pod', '- ipam: { pod: ^node/a, pool: p }', '.ipam.pod', 'must be a pod'],
    ['an address from anywhere', '- ipam: ^{ pod: pod/a }', '.ipam', 'needs a pool, a node, or both'],
    [
      'an expression that is none',
      "- command: { at: pod/a, run: x, stdout: ^'(', expect: e, why: w }",
      '.command.stdout',
      'is not a regular expression: /(/m: Unterminated group',
    ],
  ])('with %s is refused', (_, checks, path, message) => {
    const { text, at } = marked(labText({ checks }));
    expect(mistakesIn(text)).toContain(`${at} steps[0].checks[0]${path}: ${message}`);
  });
});

describe('a prediction in a lab file', () => {
  test.each([
    [
      '{ ask: Q, from: ^"colour(pod/a, pod/b)", choices: [a, b] }',
      '.from',
      '"colour(pod/a, pod/b)" is not a measure: encapsulation, delivered, source, hops or mtu of two places, e.g. encapsulation(pod/a, pod/b)',
    ],
    ['{ ask: Q, from: "hops(pod/a, pod/b)", choices: ^[1] }', '.choices', 'needs at least two choices'],
    [
      '{ ask: Q, from: "hops(pod/a, pod/b)", choices: [1, ^1] }',
      '.choices[1]',
      'the choice "1" is given twice',
    ],
    [
      '{ ask: Q, from: "source(pod/a, pod/b)", choices: [10.244.1.…, ^…] }',
      '.choices[1]',
      'every answer would be this one: say what is known of it',
    ],
    [
      '{ ask: Q, from: "encapsulation(pod/a, pod/b)", choices: [none, ^gre] }',
      '.choices[1]',
      '"gre" is never the answer: encapsulation is one of none, vxlan, ipip',
    ],
    ['{ ask: Q, from: "delivered(pod/a, pod/b)", choices: [yes, ^{}] }', '.choices[1]', 'must be text'],
  ])('%s is refused', (predict, path, message) => {
    const { text, at } = marked(labText({ predict }));
    expect(mistakesIn(text)).toEqual([`${at} steps[0].predict${path}: ${message}`]);
  });

  test('may have numbers as choices', () => {
    const predict = '{ ask: "How many?", from: "hops(pod/a, pod/b)", choices: [1, 2] }';
    expect(labWith({ predict }).steps[0]?.predict?.choices).toEqual(['1', '2']);
  });
});

describe('the JSON Schema for editors', () => {
  const schema = labJsonSchema() as {
    readonly $schema: string;
    readonly title: string;
    readonly required: readonly string[];
    readonly additionalProperties: boolean;
    readonly properties: Readonly<Record<string, { readonly description?: string }>>;
  };

  test('describes lab.yaml in draft 2020-12', () => {
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(schema.title).toBe('A lab of Underlay');
    expect(schema.additionalProperties).toBe(false);
    // What has a default may be left out.
    expect(schema.required).toEqual([
      'id',
      'title',
      'level',
      'minutes',
      'engines',
      'topology',
      'calico',
      'steps',
    ]);
  });

  test('explains every key that does not explain itself', () => {
    const silent = Object.entries(schema.properties).filter(
      ([, { description }]) => description === undefined,
    );
    expect(silent.map(([key]) => key)).toEqual(['title', 'level']);
  });

  test('says what a place is, and that a check has one kind', () => {
    const text = JSON.stringify(schema);
    expect(text).toContain('"minProperties":1,"maxProperties":1');
    expect(text).toContain('Where the packet starts.');
  });
});
