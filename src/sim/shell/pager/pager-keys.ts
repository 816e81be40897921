/** What each key does in less (less 590). */
import type { Pager } from './pager.ts';

type Action = (pager: Pager, count: number | undefined) => void;

const same = (keys: string, action: Action): readonly (readonly [string, Action])[] =>
  keys.split(/(?<=\S) (?=\S)/).map((key) => [key === 'SPACE' ? ' ' : key, action] as const);

export const COMMANDS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ...same('q Q', (pager) => (pager.quit = true)),
  ...same('h H', (pager) => (pager.help = true)),
  ...same('e j <C-e> <C-n> <enter> <down> <C-j>', (pager, count = 1) => pager.forward(count)),
  ...same('y k <C-y> <C-k> <C-p> <up>', (pager, count = 1) => pager.backward(count)),
  ...same('f <C-f> <C-v> SPACE z <pagedown>', (pager, count) => pager.forward(count ?? pager.page)),
  ...same('b <C-b> w <M-v> <pageup>', (pager, count) => pager.backward(count ?? pager.page)),
  ...same('d <C-d>', (pager, count) => pager.forward(count ?? Math.floor((pager.page + 1) / 2))),
  ...same('u <C-u>', (pager, count) => pager.backward(count ?? Math.floor((pager.page + 1) / 2))),
  ...same('g < <home> <M-<> <C-home>', (pager, count = 1) => pager.goTo(count)),
  ...same('G > <end> <M->> <C-end>', (pager, count) =>
    count === undefined ? pager.end() : pager.goTo(count),
  ),
  ...same('p %', (pager, count = 0) => pager.percent(count)),
  ...same('F', (pager) => pager.follow()),
  ...same('<right>', (pager, count) => pager.sideways(1, count)),
  ...same('<left>', (pager, count) => pager.sideways(-1, count)),
  ...same('/', (pager) => pager.ask('/')),
  ...same('?', (pager) => pager.ask('?')),
  ...same('n', (pager, count = 1) => pager.again(true, count)),
  ...same('N', (pager, count = 1) => pager.again(false, count)),
  ...same(':', (pager) => pager.ask(':')),
  ...same('-', (pager) => pager.ask('-')),
  ...same('= <C-g>', (pager) => pager.info()),
  ...same('<M-u>', (pager) => pager.toggleHighlight()),
  ...same('r R <C-l> <C-r>', () => undefined),
  ...same('v', (pager) => pager.say('Cannot edit from here: leave with q and use nano or vi')),
]);
