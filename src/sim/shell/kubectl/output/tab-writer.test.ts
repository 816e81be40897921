import { expect, test } from 'vitest';
import { DESCRIBE_TABS, TABLE_TABS, TabWriter } from './tab-writer.ts';

function laidOut(text: string, options = DESCRIBE_TABS): string {
  const writer = new TabWriter(options);
  writer.write(text);
  return writer.flush();
}

test('a column is as wide as its widest cell', () => {
  expect(laidOut('NAME\tREADY\tAGE\nweb\t1/1\t5s\nlonger-name\t0/1\t10m\n', TABLE_TABS)).toBe(
    ['NAME          READY   AGE', 'web           1/1     5s', 'longer-name   0/1     10m', ''].join('\n'),
  );
});

test('a line without the cell ends the column', () => {
  expect(laidOut('a\tb\nlonger\tc\n\nx\ty\n')).toBe('a       b\nlonger  c\n\nx  y\n');
});

test('text after the last tab belongs to no column', () => {
  expect(laidOut('Name:\tweb\nLabels:\tapp=web\n\ttier=front\n')).toBe(
    'Name:    web\nLabels:  app=web\n         tier=front\n',
  );
});

test('inner columns align within the lines that have them', () => {
  expect(laidOut('  Type\tStatus\n  Ready \tTrue \n  ContainersReady \tTrue \n')).toBe(
    '  Type              Status\n  Ready             True \n  ContainersReady   True \n',
  );
});

test('a watch keeps the widths of what stands above', () => {
  const writer = new TabWriter(TABLE_TABS);
  writer.write('NAME\tSTATUS\nlong-pod-name\tPending\n');
  const first = writer.flush();
  writer.write('web\tRunning\n');
  expect(first + writer.flush()).toBe(
    'NAME            STATUS\nlong-pod-name   Pending\nweb             Running\n',
  );
});
