import { describe, expect, test } from 'vitest';
import { verdictOn } from '../../../test/support/verdict.ts';

const pod = (name: string, podIP?: string) => ({
  metadata: { name },
  status: podIP === undefined ? {} : { podIP },
});

describe('reach', () => {
  const objects = { pods: [pod('a', '10.244.1.1'), pod('b', '10.244.2.1')] };
  const check =
    'reach: { from: pod/a, to: pod/b, port: 80, expect: delivered, encapsulation: vxlan, source: pod/a }';
  const blocked = 'reach: { from: pod/a, to: pod/b, port: 80, expect: blocked }';

  test('passes when the flow arrives as asked', async () => {
    const reach = () =>
      ({
        encapsulation: 'vxlan',
        sourceSeen: '10.244.1.1',
        outer: { source: '10.0.0.11', destination: '10.0.1.13' },
      }) as const;
    expect(await verdictOn(check, { objects, reach })).toEqual({
      kind: 'reach',
      title: 'pod/a reaches pod/b on port 80',
      outcome: 'pass',
      expected: 'delivered, encapsulated in vxlan, source seen 10.244.1.1',
      observed:
        'delivered, encapsulated in vxlan, outer header 10.0.0.11 > 10.0.1.13, source seen 10.244.1.1',
      why: 'The packet took the way that was asked for.',
    });
  });

  test('tells every way in which it travelled otherwise', async () => {
    const reach = () => ({ encapsulation: 'none', sourceSeen: '10.0.0.11' }) as const;
    expect(await verdictOn(check, { objects, reach })).toMatchObject({
      outcome: 'fail',
      observed: 'delivered, without encapsulation, source seen 10.0.0.11',
      why: 'Between the nodes the packet travelled without encapsulation. The destination saw 10.0.0.11 as the source.',
    });
  });

  test('tells where a lost flow ended', async () => {
    const reach = () =>
      ({ delivered: false, disposition: 'no-route', reason: 'It ended at node/node1: no route.' }) as const;
    expect(await verdictOn(check, { objects, reach })).toMatchObject({
      outcome: 'fail',
      observed: 'not delivered: It ended at node/node1: no route.',
      why: 'The flow ended on its way: It ended at node/node1: no route.',
    });
  });

  test('that wants a flow blocked passes when something stops it', async () => {
    const reach = () => ({ delivered: false, disposition: 'denied', reason: 'A rule dropped it.' }) as const;
    expect(await verdictOn(blocked, { objects, reach })).toMatchObject({
      title: 'pod/a does not reach pod/b on port 80',
      outcome: 'pass',
      expected: 'blocked',
      why: 'A rule dropped it.',
    });
  });

  test.each([
    ['arrives', {}, 'The flow arrived although it should not.'],
    [
      'meets a closed port',
      { delivered: false, disposition: 'port-closed' } as const,
      'Nothing listens on the port, but nothing on the way stops the packet.',
    ],
  ])('that wants a flow blocked fails when it %s', async (_, report, why) => {
    expect(await verdictOn(blocked, { objects, reach: () => report })).toMatchObject({
      outcome: 'fail',
      why,
    });
  });

  test('does not take a missing pod for a blocked one', async () => {
    expect(await verdictOn(blocked, { objects: { pods: [pod('b')] } })).toMatchObject({
      outcome: 'fail',
      observed: 'pod/b has no address',
      why: 'pod/b does not exist or is not running yet.',
    });
  });

  test('asks for the flow it describes', async () => {
    const flows: unknown[] = [];
    const echo = 'reach: { from: pod/a, to: 10.0.0.1, protocol: icmp, size: 1450, expect: delivered }';
    const reach = (flow: unknown) => {
      flows.push(flow);
      return {};
    };
    await verdictOn(echo, { reach });
    expect(flows).toEqual([
      {
        from: { kind: 'pod', namespace: 'default', name: 'a' },
        to: { kind: 'address', address: '10.0.0.1' },
        protocol: 'icmp',
        size: 1450,
        dontFragment: true,
      },
    ]);
  });
});
