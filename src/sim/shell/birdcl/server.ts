/**
 * BIRD's end of the control socket: reads one expanded command and answers it. Looking is whole; what would change the
 * daemon is read and judged as by the real one, and then refused in a plain sentence, for a simulated BIRD follows the
 * configuration that confd gives it and nothing else.
 * Source: the CLI rules of nest/config.Y, proto/bfd/config.Y, proto/static/config.Y, sysdep/unix/config.Y, BIRD 1.6.8.
 */
import { formatIpCidr, type IpFamily } from '../../../model/ip-family.ts';
import { formatIpv4 } from '../../../model/ip.ts';
import { showInterfaces, showInterfacesSummary, type SeenInterface } from './interfaces.ts';
import { chosenProtocols, showProtocols } from './protocols.ts';
import { dateTime, DONE, lines, only, type Reply } from './reply.ts';
import { showRoute, type RouteContext } from './routes.ts';
import { BirdError, syntaxError, Words } from './words.ts';

export interface Daemon extends RouteContext {
  readonly interfaces: readonly SeenInterface[];
  /** This session may only look. */
  readonly restricted: boolean;
}

export function answer(name: string, rest: string, daemon: Daemon): Reply {
  try {
    return (LOOKING[name] ?? changing(name))(new Words(rest, understood(daemon)), daemon);
  } catch (problem) {
    if (problem instanceof BirdError) return only(9001, problem.message);
    throw problem;
  }
}

/** BIRD 2 understands both families, whatever it has tables for. */
const understood = ({ view: { software, families } }: Daemon): readonly IpFamily[] =>
  software === 'bird-2' ? [4, 6] : families;

type Handler = (words: Words, daemon: Daemon) => Reply;

const plain =
  (reply: (daemon: Daemon) => Reply): Handler =>
  (words, daemon) => {
    words.end();
    return reply(daemon);
  };

const LOOKING: Readonly<Record<string, Handler>> = {
  'show status': plain(showStatus),
  'show protocols': (words, daemon) => showProtocols(words, daemon, false),
  'show protocols all': (words, daemon) => showProtocols(words, daemon, true),
  'show route': showRoute,
  'show interfaces': plain(({ interfaces, view }) => showInterfaces(interfaces, view.software)),
  'show interfaces summary': plain(({ interfaces, view }) =>
    showInterfacesSummary(interfaces, view.software),
  ),
  'show static': showStatic,
  'show bfd sessions': showBfd,
  'show roa': () => only(9001, 'No ROA table defined'),
  'show memory': plain(() => only(8009, 'show memory: a simulated BIRD takes no memory of its own')),
  'show symbols': () => only(8009, 'show symbols: not simulated; show protocols lists the protocols by name'),
  restrict: plain(() => only(16, 'Access restricted')),
  // To the server these are no commands.
  help: () => only(9001, 'syntax error'),
  exit: () => only(9001, 'syntax error'),
  quit: () => only(9001, 'syntax error'),
};

function showStatus({ view, epoch }: Daemon): Reply {
  return [
    { code: 1000, text: `BIRD ${view.version}` },
    ...lines(1011, [
      `Router ID is ${formatIpv4(view.routerId)}`,
      ...(view.software === 'bird-2' ? [`Hostname is ${view.hostname}`] : []),
      `Current server time is ${dateTime(view.now, { epoch, software: view.software })}`,
      `Last reboot on ${dateTime(view.startedAt, { epoch, software: view.software })}`,
      `Last reconfiguration on ${dateTime(view.reconfiguredAt, { epoch, software: view.software })}`,
    ]),
    { code: 13, text: 'Daemon is up and running' },
  ];
}

function showStatic(words: Words, { view }: Daemon): Reply {
  const name = words.peek().kind === 'end' ? undefined : words.symbol();
  words.end();
  const [first] = view.protocols.filter(({ kind }) => kind === 'Static');
  if (name !== undefined && !isOfKind(view.protocols, name, 'Static'))
    throw new BirdError(`${name}: Not a Static protocol`);
  if (!first) throw new BirdError('There is no Static protocol running');
  if (view.software === 'bird-2') return showStatic2(view, name);
  const own = view.routes.filter(({ protocol }) => protocol === (name ?? first.name));
  return [
    ...lines(
      1009,
      own.map(({ prefix, target }) => `${formatIpCidr(prefix)} ${target.kind}`),
    ),
    DONE,
  ];
}

/** Protocol by protocol, with an empty line between. */
function showStatic2({ protocols, routes }: Daemon['view'], wanted: string | undefined): Reply {
  const names = protocols.flatMap(({ kind, name }) =>
    kind === 'Static' && (wanted === undefined || wanted === name) ? [name] : [],
  );
  const texts = names.map((name) =>
    routes
      .filter(({ protocol }) => protocol === name)
      .map(({ prefix, target }) => `${formatIpCidr(prefix)}\t${target.kind}`),
  );
  return [
    ...lines(
      1009,
      texts.flatMap((each, at) => (at === 0 ? each : ['', ...each])),
    ),
    DONE,
  ];
}

function isOfKind(protocols: Daemon['view']['protocols'], wanted: string, kind: string): boolean {
  const found = protocols.find(({ name }) => name === wanted);
  if (!found) throw new BirdError(`${wanted}: Not a protocol`);
  return found.kind === kind;
}

/** Calico's configuration has no BFD. */
function showBfd(words: Words, { view }: Daemon): Reply {
  const name = words.peek().kind === 'end' ? undefined : words.symbol();
  words.end();
  if (name === undefined) throw new BirdError('There is no BFD protocol running');
  const what = view.protocols.some((protocol) => protocol.name === name) ? 'BFD protocol' : 'protocol';
  throw new BirdError(`${name}: Not a ${what}`);
}

const CONTROLS = ['disable', 'enable', 'restart', 'reload', 'reload in', 'reload out'];

function changing(name: string): Handler {
  return (words, { view, restricted }) => {
    if (CONTROLS.includes(name)) return control(name, words, { view, restricted });
    if (name === 'down') words.end();
    if (restricted && name !== 'eval' && name !== 'echo') return only(8007, 'Access denied');
    const who = view.software === 'bird-2' ? "the lab's topology" : 'confd';
    return only(8009, `${name}: not simulated: ${who} alone configures BIRD here`);
  };
}

function control(
  name: string,
  words: Words,
  { view, restricted }: Pick<Daemon, 'view' | 'restricted'>,
): Reply {
  if (words.peek().kind === 'end') throw syntaxError();
  const chosen = chosenProtocols(words, view, true);
  if (restricted) return only(8007, 'Access denied');
  if (chosen.length === 0) return only(8003, 'No protocols match');
  const instead = view.software === 'bird-2' ? '' : '; change BGPConfiguration instead';
  const sentence = `not simulated: ${name} would act on a running daemon${instead}`;
  return [
    ...lines(
      8009,
      chosen.map((protocol) => `${protocol.name}: ${sentence}`),
    ),
    DONE,
  ];
}
