/** `:set`: the options that mean something here; others that real users have in their vimrc are taken and do nothing. */
import type { ViOptions, ViState } from './state.ts';

type Flag = { [K in keyof ViOptions]: ViOptions[K] extends boolean ? K : never }[keyof ViOptions];
type Number_ = Exclude<keyof ViOptions, Flag>;

const FLAGS: ReadonlyMap<string, Flag> = new Map<string, Flag>([
  ['number', 'number'],
  ['nu', 'number'],
  ['relativenumber', 'relativenumber'],
  ['rnu', 'relativenumber'],
  ['ignorecase', 'ignorecase'],
  ['ic', 'ignorecase'],
  ['smartcase', 'smartcase'],
  ['scs', 'smartcase'],
  ['hlsearch', 'hlsearch'],
  ['hls', 'hlsearch'],
  ['wrapscan', 'wrapscan'],
  ['ws', 'wrapscan'],
  ['expandtab', 'expandtab'],
  ['et', 'expandtab'],
  ['autoindent', 'autoindent'],
  ['ai', 'autoindent'],
  ['list', 'list'],
  ['readonly', 'readonly'],
  ['ro', 'readonly'],
  ['paste', 'paste'],
]);
const NUMBERS: ReadonlyMap<string, Number_> = new Map<string, Number_>([
  ['shiftwidth', 'shiftwidth'],
  ['sw', 'shiftwidth'],
  ['softtabstop', 'softtabstop'],
  ['sts', 'softtabstop'],
]);
/** Known to Vim, without effect here. */
const INERT =
  /^(no)?(nocompatible|compatible|cp|ruler|ru|showcmd|sc|showmode|smd|showmatch|sm|incsearch|is|mouse|background|bg|wrap|tabstop|ts|scrolloff|so|cursorline|cul|cursorcolumn|cuc|encoding|enc|fileencoding|fenc|fileformat|ff|filetype|ft|syntax|syn|smartindent|si|smarttab|sta|cindent|cin|backspace|bs|laststatus|ls|history|hi|wildmenu|wmnu|backup|bk|writebackup|wb|swapfile|swf|hidden|hid|autoread|ar|lazyredraw|lz|ttyfast|tf|visualbell|vb|errorbells|eb|clipboard|cb|foldmethod|fdm|foldlevel|fdl|foldenable|fen|listchars|lcs|t_Co|termguicolors|tgc|modeline|ml|nrformats|nf|display|dy|undofile|udf)$/;

export function setOption(state: ViState, argument: string): void {
  for (const word of argument.split(/\s+/).filter((each) => each !== '')) setOne(state, word);
}

interface Word {
  readonly whole: string;
  readonly mark: string;
  readonly value: string;
}

function setOne(state: ViState, whole: string): void {
  const [, name = '', mark = '', value = ''] = /^(\w+)([?!]|[=:])?(.*)$/.exec(whole) ?? [];
  const bare = name.startsWith('no') && FLAGS.has(name.slice(2)) ? name.slice(2) : name;
  const flag = FLAGS.get(bare);
  const number = NUMBERS.get(name);
  if (flag !== undefined) setFlag(state, flag, { whole, mark, value: bare === name ? 'on' : 'off' });
  else if (number !== undefined) setNumber(state, number, { whole, mark, value });
  else if (!INERT.test(name)) state.fail(`E518: Unknown option: ${whole}`);
}

function setFlag(state: ViState, flag: Flag, { whole, mark, value }: Word): void {
  const { options } = state;
  if (mark === '?') state.say(`${options[flag] ? '  ' : 'no'}${flag}`);
  else if (mark !== '' && mark !== '!') state.fail(`E474: Invalid argument: ${whole}`);
  else options[flag] = mark === '!' ? !options[flag] : value === 'on';
  if (flag === 'hlsearch') state.highlighting = true;
}

function setNumber(state: ViState, name: Number_, { whole, mark, value }: Word): void {
  if (mark === '?' || mark === '') state.say(`  ${name}=${state.options[name]}`);
  else if (!/^\d+$/.test(value)) state.fail(`E521: Number required after =: ${whole}`);
  else state.options[name] = name === 'shiftwidth' && value === '0' ? 8 : Math.min(Number(value), 80);
}

/** For `--help`. */
export const OPTION_NAMES: readonly string[] = [...new Set([...FLAGS.values(), ...NUMBERS.values()])];
