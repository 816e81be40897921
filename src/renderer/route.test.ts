import { expect, test } from 'vitest';
import { formatRoute, lessonAddress, linkTarget, parseRoute } from './route.ts';

test.each([
  [{ page: 'home' }, '#/'],
  [{ page: 'machine' }, '#/machine'],
  [{ page: 'lesson', lesson: 'first-overlay' }, '#/lesson/first-overlay'],
  [
    { page: 'lesson', lesson: 'first-overlay', section: 'what-crosses' },
    '#/lesson/first-overlay/what-crosses',
  ],
] as const)('%j is spelt %s, and back', (route, fragment) => {
  expect(formatRoute(route)).toBe(fragment);
  expect(parseRoute(fragment)).toEqual(route);
});

test.each([
  '',
  '#',
  '#/nowhere',
  '#/lesson',
  '#/lesson/../secret',
  '#/lesson/A',
  '#/lesson/a/b/c',
  '#/machine/x',
])('%s is the start page', (fragment) => {
  expect(parseRoute(fragment)).toEqual({ page: 'home' });
});

test('a reference of a verdict leads to the section it names', () => {
  expect(lessonAddress('first-overlay#what-crosses')).toBe('#/lesson/first-overlay/what-crosses');
  expect(lessonAddress('first-overlay')).toBe('#/lesson/first-overlay');
});

test.each([
  ['#modes', { kind: 'inside', address: '#/lesson/here/modes' }],
  ['lesson:mtu', { kind: 'inside', address: '#/lesson/mtu' }],
  ['lesson:mtu#black-holes', { kind: 'inside', address: '#/lesson/mtu/black-holes' }],
  ['term:underlay', { kind: 'term', term: 'underlay' }],
  ['https://www.rfc-editor.org/', { kind: 'outside', address: 'https://www.rfc-editor.org/' }],
])('a link to %s', (href, target) => {
  expect(linkTarget(href, 'here')).toEqual(target);
});
