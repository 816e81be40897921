import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { FakeShell } from '../../test/support/fake-session.ts';
import { utf8, utf8Text } from '../base/bytes.ts';
import { attach } from './terminal.ts';

class Keyboard extends EventEmitter {
  readonly isTTY: boolean;
  readonly events: string[] = [];

  constructor(isTTY = true) {
    super();
    this.isTTY = isTTY;
  }

  setRawMode(raw: boolean): void {
    this.events.push(raw ? 'raw' : 'cooked');
  }

  override on(event: string, listener: (...args: never[]) => void): this {
    return super.on(event, listener as (...args: unknown[]) => void);
  }

  resume(): void {
    this.events.push('resume');
  }

  pause(): void {
    this.events.push('pause');
  }
}

class Screen extends EventEmitter {
  columns = 100;
  rows = 40;
  accepts = true;
  shown = '';

  write(bytes: Uint8Array): boolean {
    this.shown += utf8Text(bytes);
    return this.accepts;
  }
}

function attached(keyboard = new Keyboard()) {
  const screen = new Screen();
  const shell = new FakeShell({ columns: 80, rows: 24 });
  return { keyboard, screen, shell, code: attach(shell, { input: keyboard, output: screen }) };
}

describe('this terminal, joined to a shell', () => {
  test('carries keys, output, size and the exit code, and is given back as it was', async () => {
    const { keyboard, screen, shell, code } = attached();
    shell.print('$ ');
    keyboard.emit('data', utf8('exit 3\r'));
    screen.columns = 120;
    screen.emit('resize');
    shell.end(3);
    expect(await code).toBe(3);
    expect(screen.shown).toBe('$ ');
    expect(shell.events).toEqual(['open 80x24', 'write exit 3\r', 'resize 120x40']);
    expect(keyboard.events).toEqual(['raw', 'resume', 'pause', 'cooked']);
    keyboard.emit('data', utf8('late'));
    shell.print('late');
    expect([shell.events.length, screen.shown]).toEqual([3, '$ ']);
  });

  test('holds the shell back while the screen cannot take more', async () => {
    const { screen, shell, code } = attached();
    screen.accepts = false;
    shell.print('much');
    screen.emit('drain');
    shell.end(0);
    await code;
    expect(shell.events).toEqual(['open 80x24', 'pause', 'resume']);
  });

  test('without a keyboard stays as it is, and the end of input is Ctrl-D', async () => {
    const { keyboard, shell, code } = attached(new Keyboard(false));
    keyboard.emit('end');
    shell.end(0);
    await code;
    expect(keyboard.events).toEqual(['resume', 'pause']);
    expect(shell.events).toEqual(['open 80x24', 'write \u0004']);
  });
});
