/** A short course that uses every kind of block once, so that each can be looked at. */
import type {
  Block,
  CourseOutline,
  GlossaryTerm,
  Inline,
  Lesson,
  LessonSummary,
} from '../../src/course/blocks.ts';

const t = (text: string): Inline => ({ type: 'text', text });
const c = (text: string): Inline => ({ type: 'code', text });
const link = (href: string, text: string): Inline => ({ type: 'link', href, text: [t(text)] });
const p = (...text: readonly Inline[]): Block => ({ type: 'paragraph', text });
const plainLine = (text: string): readonly { readonly text: string }[] => [{ text }];

const summary = (
  id: string,
  title: string,
  minutes: number,
  more: Partial<LessonSummary> = {},
): LessonSummary => ({
  id,
  title,
  minutes,
  summary: 'What it is, where it lives on a node, and how to see it with your own eyes.',
  level: 'introductory',
  objectives: ['encapsulation', 'ippool'],
  ...more,
});

export const OUTLINE: CourseOutline = {
  title: 'Kubernetes networking with Calico',
  modules: [
    {
      id: 'foundations',
      title: 'Foundations',
      lessons: [
        summary('pod-network-model', 'The pod network model', 12),
        summary('cali-veth', 'A pod’s cable: cali interfaces and 169.254.1.1', 15, { lab: 'trace-one-ping' }),
      ],
    },
    {
      id: 'encapsulation',
      title: 'Encapsulation',
      lessons: [
        summary('first-overlay', 'Your first overlay', 14),
        summary('cross-subnet', 'Encapsulate only when a packet crosses a subnet', 18, {
          level: 'intermediate',
          lab: 'encap-cross-subnet',
          summary:
            'An overlay costs fifty bytes and some work for each packet. Within a rack nobody needs it.',
        }),
        summary('mtu', 'MTU and the bytes that vanish', 20, { level: 'advanced' }),
      ],
    },
    {
      id: 'bgp',
      title: 'Routing with BGP',
      lessons: [
        summary('mesh', 'The full mesh', 16, { level: 'intermediate' }),
        summary('reflectors', 'Route reflectors and racks', 22, { level: 'advanced' }),
      ],
    },
  ],
};

const BLOCKS: readonly Block[] = [
  p(
    t('A pool with '),
    c('vxlanMode: Always'),
    t(' wraps every packet between nodes. That always works, because the '),
    link('term:underlay', 'underlay'),
    t(
      ' only ever sees addresses it knows. But within one rack the switch would carry the bare packet just as well, and the pool ',
    ),
    link('lesson:first-overlay', 'you built before'),
    t(' pays '),
    { type: 'strong', text: [t('50 bytes')] },
    t(' for nothing.'),
  ),
  { type: 'heading', depth: 2, id: 'three-modes', text: [t('Three modes')] },
  p(
    t('Each encapsulation has the same three modes, and a pool may use '),
    { type: 'emphasis', text: [t('one')] },
    t(' encapsulation only.'),
  ),
  {
    type: 'table',
    align: [null, null, 'right'],
    head: [[t('Mode')], [t('Wrapped when')], [t('Extra bytes')]],
    rows: [
      [[c('Never')], [t('never: the underlay must route pod addresses')], [t('0')]],
      [[c('CrossSubnet')], [t('the next node is in another subnet')], [t('0 or 50')]],
      [[c('Always')], [t('the destination is on another node')], [t('50')]],
    ],
  },
  {
    type: 'diagram',
    diagram: {
      title: 'Two racks: plain within rack-a, VXLAN across the router',
      description:
        'Rack a holds node1 and node2, rack b holds node3, a router joins the racks. Between node1 and node2 packets travel plain, between node1 and node3 in VXLAN.',
      width: 14,
      height: 7,
      boxes: [
        { id: 'ra', kind: 'rack', label: 'rack-a', detail: '10.0.0.0/24', x: 0, y: 2, w: 8.5, h: 5 },
        { id: 'rb', kind: 'rack', label: 'rack-b', detail: '10.0.1.0/24', x: 9.5, y: 2, w: 4.5, h: 5 },
        { id: 'r', kind: 'router', label: 'router', x: 5.5, y: 0, w: 4, h: 1 },
        { id: 'n1', kind: 'node', label: 'node1', detail: '10.0.0.11', x: 0.5, y: 3, w: 3, h: 3.5 },
        { id: 'n2', kind: 'node', label: 'node2', detail: '10.0.0.12', x: 5, y: 3, w: 3, h: 3.5 },
        { id: 'n3', kind: 'node', label: 'node3', detail: '10.0.1.13', x: 10.2, y: 3, w: 3, h: 3.5 },
        { id: 'p1', kind: 'pod', label: 'client', x: 1, y: 5, w: 2, h: 1 },
        { id: 'p2', kind: 'pod', label: 'near', x: 5.5, y: 5, w: 2, h: 1 },
        { id: 'p3', kind: 'pod', label: 'far', x: 10.7, y: 5, w: 2, h: 1 },
      ],
      cables: [
        { from: 'n1', to: 'n2', label: 'plain', encapsulation: 'none' },
        { from: 'n2', to: 'n3', label: 'VXLAN', encapsulation: 'vxlan' },
        { from: 'ra', to: 'r' },
        { from: 'rb', to: 'r' },
      ],
    },
  },
  {
    type: 'quote',
    tone: 'note',
    blocks: [
      p(
        t('Felix decides by the '),
        { type: 'emphasis', text: [t('subnet of the node’s own address')] },
        t(', not by racks or zones. What it compares is in '),
        c('projectcalico.org/IPv4Address'),
        t('.'),
      ),
    ],
  },
  { type: 'heading', depth: 2, id: 'what-crosses-the-wire', text: [t('What crosses the wire')] },
  p(t('From '), c('client'), t(' to '), c('far'), t(' the packet leaves the rack, so it is wrapped:')),
  {
    type: 'packet',
    caption: 'A TCP segment from client to far, between the nodes.',
    layers: [
      {
        name: 'Ethernet',
        bytes: 14,
        role: 'outer',
        fields: [
          { name: 'destination', value: '02:00:0a:00:00:01' },
          { name: 'type', value: '0x0800' },
        ],
      },
      {
        name: 'IPv4',
        bytes: 20,
        role: 'outer',
        fields: [
          { name: 'source', value: '10.0.0.11' },
          { name: 'destination', value: '10.0.1.13' },
          { name: 'protocol', value: '17 UDP' },
        ],
      },
      { name: 'UDP', bytes: 8, role: 'outer', fields: [{ name: 'destination port', value: '4789' }] },
      { name: 'VXLAN', bytes: 8, role: 'tunnel', fields: [{ name: 'VNI', value: '4096' }] },
      { name: 'Ethernet', bytes: 14, role: 'inner', fields: [] },
      {
        name: 'IPv4',
        bytes: 20,
        role: 'inner',
        fields: [
          { name: 'source', value: '10.244.166.129' },
          { name: 'destination', value: '10.244.104.1' },
        ],
      },
      { name: 'TCP + data', bytes: 1430, role: 'payload', fields: [] },
    ],
  },
  p(t('With IP in IP the wrapping is one header and nothing else:')),
  {
    type: 'packet',
    caption: 'The same segment from a pool with ipipMode Always.',
    layers: [
      { name: 'IPv4', bytes: 20, role: 'outer', fields: [{ name: 'protocol', value: '4 IPIP' }] },
      { name: 'IPv4', bytes: 20, role: 'inner', fields: [] },
      { name: 'TCP + data', bytes: 1460, role: 'payload', fields: [] },
    ],
  },
  { type: 'heading', depth: 3, id: 'change-it', text: [t('Change the pool')] },
  {
    type: 'code',
    language: 'yaml',
    copyable: true,
    lines: [
      [
        { text: 'apiVersion', scope: 'attr' },
        { text: ': ' },
        { text: 'projectcalico.org/v3', scope: 'string' },
      ],
      [{ text: 'kind', scope: 'attr' }, { text: ': ' }, { text: 'IPPool', scope: 'string' }],
      [{ text: 'spec', scope: 'attr' }, { text: ':' }],
      [
        { text: '  ' },
        { text: 'vxlanMode', scope: 'attr' },
        { text: ': ' },
        { text: 'CrossSubnet', scope: 'string' },
        { text: '  ' },
        { text: '# Always | CrossSubnet | Never', scope: 'comment' },
      ],
      [{ text: '  ' }, { text: 'blockSize', scope: 'attr' }, { text: ': ' }, { text: '26', scope: 'number' }],
    ],
  },
  p(t('Look before you leap, on the node itself:')),
  { type: 'code', language: 'bash', copyable: true, place: 'node/node1', lines: [plainLine('ip route')] },
  {
    type: 'code',
    language: 'console',
    copyable: true,
    lines: [
      plainLine('$ kubectl get pods -o wide'),
      plainLine(
        'NAME     READY   STATUS    RESTARTS   AGE   IP               NODE    NOMINATED NODE   READINESS GATES',
      ),
      plainLine(
        'client   1/1     Running   0          2m    10.244.166.129   node1   <none>           <none>',
      ),
    ],
  },
  {
    type: 'quote',
    tone: 'warning',
    blocks: [p(t('Setting both '), c('ipipMode'), t(' and '), c('vxlanMode'), t(' is refused.'))],
  },
  {
    type: 'list',
    ordered: true,
    start: 1,
    items: [
      [p(t('Change the pool.'))],
      [p(t('Watch the routes of '), c('node1'), t('.'))],
      [p(t('Ask a packet.'))],
    ],
  },
  { type: 'lab', lab: 'encap-cross-subnet' },
  {
    type: 'quiz',
    id: 'q1',
    question: [
      t(
        'Two nodes share a subnet, but a firewall between them drops what it does not know. Which mode still works?',
      ),
    ],
    choices: [
      {
        text: [c('CrossSubnet')],
        correct: false,
        why: [t('Within the subnet the bare pod packet meets the firewall.')],
      },
      {
        text: [c('Always')],
        correct: true,
        why: [t('Then only node addresses and UDP port 4789 cross the wire.')],
      },
      { text: [c('Never')], correct: false, why: [t('Every packet shows pod addresses.')] },
    ],
  },
  { type: 'rule' },
  {
    type: 'quote',
    tone: 'tip',
    blocks: [
      p(
        t('The VXLAN header is described in '),
        link('https://www.rfc-editor.org/rfc/rfc7348', 'RFC 7348'),
        t('.'),
      ),
    ],
  },
];

const ids = OUTLINE.modules.flatMap((module) =>
  module.lessons.map((lesson) => ({ module: module.id, lesson })),
);

export const LESSONS: readonly Lesson[] = ids.map(({ module, lesson }, at) => {
  const previous = ids[at - 1]?.lesson.id;
  const next = ids[at + 1]?.lesson.id;
  return { ...lesson, module, blocks: BLOCKS, ...(previous && { previous }), ...(next && { next }) };
});

export const GLOSSARY: readonly GlossaryTerm[] = [
  {
    id: 'underlay',
    term: 'Underlay',
    text: [
      t(
        'The network that carries the nodes’ own packets: switches, racks and routers. It need not know any pod address, see ',
      ),
      link('lesson:first-overlay', 'your first overlay'),
      t('.'),
    ],
  },
];
