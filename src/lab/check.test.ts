/** Every kind of check: what it says when it passes, when it fails, and when the engine cannot answer. */
import { describe, expect, test } from 'vitest';
import { ENGINE_DOWN, FakeSession, SIGNAL, type Script } from '../../test/support/fake-session.ts';
import { labWith } from '../../test/support/lab-text.ts';
import { verdictOn } from '../../test/support/verdict.ts';
import { kindOf, runStep, titleOf } from './check.ts';

const pool = (name: string, spec: object) => ({ metadata: { name }, spec: { ...spec } });
const pod = (name: string, podIP?: string) => ({
  metadata: { name },
  status: podIP === undefined ? {} : { podIP },
});

describe('ippool', () => {
  const POOLS = 'ippools.crd.projectcalico.org';
  const check = 'ippool: { name: main, is: { vxlanMode: CrossSubnet, ipipMode: Never, natOutgoing: true } }';

  test('passes when every field has its value, defaults included', async () => {
    const objects = { [POOLS]: [pool('main', { vxlanMode: 'CrossSubnet', natOutgoing: true })] };
    expect(await verdictOn(check, { objects })).toEqual({
      kind: 'ippool',
      title: 'IP pool main is as asked',
      outcome: 'pass',
      expected: 'vxlanMode: CrossSubnet, ipipMode: Never, natOutgoing: true',
      observed: 'vxlanMode: CrossSubnet, ipipMode: Never, natOutgoing: true',
      why: 'Every value asked for is there.',
    });
  });

  test('fails with what differs', async () => {
    const objects = { [POOLS]: [pool('main', { vxlanMode: 'Always', natOutgoing: true })] };
    expect(await verdictOn(check, { objects })).toEqual({
      kind: 'ippool',
      title: 'IP pool main is as asked',
      outcome: 'fail',
      expected: 'vxlanMode: CrossSubnet, ipipMode: Never, natOutgoing: true',
      observed: 'vxlanMode: Always, ipipMode: Never, natOutgoing: true',
      why: 'Different from what was asked: vxlanMode.',
    });
  });

  test('says which pools there are when the pool is missing', async () => {
    const objects = { [POOLS]: [pool('other', {}), pool('third', {})] };
    const { outcome, expected, observed, why } = await verdictOn(check, { objects });
    expect({ outcome, expected, observed, why }).toEqual({
      outcome: 'fail',
      expected: 'the pool named main',
      observed: 'no such pool; there is: other, third',
      why: 'Pods can get addresses only from pools that exist.',
    });
    expect((await verdictOn(check, {})).observed).toBe('no pool at all');
  });

  test('can want a pool to be gone', async () => {
    const gone = 'ippool: { name: main, absent: true }';
    expect(await verdictOn(gone, {})).toMatchObject({
      title: 'IP pool main is gone',
      outcome: 'pass',
      expected: 'no pool named main',
    });
    expect(await verdictOn(gone, { objects: { [POOLS]: [pool('main', {})] } })).toMatchObject({
      outcome: 'fail',
      observed: 'the pool named main exists',
      why: 'It is still in the datastore.',
    });
  });
});

describe('object', () => {
  const web = {
    metadata: { name: 'web', labels: { 'app.kubernetes.io/name': 'web' } },
    spec: { replicas: 2, ports: [{ port: 80 }] },
  };
  const objects = { deployments: [web] };

  test('compares members by dotted path', async () => {
    const check = String.raw`object: { resource: deployments, name: web, is: { spec.replicas: 2, 'metadata.labels.app\.kubernetes\.io/name': web, spec.ports.0.port: 80 } }`;
    expect(await verdictOn(check, { objects })).toEqual({
      kind: 'object',
      title: 'deployments/web is as asked',
      outcome: 'pass',
      expected: String.raw`spec.replicas: 2, metadata.labels.app\.kubernetes\.io/name: web, spec.ports.0.port: 80`,
      observed: String.raw`spec.replicas: 2, metadata.labels.app\.kubernetes\.io/name: web, spec.ports.0.port: 80`,
      why: 'Every value asked for is there.',
    });
  });

  test('tells a number from its text, and what is unset', async () => {
    const check =
      "object: { resource: deployments, name: web, is: { spec.replicas: '2', spec.constructor: a } }";
    expect(await verdictOn(check, { objects })).toMatchObject({
      outcome: 'fail',
      expected: 'spec.replicas: "2", spec.constructor: a',
      observed: 'spec.replicas: 2, spec.constructor: (unset)',
      why: 'Different from what was asked: spec.replicas, spec.constructor.',
    });
  });

  test('can ask only whether the object is there', async () => {
    expect(await verdictOn('object: { resource: deployments, name: web }', { objects })).toMatchObject({
      outcome: 'pass',
      expected: 'the object exists',
    });
    expect(await verdictOn('object: { resource: deployments, name: api }', { objects })).toMatchObject({
      outcome: 'fail',
      observed: 'no such object',
      why: 'The API server has no deployments of this name.',
    });
    expect(
      await verdictOn('object: { resource: deployments, name: web, absent: true }', { objects }),
    ).toMatchObject({ outcome: 'fail' });
  });
});

describe('route', () => {
  const check =
    'route: { at: node/node1, to: pod/b, device: eth0, via: 10.0.0.12, source: 10.0.0.11, mtu: 1450 }';
  const objects = { pods: [pod('b', '10.244.2.1')] };
  // Form of iproute2 6.1 `ip route get`.
  const answer = (how: string): string => `10.244.2.1 ${how} uid 0 \n    cache `;

  test('passes when the kernel answers as asked', async () => {
    const exec = () => answer('via 10.0.0.12 dev eth0 src 10.0.0.11 mtu 1450');
    expect(await verdictOn(check, { objects, exec })).toEqual({
      kind: 'route',
      title: 'node/node1 routes to pod/b as asked',
      outcome: 'pass',
      expected: 'dev eth0 via 10.0.0.12 src 10.0.0.11 mtu 1450',
      observed: '10.244.2.1 via 10.0.0.12 dev eth0 src 10.0.0.11 mtu 1450 uid 0 cache',
      why: 'The kernel would send the packet the way that was asked for.',
    });
  });

  test('fails with what the kernel chooses instead', async () => {
    const exec = () => answer('dev vxlan.calico src 10.0.0.11 mtu 1450');
    expect(await verdictOn(check, { objects, exec })).toMatchObject({
      outcome: 'fail',
      why: 'The kernel chooses dev vxlan.calico via (none).',
    });
  });

  test('fails when there is no route', async () => {
    const exec = () => ({ exitCode: 2, stderr: 'RTNETLINK answers: Network is unreachable\n' });
    expect(await verdictOn(check, { objects, exec })).toMatchObject({
      outcome: 'fail',
      observed: 'RTNETLINK answers: Network is unreachable',
      why: 'The kernel has no usable route to this address.',
    });
  });

  test('fails while the pod has no address', async () => {
    expect(await verdictOn(check, {})).toMatchObject({ outcome: 'fail', observed: 'pod/b has no address' });
  });

  test('is an error where there is no ip command', async () => {
    expect(await verdictOn(check, { objects, exec: () => 127 })).toMatchObject({
      outcome: 'error',
      observed: 'node/node1 has no ip command.',
    });
  });
});

describe('ipam', () => {
  const check = 'ipam: { pod: pod/b, pool: main, node: node2 }';
  const pools = [pool('main', { cidr: '10.244.0.0/16' })];
  const block = (affinity: string | undefined) =>
    pool('block', { cidr: '10.244.2.0/26', ...(affinity === undefined ? {} : { affinity }) });
  const cluster = (blocks: readonly ReturnType<typeof block>[]): Script => ({
    objects: {
      pods: [pod('b', '10.244.2.1')],
      'ippools.crd.projectcalico.org': pools,
      'ipamblocks.crd.projectcalico.org': blocks,
    },
  });

  test('passes when pool and block are the wanted ones', async () => {
    expect(await verdictOn(check, cluster([block('host:node2')]))).toEqual({
      kind: 'ipam',
      title: 'the address of pod/b comes from where it should',
      outcome: 'pass',
      expected: 'an address from pool main in a block affine to node2',
      observed: '10.244.2.1 from pool main, block 10.244.2.0/26 affine to node2',
      why: 'The pod keeps the address IPAM gave it when it started.',
    });
  });

  test.each([
    [
      'another node',
      cluster([block('host:node1')]),
      '10.244.2.1 from pool main, block 10.244.2.0/26 affine to node1',
    ],
    [
      'no node',
      cluster([block(undefined)]),
      '10.244.2.1 from pool main, block 10.244.2.0/26 affine to no node',
    ],
    ['no block', cluster([]), '10.244.2.1 from pool main, in no block'],
    ['no pool', { objects: { pods: [pod('b', '10.244.2.1')] } }, '10.244.2.1 from no pool, in no block'],
  ])('fails when the address comes from %s', async (_, script, observed) => {
    expect(await verdictOn(check, script)).toMatchObject({
      outcome: 'fail',
      observed,
      why: 'A running pod never changes its address: it would have to be created anew.',
    });
  });

  test('fails while the pod has no address', async () => {
    expect(await verdictOn(check, { objects: { pods: [pod('b')] } })).toMatchObject({
      outcome: 'fail',
      observed: 'pod/b has no address',
    });
  });
});

describe('command', () => {
  const check =
    "command: { at: node/node1, run: cat notes, stdout: '^two$', not: three, expect: a two, why: Two is even., readOn: numbers#two }";

  test('passes when exit code and output are as asked', async () => {
    expect(await verdictOn(check, { exec: () => 'one\ntwo\n' })).toEqual({
      kind: 'command',
      title: 'cat notes on node/node1',
      outcome: 'pass',
      expected: 'a two',
      observed: 'exit code 0: one\ntwo',
      why: 'Two is even.',
      readOn: 'numbers#two',
    });
  });

  test.each([
    ['output lacks what it must hold', 'twofold', 'exit code 0: twofold'],
    ['output holds what it must not', 'two\nthree', 'exit code 0: two\nthree'],
    [
      'exit code differs',
      { exitCode: 1, stderr: 'cat: notes: No such file or directory\n' },
      'exit code 1: cat: notes: No such file or directory',
    ],
    ['nothing is printed', '', 'exit code 0, no output'],
  ])('fails when the %s', async (_, answer, observed) => {
    expect(await verdictOn(check, { exec: () => answer })).toMatchObject({
      outcome: 'fail',
      observed,
      why: 'Two is even.',
    });
  });

  test('shows no more of a flood than a person reads', async () => {
    const { observed } = await verdictOn(check, { exec: () => 'x'.repeat(10_000) });
    expect(observed).toBe(`exit code 0: ${'x'.repeat(400)} …`);
  });
});

describe('script', () => {
  const check = 'script: { run: ./look, expect: it is good, why: Because. }';

  test.each([
    [0, 'pass'],
    [1, 'fail'],
  ] as const)('exit code %i is a %s, and its last line is what was observed', async (exitCode, outcome) => {
    expect(await verdictOn(check, { exec: () => ({ exitCode, stdout: 'looking\nseen: 3\n' }) })).toEqual({
      kind: 'script',
      title: 'it is good',
      outcome,
      expected: 'it is good',
      observed: 'seen: 3',
      why: 'Because.',
    });
  });

  test('any other exit code is an error of the lab, not of the learner', async () => {
    expect(await verdictOn(check, { exec: () => ({ exitCode: 2, stderr: 'syntax error' }) })).toEqual({
      kind: 'script',
      title: 'it is good',
      outcome: 'error',
      expected: 'it is good',
      observed: "The lab's check script ended with exit code 2 on workstation: syntax error",
      why: 'The lab could not answer, which says nothing about your work. Reset the lab and try again; if it stays, the lab itself is at fault.',
    });
  });

  test('runs on the workstation of the lab unless it says where', async () => {
    const session = new FakeSession({ exec: () => 0 });
    const [step] = labWith({ checks: `- ${check}` }).steps;
    if (step) await runStep(step, session, SIGNAL);
    expect(session.asked).toEqual(['workstation: ./look']);
  });
});

describe('any check', () => {
  const down: Script = { exec: () => undefined, objects: 'down', reach: () => undefined };

  test.each([
    'ippool: { name: main }',
    'object: { resource: pods, name: a }',
    'reach: { from: pod/a, to: 10.0.0.1, port: 80, expect: blocked }',
    'reach: { from: pod/a, to: pod/b, port: 80, expect: blocked }',
    'route: { at: node/a, to: 10.0.0.1, device: eth0 }',
    'route: { at: node/a, to: service/web, device: eth0 }',
    'ipam: { pod: pod/b, pool: main }',
    'command: { at: pod/a, run: x, expect: e, why: w }',
    'script: { run: x, expect: e, why: w }',
  ])('%s is an error, never a wrong answer, when the engine is down', async (check) => {
    expect(await verdictOn(check, down)).toMatchObject({
      outcome: 'error',
      observed: ENGINE_DOWN.message,
      why: 'The lab could not answer, which says nothing about your work. Restart the lab.',
    });
  });

  test("gives the lab's own explanation behind what was found wrong", async () => {
    const check = 'ippool: { name: main, why: Pools hold addresses. }';
    expect((await verdictOn(check, {})).why).toBe(
      'Pods can get addresses only from pools that exist. Pools hold addresses.',
    );
    const objects = { 'ippools.crd.projectcalico.org': [pool('main', {})] };
    expect((await verdictOn(check, { objects })).why).toBe('Pools hold addresses.');
  });

  test('knows its kind and says itself in one line', () => {
    const [check] = labWith({ checks: '- object: { resource: pods, name: a }' }).steps[0]?.checks ?? [];
    expect(check && [kindOf(check), titleOf(check)]).toEqual(['object', 'pods/a is as asked']);
  });
});

test('a step asks its checks in the order of the file and passes when all do', async () => {
  const [step] = labWith({
    checks: [
      '- command: { at: pod/a, run: first, expect: e, why: w }',
      '- command: { at: pod/a, run: second, expect: e, why: w }',
    ].join('\n'),
  }).steps;
  if (!step) throw new Error('no step');
  const session = new FakeSession({ exec: (_, line) => (line === 'first' ? 1 : 0) });
  const verdict = await runStep(step, session, SIGNAL);
  expect(session.asked).toEqual(['pod/a: first', 'pod/a: second']);
  expect([verdict.step, verdict.passed, verdict.verdicts.map(({ outcome }) => outcome)]).toEqual([
    'first',
    false,
    ['fail', 'pass'],
  ]);
});
