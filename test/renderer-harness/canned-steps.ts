/** One lab as a host would show it, with what its checks say. */
import type { LabView } from '../../src/contract/api.ts';
import type { StepVerdict } from '../../src/lab/verdict.ts';

export const LAB: LabView = {
  desk: { places: [], active: 0 },
  session: 's1',
  lab: 'encap-cross-subnet',
  title: 'Encapsulate only when a packet crosses a subnet',
  engine: 'sim',
  status: 'ready',
  steps: [
    {
      id: 'switch-pool',
      title: 'Change the default pool',
      task: 'The pool `default-ipv4-ippool` wraps every packet between nodes in VXLAN. Change it so that only packets which leave a rack are wrapped: pods on `node1` and `node2` should speak plainly, `node1` and `node3` through VXLAN.',
      prediction: {
        ask: 'Which outer header will a packet from pod `client` to pod `far` carry once you are done?',
        choices: ['none', 'ipip', 'vxlan'],
      },
      hints: { shown: [], total: 3 },
    },
    {
      id: 'read-routes',
      title: 'Read the routes that follow',
      task: 'Look at the routing table of `node1`. One remote block is reached through `vxlan.calico`, the other one straight through `eth0`.\n\nWrite the next hop of the block that stays plain into `~/answer.txt`.',
      hints: { shown: [], total: 1 },
    },
    {
      id: 'break-it',
      title: 'Break it on purpose',
      task: 'Remove the FDB entry of `node3` on `node1` and watch which flow dies.',
      hints: { shown: [], total: 0 },
    },
  ],
  places: [
    'workstation',
    'node/control-plane',
    'node/node1',
    'node/node2',
    'node/node3',
    'pod/client',
    'pod/near',
    'pod/far',
    'pod/kube-system/coredns-5d78c9869d-abcde',
    'router/router',
    'host/outside',
  ],
  topology: {
    segments: [
      { name: 'rack-a', subnet: '10.0.0.0/24' },
      { name: 'rack-b', subnet: '10.0.1.0/24' },
      { name: 'outside', subnet: '203.0.113.0/24' },
    ],
    routers: [
      {
        name: 'router',
        ports: [
          { segment: 'rack-a', address: '10.0.0.1' },
          { segment: 'rack-b', address: '10.0.1.1' },
          { segment: 'outside', address: '203.0.113.1' },
        ],
      },
    ],
    nodes: [
      { name: 'control-plane', role: 'control-plane', segment: 'rack-a', address: '10.0.0.10' },
      { name: 'node1', role: 'worker', segment: 'rack-a', address: '10.0.0.11' },
      { name: 'node2', role: 'worker', segment: 'rack-a', address: '10.0.0.12' },
      { name: 'node3', role: 'worker', segment: 'rack-b', address: '10.0.1.13' },
    ],
    hosts: [{ name: 'outside', segment: 'outside', address: '203.0.113.10' }],
  },
};

export const HINTS: Readonly<Record<string, readonly string[]>> = {
  'switch-pool': [
    'A pool can carry one encapsulation at a time, and each has three modes.',
    'The field is `vxlanMode`. Read it first: `kubectl get ippools -o yaml`.',
    'The mode that looks at subnets is `CrossSubnet`.',
  ],
  'read-routes': ['Only one of the two remote blocks has a next hop in `10.0.0.0/24`.'],
};

export const ANSWERS: Readonly<Record<string, string>> = { 'switch-pool': 'vxlan' };

const POOL = {
  kind: 'ippool',
  title: 'The pool `default-ipv4-ippool` wraps across subnets only',
  expected: '`vxlanMode: CrossSubnet`, `ipipMode: Never`',
} as const;
const FAR = {
  kind: 'reach',
  title: 'pod/client reaches pod/far on port 80, encapsulation vxlan',
  expected: 'delivered, encapsulation: vxlan',
} as const;
const NEAR = {
  kind: 'reach',
  title: 'pod/client reaches pod/near on port 80, encapsulation none',
  expected: 'delivered, encapsulation: none',
} as const;

export const VERDICTS: Readonly<Record<string, readonly StepVerdict[]>> = {
  'switch-pool': [
    {
      step: 'switch-pool',
      passed: false,
      verdicts: [
        {
          ...POOL,
          outcome: 'fail',
          observed: '`vxlanMode: Always`, `ipipMode: Never`',
          why: 'With `Always`, Felix programs a route through `vxlan.calico` to every remote block, also to those in the same rack.',
          readOn: 'cross-subnet#three-modes',
        },
        { ...FAR, outcome: 'pass', observed: 'delivered, encapsulation: vxlan', why: '' },
        {
          ...NEAR,
          outcome: 'fail',
          observed: 'delivered, encapsulation: vxlan',
          why: 'The two nodes share `10.0.0.0/24`, and still the packet was wrapped in VXLAN, because its route leaves by `vxlan.calico`.',
          readOn: 'cross-subnet#what-crosses-the-wire',
        },
      ],
    },
    {
      step: 'switch-pool',
      passed: false,
      verdicts: [
        { ...POOL, outcome: 'pass', observed: '`vxlanMode: CrossSubnet`, `ipipMode: Never`', why: '' },
        {
          ...FAR,
          outcome: 'error',
          observed: 'no answer within 5 s',
          why: 'The simulator was busy. This says nothing about your work: check again.',
        },
        { ...NEAR, outcome: 'pass', observed: 'delivered, unencapsulated', why: '' },
      ],
    },
    {
      step: 'switch-pool',
      passed: true,
      verdicts: [
        { ...POOL, outcome: 'pass', observed: '`vxlanMode: CrossSubnet`, `ipipMode: Never`', why: '' },
        { ...FAR, outcome: 'pass', observed: 'delivered, encapsulation: vxlan', why: '' },
        { ...NEAR, outcome: 'pass', observed: 'delivered, encapsulation: none', why: '' },
      ],
    },
  ],
  'read-routes': [passing('read-routes', 'The next hop in `~/answer.txt`', '`10.0.0.12`')],
  'break-it': [passing('break-it', 'pod/client no longer reaches pod/far', 'neighbour unreachable')],
};

function passing(step: string, title: string, expected: string): StepVerdict {
  return {
    step,
    passed: true,
    verdicts: [{ kind: 'command', title, outcome: 'pass', expected, observed: expected, why: '' }],
  };
}
