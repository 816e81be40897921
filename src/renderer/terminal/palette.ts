/** The terminal's colours, read from the design tokens so that there is one palette. */
import type { ITheme } from '@xterm/xterm';

const TOKENS = {
  background: '--term-background',
  foreground: '--term-ink',
  cursor: '--term-cursor',
  cursorAccent: '--term-background',
  selectionBackground: '--term-selection',
  scrollbarSliderBackground: '--term-rule',
  scrollbarSliderHoverBackground: '--term-bright-black',
  scrollbarSliderActiveBackground: '--term-bright-black',
  black: '--term-black',
  red: '--term-red',
  green: '--term-green',
  yellow: '--term-yellow',
  blue: '--term-blue',
  magenta: '--term-magenta',
  cyan: '--term-cyan',
  white: '--term-white',
  brightBlack: '--term-bright-black',
  brightRed: '--term-bright-red',
  brightGreen: '--term-bright-green',
  brightYellow: '--term-bright-yellow',
  brightBlue: '--term-bright-blue',
  brightMagenta: '--term-bright-magenta',
  brightCyan: '--term-bright-cyan',
  brightWhite: '--term-bright-white',
} as const satisfies Partial<Record<keyof ITheme, string>>;

/** A probe resolves each token as a real colour: the custom property itself still says `light-dark(...)`. */
export function readPalette(scheme: 'light' | 'dark'): ITheme {
  const probe = document.createElement('span');
  probe.style.colorScheme = scheme;
  document.body.append(probe);
  const style = getComputedStyle(probe);
  const entries = Object.entries(TOKENS).map(([name, token]) => {
    probe.style.color = `var(${token})`;
    return [name, style.color] as const;
  });
  probe.remove();
  return Object.fromEntries(entries);
}

export function readMonospace(): string {
  return getComputedStyle(document.documentElement)
    .getPropertyValue('--font-mono')
    .replace(/\s+/g, ' ')
    .trim();
}
