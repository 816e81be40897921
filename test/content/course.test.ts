/** The course that ships compiles, and every mistake an author can make is named with its place. */
import { describe, expect, test } from 'vitest';
import { highlight } from '../../src/cli/highlight.ts';
import { readCourseFiles } from '../../src/cli/course-files.ts';
import { compileCourse, type CompiledCourse, type Files } from '../../src/course/compile/course.ts';
import { formatDiagnostics } from '../../src/lab/diagnostic.ts';

const files = await readCourseFiles(process.cwd());

const LAB = 'labs/first-overlay/lab.yaml';
const LESSON = 'content/01-overlays/01-first-overlay/index.md';
const GLOSSARY = 'content/glossary.yaml';

const changed = (path: string, from: string, to: string): Files =>
  new Map(files).set(path, (files.get(path) ?? '').replace(from, to));

const without = (path: string): Files => new Map([...files].filter(([file]) => file !== path));

function compiled(course: Files): CompiledCourse {
  const result = compileCourse(course, highlight);
  if (!result.ok) throw new Error(formatDiagnostics(result.error));
  return result.value;
}

function mistakes(broken: Files): readonly string[] {
  const result = compileCourse(broken, highlight);
  return result.ok ? [] : formatDiagnostics(result.error).split('\n');
}

/** `file:line:column` of the nth place where `text` stands in a file of the course. */
function at(file: string, text: string): string {
  const before = (files.get(file) ?? '').split(text)[0]?.split('\n') ?? [];
  return `${file}:${before.length}:${(before.at(-1) ?? '').length + 1}`;
}

const lineOf = (file: string, text: string): string => at(file, text).replace(/\d+$/, '1');

describe('the course', () => {
  test('compiles', () => {
    expect(mistakes(files)).toEqual([]);
  });

  test('chains its lessons in reading order', () => {
    const second = (files.get(LESSON) ?? '')
      .replace('id: first-overlay', 'id: second')
      .replace('## What to keep', '## Kept');
    const { lessons, outline } = compiled(
      new Map(files).set('content/01-overlays/01-second/index.md', second),
    );
    expect(outline.modules[0]?.lessons.slice(0, 2).map(({ id }) => id)).toEqual(['first-overlay', 'second']);
    expect(lessons.get('first-overlay')).toMatchObject({ module: 'overlays', next: 'second' });
    expect(lessons.get('first-overlay')?.previous).toBeUndefined();
    expect(lessons.get('second')?.previous).toBe('first-overlay');
  });

  test('keeps solutions and pitfalls beside each lab, and its start in order', () => {
    const lab = compiled(files).labs.get('first-overlay');
    expect(lab?.environment.start.map(({ file }) => file)).toEqual(['10-pool.yaml', '20-pods.yaml']);
    expect(lab?.pitfalls.map(({ name }) => name)).toEqual(['overlay-off', 'route-by-hand', 'second-pool']);
    expect(lab?.solution.parts.length).toBeGreaterThan(0);
  });

  test('collects the commands it prints, with their lines', () => {
    const printed = compiled(files).printed.get('first-overlay');
    expect(printed?.file).toBe(LESSON);
    expect(printed?.commands[0]).toEqual({
      place: 'workstation',
      after: undefined,
      exit: 0,
      line: Number(at(LESSON, 'kubectl get pods -o wide').split(':')[1]),
      commands: 'kubectl get pods -o wide',
      output: undefined,
    });
  });
});

describe('an author is told of', () => {
  test.each([
    [
      'a misspelt mode',
      LAB,
      'vxlanMode: CrossSubnet',
      'vxlanMode: CrosSubnet',
      `${at(LAB, 'CrossSubnet, ipipMode')} steps[1].checks[0].ippool.is.vxlanMode: must be one of Never, Always, CrossSubnet (did you mean CrossSubnet?)`,
    ],
    [
      'an unknown topology',
      LAB,
      'topology: two-racks',
      'topology: two-rack',
      `${at(LAB, 'two-racks')}: there is no topology "two-rack" (did you mean two-racks?)`,
    ],
    [
      'a lab in the wrong folder',
      LAB,
      'id: first-overlay',
      'id: overlay',
      `${at(LAB, 'first-overlay')}: the id "overlay" differs from the folder's name "first-overlay"`,
    ],
    [
      'an empty start',
      LAB,
      'start: start/',
      'start: begin/',
      `${at(LAB, 'start/')}: the folder begin/ holds no manifests`,
    ],
    [
      'an unknown earlier lab',
      LAB,
      'after: []',
      'after: [zeroth]',
      `${at(LAB, '[]')}: there is no lab "zeroth"`.replace(
        /:(\d+):(\d+)/,
        (_, line: string, column: string) => `:${line}:${Number(column) + 1}`,
      ),
    ],
    [
      'a node that is not there',
      LAB,
      'at: node/node1, to: pod/near',
      'at: node/node11, to: pod/near',
      `${at(LAB, 'node/node1, to: pod/near')}: the topology has no node "node11" (did you mean node1?)`,
    ],
    [
      'a read-on without a section',
      LAB,
      'first-overlay#cross-subnet',
      'first-overlay#cross-subnets',
      `${at(LAB, 'first-overlay#cross-subnet')}: readOn: there is no section "first-overlay#cross-subnets"`,
    ],
    [
      'a link into nothing',
      LESSON,
      'An **overlay**',
      'An [overlay](term:overlays)',
      `${lineOf(LESSON, 'An **overlay**')}: the link "term:overlays" leads nowhere`,
    ],
    [
      'a link to no section',
      LESSON,
      'An **overlay**',
      'An [overlay](#nowhere)',
      `${lineOf(LESSON, 'An **overlay**')}: the link "#nowhere" leads nowhere`,
    ],
    [
      'an unknown lab in the front matter',
      LESSON,
      'lab: first-overlay',
      'lab: first-overly',
      `${lineOf(LESSON, 'lab: first-overlay')}: there is no lab "first-overly" (did you mean first-overlay?)`,
    ],
    [
      'commands after a step that is not there',
      LESSON,
      'after=switch-pool',
      'after=switch-pol',
      `${lineOf(LESSON, 'ip route\n```\n\n```output\n10.244')}: the lab has no step "switch-pol" (did you mean switch-pool?)`,
    ],
    [
      'commands on a node that is not there',
      LESSON,
      'run node/node1',
      'run node/node9',
      `${lineOf(LESSON, 'ip route\n```')}: the topology has no node "node9" (did you mean node1?)`,
    ],
    [
      'a glossary link into nothing',
      GLOSSARY,
      'The network that carries',
      'The [network](lesson:none) that carries',
      `${lineOf(GLOSSARY, 'text: The network that carries')}: the link "lesson:none" leads nowhere`,
    ],
    [
      'a term explained twice',
      GLOSSARY,
      'id: underlay',
      'id: overlay',
      `${at(GLOSSARY, 'The network that carries')}: the term "overlay" is explained twice`,
    ],
    [
      'a solution of no step',
      'labs/first-overlay/solution.sh',
      '#@ step see-it',
      '#@ step see',
      'labs/first-overlay/solution.sh:3:1: the lab has no step "see"',
    ],
    [
      'a manifest that says no kind',
      'labs/first-overlay/start/20-pods.yaml',
      'kind: Pod\n',
      '',
      `${lineOf('labs/first-overlay/start/20-pods.yaml', 'apiVersion: v1')} kind: is missing: text is wanted`,
    ],
    [
      'a manifest that is no YAML',
      'labs/first-overlay/start/10-pool.yaml',
      'cidr: 10.244.0.0/16',
      'cidr: "10.244.0.0/16',
      'labs/first-overlay/start/10-pool.yaml:12:1: Missing closing "quote',
    ],
  ])('%s', (_, file, from, to, mistake) => {
    expect(mistakes(changed(file, from, to))).toContain(mistake);
  });

  test.each([
    [
      'a missing solution',
      without('labs/first-overlay/solution.sh'),
      `${LAB}:1:1: the lab has no solution.sh`,
    ],
    [
      'a module without its file',
      without('content/01-overlays/module.yaml'),
      `${LESSON}:1:1: content/01-overlays/module.yaml is missing`,
    ],
    [
      'a lab without its file',
      without(LAB),
      'labs/first-overlay/solution.sh:1:1: labs/first-overlay/lab.yaml is missing',
    ],
    [
      'an operator that waits for a pool',
      new Map(without('labs/first-overlay/start/10-pool.yaml')).set(
        LAB,
        (files.get(LAB) ?? '').replace('install: manifest', 'install: operator'),
      ),
      `${at(LAB, '{ install: manifest')}: the operator installs Calico once there is an IP pool, and the start has none`,
    ],
    ['a course without its file', without('content/course.yaml'), 'content/course.yaml:1:1: is missing'],
    [
      'a file nobody reads',
      new Map(files).set('labs/first-overlay/pitfals/x.txt', ''),
      'labs/first-overlay/pitfals/x.txt:1:1: belongs to no lesson, lab or topology: is its name or folder misspelt?',
    ],
    [
      'a lesson id used twice',
      new Map(files).set('content/01-overlays/02-copy/index.md', files.get(LESSON) ?? ''),
      `content/01-overlays/02-copy/index.md:1:1: the lesson id "first-overlay" is already that of ${LESSON}`,
    ],
  ])('%s', (_, broken, mistake) => {
    expect(mistakes(broken)).toContain(mistake);
  });
});
