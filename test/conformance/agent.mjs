// Runs inside one network namespace and does what it is told there, one JSON object a line: it serves, it probes, it marks.
// Every answer carries the number of its question. It ends when its standard input does.
import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import process from 'node:process';
import { createInterface } from 'node:readline';

/** The port, on loopback, to which marks are sent for the capture to see. */
const MARK_PORT = 9;
const open = new Set();

const tasks = {
  /** Servers that answer anything: `Listener`s of the simulator. */
  listen: ({ tcp, udp }) => Promise.all([...tcp.map(listenTcp), ...udp.map(listenUdp)]).then(() => ({})),
  ping,
  udp,
  tcp,
  mark,
  run: ({ argv, input }) => execute(argv, input),
  sysctl: ({ values }) => {
    for (const [path, value] of values) writeFileSync(`/proc/sys/net/${path}`, value);
    return {};
  },
  forget,
  /** Gives up every probe that still waits. */
  quit: () => {
    for (const stop of open) stop();
    open.clear();
    return {};
  },
};

function listenTcp({ port, host }) {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(`seen ${socket.remoteAddress}\n`));
  });
  return new Promise((done, fail) =>
    server.on('error', fail).listen({ port, host, ipv6Only: host.includes(':') }, done),
  );
}

const socketFor = (address) =>
  address.includes(':') ? createSocket({ type: 'udp6', ipv6Only: true }) : createSocket('udp4');

function listenUdp({ port, host }) {
  const socket = socketFor(host);
  socket.on('message', (message, { port: from, address }) => socket.send(message, from, address));
  return new Promise((done, fail) => socket.on('error', fail).bind(port, host, done));
}

function ping({ to, size, pattern, discovery, ttl }) {
  const args = ['-n', '-c', '1', '-W', '1', '-s', size, '-p', pattern, '-M', discovery, '-t', ttl, to].map(
    String,
  );
  return execute(['ping', ...args]);
}

function execute([command, ...args], input = '') {
  return new Promise((done) => {
    const child = execFile(command, args, (error, stdout, stderr) => {
      open.delete(stop);
      done({ code: error ? (error.code ?? -1) : 0, stdout, stderr });
    });
    const stop = () => child.kill('SIGINT');
    open.add(stop);
    child.stdin.on('error', () => undefined); // it may end without reading
    child.stdin.end(input);
  });
}

/** Neighbours, and what was learnt of paths; that of IPv6 goes by a command only. */
async function forget({ inet6 }) {
  writeFileSync('/proc/sys/net/ipv4/route/flush', '1');
  await typed('-4', 'neigh flush all');
  if (inet6) await typed('-6', 'neigh flush all\nroute flush cache');
  return {};
}

/** One `ip` for each family, which stays: a program for each time would cost more than all that is asked. */
const programs = new Map();

/** Resolves when `ip` has done the lines: it does them in order, and says so of the last. */
function typed(family, lines) {
  let program = programs.get(family);
  if (!program) {
    program = spawn('ip', [family, '-force', '-batch', '-'], { stdio: ['pipe', 'pipe', 'ignore'] });
    program.stdout.setEncoding('utf8');
    programs.set(family, program);
  }
  const { stdin, stdout } = program;
  return new Promise((done, fail) => {
    const end = (said) => {
      if (!said.endsWith(LAST_WORDS)) return;
      stdout.off('data', end);
      program.off('exit', fail);
      done();
    };
    stdout.on('data', end);
    program.once('exit', fail);
    stdin.write(`${lines}\nlink show dev lo\n`);
  });
}

/** Of what `link show` says of loopback. */
const LAST_WORDS = '00:00:00:00:00:00 brd 00:00:00:00:00:00\n';

/** One datagram from a connected socket, which hears ICMP errors. */
function udp({ to, port, pattern, size }) {
  return waiting((done) => {
    const socket = socketFor(to);
    const end = (outcome) => done({ outcome }, () => socket.close());
    socket.on('message', () => end('reply'));
    socket.on('error', (error) => end(error.code));
    socket.connect(port, to, (error) => {
      if (error) return end(error.code);
      const data = Buffer.alloc(size, Buffer.from(pattern, 'hex'));
      socket.send(data, (failure) => failure && end(failure.code));
    });
    return () => end('silence');
  });
}

/** A connection, one request over it and the answer. */
function tcp({ to, port, localPort }) {
  return waiting((done) => {
    const socket = connect({ host: to, port, localPort, family: to.includes(':') ? 6 : 4 });
    const end = (outcome) => done({ outcome }, () => socket.destroy());
    socket.on('connect', () => socket.write('GET / HTTP/1.1\r\n\r\n'));
    socket.on('data', () => end('reply'));
    socket.on('error', (error) => end(error.code));
    return () => end('silence');
  });
}

/** `begin` is given what to call with the outcome; the first call counts. It returns how to give up. */
function waiting(begin) {
  return new Promise((done) => {
    let over = false;
    const stop = begin((outcome, close) => {
      if (over) return;
      over = true;
      open.delete(stop);
      close();
      done(outcome);
    });
    open.add(stop);
  });
}

/** A datagram over loopback: once the capture has it, it has everything before it. */
function mark({ text }) {
  return new Promise((done) => {
    const socket = createSocket('udp4');
    socket.on('error', () => undefined);
    socket.send(text, MARK_PORT, '127.0.0.1', () => (socket.close(), done({})));
  });
}

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const { id, task, ...rest } = JSON.parse(line);
    try {
      say({ id, ...(await tasks[task](rest)) });
    } catch (error) {
      say({ id, broken: String(error) });
    }
  })
  .on('close', () => process.exit(0));
