import { describe, expect, test } from 'vitest';
import { fieldOfShared, lateField } from './late-field.ts';

describe('a late field', () => {
  test('is computed once, when it is read', () => {
    let times = 0;
    const withText = lateField('text', (from: number) => {
      times += 1;
      return `number ${from}`;
    });
    const one = withText({ kind: 'one' }, 1);
    const two = withText({ kind: 'two' }, 2);
    expect(times).toBe(0);
    expect([one.text, one.text, two.text]).toEqual(['number 1', 'number 1', 'number 2']);
    expect(times).toBe(2);
  });

  test('goes along with copies, clones and JSON as a plain value', () => {
    const made = lateField('text', (from: string) => from.toUpperCase())({ kind: 'rule' }, 'abc');
    const plain = { kind: 'rule', text: 'ABC' };
    expect(made).toEqual(plain);
    expect({ ...made }).toEqual(plain);
    expect(structuredClone(made)).toEqual(plain);
    expect(JSON.stringify(made)).toBe(JSON.stringify(plain));
  });
});

describe('a field of something shared', () => {
  test('is read for each object, and goes along with copies, clones and JSON as a plain value', () => {
    const names = new Map<object, string>();
    const withName = fieldOfShared('name', (of: typeof names, object) => of.get(object) ?? '');
    const made = ['a', 'b'].map((kind) => withName({ kind }, names));
    for (const each of made) names.set(each, `the ${each.kind}`);
    const plain = [
      { kind: 'a', name: 'the a' },
      { kind: 'b', name: 'the b' },
    ];
    expect(made).toEqual(plain);
    expect(made.map((each) => ({ ...each }))).toEqual(plain);
    expect(structuredClone(made)).toEqual(plain);
    expect(JSON.stringify(made)).toBe(JSON.stringify(plain));
  });
});
