/** The course that ships compiles, and every mistake an author can make is named with its place. */
import { describe, expect, test } from 'vitest';
import { highlight } from '../../src/cli/highlight.ts';
import { readCourseFiles } from '../../src/cli/course-files.ts';
import { compileCourse, type Files } from '../../src/course/compile/course.ts';
import { formatDiagnostics } from '../../src/lab/diagnostic.ts';

const files = await readCourseFiles(process.cwd());

const changed = (path: string, change: (text: string) => string): Files =>
  new Map(files).set(path, change(files.get(path) ?? ''));

function mistakes(broken: Files): string {
  const compiled = compileCourse(broken, highlight);
  return compiled.ok ? '' : formatDiagnostics(compiled.error);
}

const LAB = 'labs/first-overlay/lab.yaml';
const LESSON = 'content/01-overlays/01-first-overlay/index.md';

describe('the course', () => {
  test('compiles', () => {
    expect(mistakes(files)).toBe('');
  });

  test.each([
    ['a misspelt mode', LAB, 'vxlanMode: CrossSubnet', 'vxlanMode: CrosSubnet',
      `${LAB}:39:84 steps[1].checks[0].ippool.is.vxlanMode: must be one of Never, Always, CrossSubnet (did you mean CrossSubnet?)`],
    ['an unknown key', LAB, 'minutes: 20', 'minutes: 20\nminuets: 20', `${LAB}:5:1: unknown key "minuets"`],
    ['two kinds in one check', LAB, '- ipam: {', '- object: { resource: pods, name: far }\n        ipam: {',
      `${LAB}:61:9 steps[2].checks[3]: must have exactly one kind: ippool, object, reach, route, ipam, command or script`],
    ['an unknown topology', LAB, 'topology: two-racks', 'topology: two-rack', `${LAB}:1:1: there is no topology "two-rack" (did you mean two-racks?)`],
    ['broken YAML', LAB, 'engines: [sim, kind]', 'engines: [sim, kind', `${LAB}:8:1: Flow sequence in block collection must be sufficiently indented and end with a ]`],
    ['a place that is none', LAB, 'from: pod/client, to: pod/near', 'from: pods/client, to: pod/near',
      `${LAB}:40:24 steps[1].checks[1].reach.from: "pods/client" is not a place: workstation, node/<name>, pod/<name>, pod/<namespace>/<name>, host/<name> or router/<name>`],
    ['raw HTML in a lesson', LESSON, 'Two pods want to talk.', '<b>Two</b> pods want to talk.', `${LESSON}:11:1: raw HTML (<b>) is dropped: write it as Markdown\n${LESSON}:11:1: raw HTML (</b>) is dropped: write it as Markdown`],
    ['a link into nothing', LESSON, 'An **overlay**', 'An [overlay](term:overlays)', `${LESSON}:1:1: the link "term:overlays" leads nowhere`],
    ['a read-on without a section', LAB, 'first-overlay#cross-subnet', 'first-overlay#cross-subnets', `${LAB}:1:1: readOn: there is no section "first-overlay#cross-subnets"`],
  ])('names %s', (_, file, from, to, message) => {
    expect(mistakes(changed(file, (text) => text.replace(from, to)))).toBe(message);
  });
});
