/** A terminal's other end without a shell behind it: it echoes, edits with Backspace, and knows a handful of commands. */
import { UNACKNOWLEDGED_LIMIT } from '../../src/contract/wire.ts';

interface Events {
  data(bytes: Uint8Array): void;
  exit(code: number): void;
  crash(): void;
}

const OUTPUT: Readonly<Record<string, string>> = {
  'kubectl get pods -o wide': [
    'NAME     READY   STATUS    RESTARTS   AGE   IP              NODE    NOMINATED NODE   READINESS GATES',
    'client   1/1     Running   0          2m    10.244.166.129  node1   <none>           <none>',
    'far      1/1     Running   0          2m    10.244.104.1    node3   <none>           <none>',
    'near     1/1     Running   0          2m    10.244.104.65   node2   <none>           <none>',
  ].join('\n'),
  'ip route': [
    'default via 10.0.0.1 dev eth0 ',
    '10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.11 ',
    '10.244.104.0/26 via 10.244.104.0 dev vxlan.calico onlink ',
    'blackhole 10.244.166.128/26 proto 80 ',
    '10.244.166.129 dev cali5f3a1c2b9d7 scope link ',
  ].join('\n'),
  colours: [30, 31, 32, 33, 34, 35, 36, 37, 90, 91, 92, 93, 94, 95, 96, 97]
    .map((code) => `\x1b[${code}mcolour ${code}\x1b[0m`)
    .join(' '),
};

export class CannedShell {
  readonly #events: Events;
  readonly #prompt: string;
  #line = '';
  #outstanding = 0;
  #flood = 0;

  constructor(place: string, events: Events) {
    this.#events = events;
    this.#prompt =
      place === 'workstation' ? 'learner@workstation:~$ ' : `root@${place.split('/').at(-1) ?? place}:~# `;
  }

  start(): void {
    this.#say(`\x1b[?2004h${this.#prompt}`);
  }

  type(text: string): void {
    for (const character of text.replaceAll('\x1b[200~', '').replaceAll('\x1b[201~', ''))
      this.#key(character);
  }

  drawn(bytes: number): void {
    this.#outstanding -= bytes;
    this.#pour();
  }

  #key(character: string): void {
    if (character === '\r') {
      this.#say('\r\n');
      this.#run(this.#line.trim());
      this.#line = '';
    } else if (character === '\x7f') {
      if (this.#line !== '') this.#say('\b \b');
      this.#line = this.#line.slice(0, -1);
    } else if (character === '\x03') {
      this.#line = '';
      this.#say(`^C\r\n${this.#prompt}`);
    } else if (character >= ' ') {
      this.#line += character;
      this.#say(character);
    }
  }

  #run(command: string): void {
    if (command === 'exit') {
      this.#say('exit\r\n');
      this.#events.exit(0);
      return;
    }
    if (command === 'crash') {
      this.#events.crash();
      return;
    }
    if (command === 'flood') {
      this.#flood = 40_000;
      this.#pour();
      return;
    }
    const output =
      OUTPUT[command] ?? (command === '' ? '' : `bash: ${command.split(' ')[0] ?? ''}: command not found`);
    this.#say(output === '' ? this.#prompt : `${output.replaceAll('\n', '\r\n')}\r\n${this.#prompt}`);
  }

  /** Many lines, paused whenever too many bytes are not drawn yet. */
  #pour(): void {
    while (this.#flood > 0 && this.#outstanding < UNACKNOWLEDGED_LIMIT) {
      this.#flood -= 1;
      this.#say(`line ${this.#flood}\r\n${this.#flood === 0 ? this.#prompt : ''}`);
    }
  }

  #say(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.#outstanding += bytes.length;
    this.#events.data(bytes);
  }
}
