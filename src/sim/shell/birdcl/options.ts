/** The command line of the client, as getopt reads it: options may also stand behind the command. */
export const SOCKET = '/var/run/calico/bird.ctl';
/** The daemon of IPv6 has a socket of its own. */
export const SOCKET_6 = '/var/run/calico/bird6.ctl';
/** Debian's. */
export const ROUTER_SOCKET = '/run/bird/bird.ctl';

export interface Client {
  readonly program: string;
  /** Unless -s names another. */
  readonly socket: string;
}

export interface Options {
  readonly socket: string;
  readonly verbose: boolean;
  readonly restricted: boolean;
  /** Undefined: read commands from the standard input. */
  readonly command: string | undefined;
}

interface Given {
  readonly program: string;
  socket: string;
  verbose: boolean;
  restricted: boolean;
  readonly words: string[];
}

/** getopt's complaint when it cannot. */
export function parseOptions(args: readonly string[], { program, socket }: Client): Options | string {
  const given: Given = { program, socket, verbose: false, restricted: false, words: [] };
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      given.words.push(...rest.splice(0));
    } else if (arg.startsWith('-') && arg !== '-') {
      const complaint = readLetters(arg.slice(1), rest, given);
      if (complaint !== undefined) return complaint;
    } else {
      given.words.push(arg);
    }
  }
  const { words, program: _program, ...options } = given;
  return { ...options, command: words.length === 0 ? undefined : words.join(' ') };
}

function readLetters(letters: string, rest: string[], given: Given): string | undefined {
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters.charAt(at);
    if (letter === 's') {
      const value = letters.slice(at + 1) || rest.shift();
      if (value === undefined) return `${given.program}: option requires an argument -- 's'\n`;
      given.socket = value;
      return undefined;
    }
    if (letter === 'v') given.verbose = true;
    else if (letter === 'r') given.restricted = true;
    else if (letter === 'l') given.socket = given.socket.slice(given.socket.lastIndexOf('/') + 1);
    else return `${given.program}: invalid option -- '${letter}'\n`;
  }
  return undefined;
}
