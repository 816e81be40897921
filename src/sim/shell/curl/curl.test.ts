import { describe, expect, test } from 'vitest';
import { utf8Text } from '../../../base/bytes.ts';
import { stage } from '../network/stage.contract.ts';
import { curl } from './curl.ts';

const at = (): ReturnType<typeof stage> => stage([curl]);

describe('in the reference lab', () => {
  test('the body, nothing else, on a terminal', async () => {
    expect(await at().type('pod/web-0', 'curl 10.244.135.1', { terminal: true })).toMatchObject({
      screen: 'web-4 on node3 saw 10.244.166.129\n',
      status: 0,
    });
  });

  test('with natOutgoing the outside host sees the node', async () => {
    const lab = stage([curl], { natOutgoing: true });
    expect((await lab.type('pod/web-0', 'curl -s http://203.0.113.10/')).stdout).toBe(
      'outside saw 10.0.0.11\n',
    );
  });

  test('-i and -I show the headers', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 34\r\n\r\n';
    expect((await at().type('pod/web-0', 'curl -si 10.244.135.1')).stdout).toBe(
      `${head}web-4 on node3 saw 10.244.166.129\n`,
    );
    expect((await at().type('pod/web-0', 'curl -sI 10.244.135.1')).stdout).toBe(head);
  });

  test('-v tells the conversation', async () => {
    expect((await at().type('pod/web-0', 'curl -sv 10.244.135.1/foo?x=1')).stderr)
      .toBe(`*   Trying 10.244.135.1:80...
* Connected to 10.244.135.1 (10.244.135.1) port 80 (#0)
> GET /foo?x=1 HTTP/1.1
> Host: 10.244.135.1
> User-Agent: curl/7.88.1
> Accept: */*
> 
< HTTP/1.1 200 OK
< Content-Type: text/plain; charset=utf-8
< Content-Length: 34
< 
{ [34 bytes data]
* Connection #0 to host 10.244.135.1 left intact
`);
  });

  test('-o keeps the body in a file, -w reports', async () => {
    const lab = at();
    const { stdout } = await lab.type(
      'pod/web-0',
      'curl -s -o out.txt -w %{http_code}␣%{remote_ip}:%{remote_port}␣%{size_download}\\n 10.244.135.1',
    );
    expect(stdout).toBe('200 10.244.135.1:80 34\n');
    expect(utf8Text(lab.files.get('/root/out.txt') ?? new Uint8Array())).toBe(
      'web-4 on node3 saw 10.244.166.129\n',
    );
  });
});

// Provenance: curl 7.88.1 run in a network namespace (wordings and exit codes; times are the lab's).
describe('errors are those of the real tool', () => {
  test.each([
    [
      'pod/web-0',
      'curl -sS 10.244.135.1:81',
      "curl: (7) Failed to connect to 10.244.135.1 port 81 after 0 ms: Couldn't connect to server",
      7,
    ],
    [
      'node/node1',
      'curl -sS 10.244.166.168',
      "curl: (7) Failed to connect to 10.244.166.168 port 80 after 0 ms: Couldn't connect to server",
      7,
    ],
    [
      'node/node1',
      'curl -sS 10.0.0.99',
      "curl: (7) Failed to connect to 10.0.0.99 port 80 after 3000 ms: Couldn't connect to server",
      7,
    ],
    [
      'pod/web-0',
      'curl -sS -m 5 10.244.166.168',
      'curl: (28) Connection timed out after 5000 milliseconds',
      28,
    ],
    [
      'pod/web-0',
      'curl -sS --connect-timeout 2 10.244.166.168',
      'curl: (28) Failed to connect to 10.244.166.168 port 80 after 2000 ms: Timeout was reached',
      28,
    ],
    [
      'pod/web-0',
      'curl -sS 10.244.166.168',
      "curl: (28) Failed to connect to 10.244.166.168 port 80 after 127000 ms: Couldn't connect to server",
      28,
    ],
    ['pod/web-0', 'curl -sS foo', 'curl: (6) Could not resolve host: foo', 6],
    [
      'workstation',
      'curl -sS 10.0.0.11',
      "curl: (7) Failed to connect to 10.0.0.11 port 80 after 0 ms: Couldn't connect to server",
      7,
    ],
    [
      'pod/web-0',
      'curl -sS foo://10.0.0.1',
      'curl: (1) Protocol "foo" not supported or disabled in libcurl',
      1,
    ],
    ['pod/web-0', 'curl -sS https://10.0.0.1', 'curl: (1) https is not simulated; use http', 1],
    ['pod/web-0', 'curl -sS http://', 'curl: (3) URL using bad/illegal format or missing URL', 3],
    [
      'pod/web-0',
      'curl -sS http://10.0.0.1:99999/',
      'curl: (3) URL using bad/illegal format or missing URL',
      3,
    ],
    ['pod/web-0', 'curl', "curl: try 'curl --help' or 'curl --manual' for more information", 2],
    [
      'pod/web-0',
      'curl --foo',
      "curl: option --foo: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information",
      2,
    ],
    [
      'pod/web-0',
      'curl -m',
      "curl: option -m: requires parameter\ncurl: try 'curl --help' or 'curl --manual' for more information",
      2,
    ],
    [
      'pod/web-0',
      'curl -m abc 10.0.0.1',
      "curl: option -m: expected a proper numerical parameter\ncurl: try 'curl --help' or 'curl --manual' for more information",
      2,
    ],
  ])('%s# %s', async (place, line, message, status) => {
    expect(await at().type(place, line)).toMatchObject({ stdout: '', stderr: `${message}\n`, status });
  });

  test('-s alone says nothing, the code remains', async () => {
    expect(await at().type('pod/web-0', 'curl -s 10.244.135.1:81')).toEqual({
      stdout: '',
      stderr: '',
      screen: '',
      status: 7,
    });
    expect(
      (await at().type('pod/web-0', 'curl -s -o /dev/null -w %{http_code}\\n 10.244.135.1:81')).stdout,
    ).toBe('000\n');
  });

  test('-v of a refusal, of no route', async () => {
    expect((await at().type('pod/web-0', 'curl -v 10.244.135.1:81', { terminal: true })).screen)
      .toBe(`*   Trying 10.244.135.1:81...
* connect to 10.244.135.1 port 81 failed: Connection refused
* Failed to connect to 10.244.135.1 port 81 after 0 ms: Couldn't connect to server
* Closing connection 0
curl: (7) Failed to connect to 10.244.135.1 port 81 after 0 ms: Couldn't connect to server
`);
    expect((await at().type('router/router', 'curl -v 8.8.8.8', { terminal: true })).screen).toContain(
      '* Immediate connect fail for 8.8.8.8: Network is unreachable\n',
    );
  });

  test('-f turns an error page into a failure', async () => {
    const lab = at();
    lab.network.http = () => ({ kind: 'response', status: 404, headers: [], body: 'no', rtt: 1, traces: [] });
    expect(await lab.type('pod/web-0', 'curl -sSf 10.244.135.1/foo')).toMatchObject({
      stdout: '',
      stderr: 'curl: (22) The requested URL returned error: 404\n',
      status: 22,
    });
  });

  test('a connection whose answer is lost', async () => {
    const lab = at();
    lab.network.http = ({ to }) => ({ kind: 'timeout', sourceSeen: to, traces: [] });
    expect(await lab.type('pod/web-0', 'curl -sS -m 5 10.244.135.1')).toMatchObject({
      stderr: 'curl: (28) Operation timed out after 5000 milliseconds with 0 bytes received\n',
      status: 28,
    });
  });

  test('an unknown variable of -w', async () => {
    expect(await at().type('pod/web-0', 'curl -s -o /dev/null -w %{foo}x 10.244.135.1')).toMatchObject({
      stdout: 'x',
      stderr: "curl: unknown --write-out variable: 'foo'\n",
    });
  });
});

test('the meter is shown unless the body goes to a terminal', async () => {
  const { stderr } = await at().type('pod/web-0', 'curl 10.244.135.1:81');
  expect(stderr).toBe(
    '  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n' +
      '                                 Dload  Upload   Total   Spent    Left  Speed\n' +
      '\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0' +
      '\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0\n' +
      "curl: (7) Failed to connect to 10.244.135.1 port 81 after 0 ms: Couldn't connect to server\n",
  );
});

test('Ctrl-C ends a silent connection', async () => {
  const lab = at();
  await lab.type('pod/web-0', 'curl -s 10.244.166.168', { abortAt: 1000 });
  expect(lab.clock.now).toBe(1000);
});
