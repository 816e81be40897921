import { expect, test } from 'vitest';
import { findingRows, type Finding } from './care.ts';

const NODE: Finding = { id: 'node', title: 'Node.js', state: 'good', says: 'Node.js 20.20.2 runs this.' };
const DOCKER: Finding = {
  id: 'docker',
  title: 'Docker',
  state: 'limited',
  says: 'None answers.',
  remedy: 'Start it.',
};

test('what could not be looked at for one reason is one row', () => {
  const untried = { state: 'unknown', says: 'It is tried later.' } as const;
  const rows = findingRows([
    NODE,
    { id: 'vxlan', title: 'VXLAN', ...untried },
    DOCKER,
    { id: 'ipip', title: 'IP in IP', ...untried },
    { id: 'clock', title: 'Clock', state: 'unknown', says: 'Nobody says.' },
  ]);
  expect(rows).toEqual([
    NODE,
    { id: 'vxlan', title: 'VXLAN, IP in IP', ...untried },
    DOCKER,
    { id: 'clock', title: 'Clock', state: 'unknown', says: 'Nobody says.' },
  ]);
});
