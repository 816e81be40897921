/**
 * `kubectl port-forward` in one terminal and its clients in others, on one simulated cluster. Outputs are those of kubectl
 * v1.32.4 on that cluster's API server; containerd's errors are those of its source (2.x).
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ipv4 } from '../../../../model/ip.ts';
import { WORKSTATION, type Place } from '../../../../model/place.ts';
import { Simulator } from '../../../index.ts';
import { labCommands } from '../../../commands.ts';
import { imageFiles } from '../../files-image.ts';
import { MemoryFiles } from '../../memory-files.ts';
import { Shell } from '../../shell.ts';
import { TWO_RACKS } from '../lab.contract.ts';

const EPOCH = Date.UTC(2026, 4, 1, 10);

let cluster: Simulator;
let terminals: AbortController[];

function shellAt(place: Place): Shell {
  const { cluster: api, network, routing, agents, clock } = cluster;
  return new Shell({
    place,
    commands: labCommands,
    ports: { cluster: api, network, routing, agents, clock },
    files: new MemoryFiles({ files: imageFiles(place, { hosts: [] }), now: () => cluster.now }),
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    elsewhere: (other) => shellAt(other),
  });
}

class Terminal {
  said = '';
  readonly ended: Promise<number>;
  readonly #control = new AbortController();
  #over = false;

  constructor(place: Place, line: string) {
    terminals.push(this.#control);
    const decoder = new TextDecoder();
    const write = (data: string | Uint8Array): Promise<void> => {
      this.said += typeof data === 'string' ? data : decoder.decode(data);
      return Promise.resolve();
    };
    const { signal } = this.#control;
    this.ended = shellAt(place)
      .run(line, { stdout: { write }, stderr: { write }, signal })
      .finally(() => (this.#over = true));
  }

  get over(): boolean {
    return this.#over;
  }

  interrupt(): Promise<number> {
    this.#control.abort();
    return this.ended;
  }
}

/** Lets programs run until they wait for something other than the time. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (cluster.nextEventAt !== undefined && turn % 4 === 3) cluster.advanceTo(cluster.now + 20);
  }
}

/** What a command says that ends by itself. */
async function type(line: string, place: Place = WORKSTATION): Promise<{ status: number; said: string }> {
  const terminal = new Terminal(place, line);
  while (!terminal.over) {
    await new Promise((resolve) => setImmediate(resolve));
    const due = cluster.nextEventAt;
    if (due !== undefined) cluster.advanceTo(due);
  }
  return { status: await terminal.ended, said: terminal.said };
}

/** A command that runs on, once it has said what it says at first. */
async function start(line: string, place: Place = WORKSTATION): Promise<Terminal> {
  const terminal = new Terminal(place, line);
  await idle();
  return terminal;
}

const POD = `apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  nodeName: node1
  containers:
  - {name: web, image: registry.k8s.io/e2e-test-images/agnhost:2.53, args: [netexec], ports: [{containerPort: 8080, name: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: www, port: 80, targetPort: http}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: nobody}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
`;

beforeEach(async () => {
  terminals = [];
  cluster = new Simulator({ topology: TWO_RACKS, seed: 1, epoch: EPOCH, defaultPool: true });
  cluster.settle(30_000);
  expect((await type(`kubectl apply -f - <<'END'\n${POD}END`)).said).toContain('pod/web created');
  cluster.settle(30_000);
});
afterEach(() => {
  for (const terminal of terminals) terminal.abort();
});

describe('a forwarded port', () => {
  test('takes connections until Ctrl-C, past every policy, from inside of the pod', async () => {
    const forward = await start('kubectl port-forward pod/web 8080');
    expect(forward.said).toBe('Forwarding from 127.0.0.1:8080 -> 8080\nForwarding from [::1]:8080 -> 8080\n');
    expect((await type('curl -s http://localhost:8080/hostname')).said).toBe('web');
    expect((await type('curl -s http://127.0.0.1:8080/clientip')).said).toMatch(/^127\.0\.0\.1:\d+$/);
    await idle();
    expect(forward.said).toMatch(/8080\nHandling connection for 8080\nHandling connection for 8080\n$/);
    await forward.interrupt();
    expect(await type('curl http://127.0.0.1:8080/')).toMatchObject({ status: 7 });
    expect(cluster.network.netns('workstation')?.listeners).toEqual([]);
  });

  test('of a service goes to its target port, of a named port to its number, without one to any', async () => {
    const forward = await start('kubectl port-forward svc/web 8081:80 www :80');
    expect(forward.said).toMatch(
      /^Forwarding from 127.0.0.1:8081 -> 8080\nForwarding from \[::1]:8081 -> 8080\nForwarding from 127.0.0.1:80 -> 8080\nForwarding from \[::1]:80 -> 8080\nForwarding from 127.0.0.1:(\d{5}) -> 8080\nForwarding from \[::1]:\1 -> 8080\n$/,
    );
    for (const port of ['8081', '80', /1:(\d{5})/.exec(forward.said)?.[1]])
      expect((await type(`curl -s http://127.0.0.1:${port}/hostname`)).said).toBe('web');
  });

  test('carries what is no HTTP too', async () => {
    const server = await start('nc -l -p 5000', { kind: 'pod', namespace: 'default', name: 'web' });
    const forward = await start('kubectl port-forward web 5001:5000');
    expect(await type('echo hello | nc -N 127.0.0.1 5001')).toEqual({ status: 0, said: '' });
    await idle();
    expect(server.said).toBe('hello\n');
    expect(forward.said).toMatch(/Handling connection for 5001\n$/);
  });

  test('crosses the loopback of the pod, and nothing else', async () => {
    await start('kubectl port-forward web 8080');
    const { frames } = cluster.ask({
      kind: 'http',
      request: {
        from: 'workstation',
        to: ipv4('127.0.0.1'),
        port: 8080,
        sourcePort: 40_000,
        host: 'x',
        path: '/',
        method: 'GET',
      },
    });
    expect(new Set(frames.map(({ netns, device }) => `${netns} ${device}`))).toEqual(
      new Set(['workstation lo', 'pod/default/web lo']),
    );
  });

  test('where nobody listens tells both sides, and ends', async () => {
    const forward = await start('kubectl port-forward pod/web 8080:81');
    expect(await type('curl http://127.0.0.1:8080/')).toMatchObject({
      status: 52,
      said: expect.stringMatching(/curl: \(52\) Empty reply from server\n$/) as unknown,
    });
    expect(await forward.ended).toBe(1);
    expect(forward.said).toMatch(
      /\nHandling connection for 8080\nE0501 10:\d\d:\d\d\.\d{6} +\d+ portforward\.go:424] "Unhandled Error" err="an error occurred forwarding 8080 -> 81: error forwarding port 81 to pod ([\da-f]{64}), uid : failed to execute portforward in network namespace \\"\/var\/run\/netns\/cni-[\da-f-]{36}\\": failed to connect to localhost:81 inside namespace \\"\1\\", IPv4: dial tcp4 127\.0\.0\.1:81: connect: connection refused IPv6 dial tcp6 \[::1]:81: connect: connection refused "\nerror: lost connection to pod\n$/,
    );
    expect(cluster.network.netns('workstation')?.listeners).toEqual([]);
  });

  test('of a pod that goes ends with the next connection, also when another takes its name', async () => {
    const forward = await start('kubectl port-forward pod/web 8080');
    await type('kubectl delete pod web --now');
    await type(`kubectl apply -f - <<'END'\n${POD}END`);
    cluster.settle(30_000);
    await idle();
    expect(forward.over).toBe(false);
    expect(await type('curl -s http://127.0.0.1:8080/')).toMatchObject({ status: 52 });
    expect(await forward.ended).toBe(1);
    expect(forward.said).toMatch(
      /failed to find sandbox \\"[\da-f]{64}\\" in store: not found"\nerror: lost connection to pod\n$/,
    );
  });

  test('is not kept by a snapshot, and lasts when the world is gone back to', async () => {
    const forward = await start('kubectl port-forward pod/web 8080');
    const before = cluster.world;
    const decoded = cluster.decode(cluster.encode());
    expect(decoded.ok && decoded.value.edits.get('workstation')).toBe(undefined);
    cluster.restore(before);
    await idle();
    expect((await type('curl -s http://127.0.0.1:8080/hostname')).said).toBe('web');
    expect(forward.over).toBe(false);
  });
});

describe('a port that is taken', () => {
  const taken = 'address already in use';

  test('by another kubectl', async () => {
    await start('kubectl port-forward pod/web 8080');
    expect(await type('kubectl port-forward pod/web 8080')).toEqual({
      status: 1,
      said: `Unable to listen on port 8080: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 127.0.0.1:8080: bind: ${taken} unable to create listener: Error listen tcp6 [::1]:8080: bind: ${taken}]
error: unable to listen on any of the requested ports: [{8080 8080}]
`,
    });
    const other = await start('kubectl port-forward pod/web 8080 8081:8080 --address 127.0.0.1');
    expect(other.said).toBe(
      `Unable to listen on port 8080: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 127.0.0.1:8080: bind: ${taken}]\nForwarding from 127.0.0.1:8081 -> 8080\n`,
    );
  });

  test('by a program that speaks IPv4 only', async () => {
    await start('nc -l -p 8080');
    expect((await start('kubectl port-forward pod/web 8080')).said).toBe(
      'Forwarding from [::1]:8080 -> 8080\n',
    );
  });
});

describe('on a node', () => {
  const node1: Place = { kind: 'node', name: 'node1' };

  test('the port is not reached from elsewhere', async () => {
    const forward = await start('kubectl port-forward pod/web 8080', node1);
    expect(forward.said).toMatch(/^Forwarding from 127/);
    expect((await type('curl -s http://127.0.0.1:8080/hostname', node1)).said).toBe('web');
    expect((await type('ss -tlnH', node1)).said).toContain(' 127.0.0.1:8080 ');
    expect(await type('curl -s http://10.0.0.11:8080/', { kind: 'node', name: 'node2' })).toMatchObject({
      status: 7,
    });
  });

  test('unless that is asked for', async () => {
    await start('kubectl port-forward pod/web 8080 --address 0.0.0.0', node1);
    expect((await type('curl -s http://10.0.0.11:8080/hostname', { kind: 'node', name: 'node2' })).said).toBe(
      'web',
    );
  });
});

describe('refusals', () => {
  const PODS = 'kubectl port-forward pod/web';

  test.each([
    [
      'kubectl port-forward',
      "error: TYPE/NAME and list of ports are required for port-forward\nSee 'kubectl port-forward -h' for help and examples",
    ],
    [
      'kubectl port-forward web',
      "error: TYPE/NAME and list of ports are required for port-forward\nSee 'kubectl port-forward -h' for help and examples",
    ],
    [
      `${PODS} 80 --pod-running-timeout=0s`,
      "error: --pod-running-timeout must be higher than zero\nSee 'kubectl port-forward -h' for help and examples",
    ],
    [`${PODS} abc`, "error: Pod 'web' does not have a named port 'abc'"],
    [`${PODS} :`, "error: Pod 'web' does not have a named port ''"],
    [`${PODS} 8080:0`, 'error: remote port must be > 0'],
    [
      `${PODS} 99999`,
      'error: error parsing local port \'99999\': strconv.ParseUint: parsing "99999": value out of range',
    ],
    [
      `${PODS} 8080:-1`,
      'error: error parsing remote port \'-1\': strconv.ParseUint: parsing "-1": invalid syntax',
    ],
    [
      `${PODS} 80x:80`,
      'error: error parsing local port \'80x\': strconv.ParseUint: parsing "80x": invalid syntax',
    ],
    [`${PODS} 80 --address foo`, 'error: foo is not a valid IP'],
    [
      `${PODS} 8080:80 --address 10.9.8.7`,
      'Unable to listen on port 8080: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 10.9.8.7:8080: bind: cannot assign requested address]\nerror: unable to listen on any of the requested ports: [{8080 80}]',
    ],
    ['kubectl port-forward pod/none 80', 'Error from server (NotFound): pods "none" not found'],
    ['kubectl port-forward foo/none 80', 'error: the server doesn\'t have a resource type "foo"'],
    [
      'kubectl port-forward a/b/c 80',
      'error: arguments in resource/name form may not have more than one slash',
    ],
    [
      'kubectl port-forward node/node1 80',
      'error: cannot attach to *v1.Node: selector for *v1.Node not implemented',
    ],
    [
      'kubectl port-forward svc/kubernetes 8443:443',
      "error: cannot attach to *v1.Service: invalid service 'kubernetes': Service is defined without a selector",
    ],
    ['kubectl port-forward svc/web 8080:54', 'error: Service web does not have a service port 54'],
    ['kubectl port-forward svc/web 8080:nope', "error: Service 'web' does not have a named port 'nope'"],
  ])('%s', async (line, said) => {
    expect(await type(line)).toEqual({ status: 1, said: `${said}\n` });
  });

  test('a pod that does not run, and one that never comes', async () => {
    await type(`kubectl run late --image=nginx --overrides='{"spec":{"nodeSelector":{"a":"b"}}}'`);
    expect(await type('kubectl port-forward late 80')).toEqual({
      status: 1,
      said: 'error: unable to forward port because pod is not running. Current status=Pending\n',
    });
    await type('kubectl create deploy zero --image=nginx --replicas=0');
    const before = cluster.now;
    expect((await type('kubectl port-forward deploy/zero 80')).said).toBe(
      'error: timed out waiting for the condition\n',
    );
    expect(cluster.now - before).toBeGreaterThanOrEqual(60_000);
  });
});

test('the workstation has its loopback, and nothing beyond', async () => {
  expect(await type('curl -s -S http://10.0.0.11/')).toEqual({
    status: 7,
    said: "curl: (7) Failed to connect to 10.0.0.11 port 80 after 0 ms: Couldn't connect to server\n",
  });
  expect(await type('ping -c 1 10.0.0.11')).toEqual({
    status: 2,
    said: 'ping: connect: Network is unreachable\n',
  });
});
