import { test } from 'vitest';
import { TestCluster, deployment, service, twoRacks, countingCni } from './cluster-fixture.ts';
import { ok } from '../../base/result.ts';
import { addressAt, cidr } from '../../model/ip.ts';
test('x', () => {
  let n = 0;
  const fast = { ...countingCni, add: () => ok({ address: addressAt(cidr('10.244.0.0/16'), ++n), mac: 'x' as never, mtu: 1450, hostInterface: 'c', hostIndex: 3 }) };
  let s = performance.now();
  const lap = (what: string) => { console.log(what, Math.round(performance.now() - s)); s = performance.now(); };
  const c = new TestCluster({ topology: twoRacks(500), cni: fast });
  lap('boot');
  c.wait(5000); lap('settled ' + c.list('pods').length);
  for (let i = 0; i < 50; i++) { c.create(deployment('web' + i, 80)); c.create(service('web' + i)); }
  lap('created');
  c.wait(1000); lap('1s'); c.wait(1000); lap('2s'); c.wait(8000); lap('10s');
  console.log(c.list('pods').filter(p => (p.status as any).phase === 'Running').length, c.list('pods').length);
}, 120000);
