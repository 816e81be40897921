import { describe, expect, test } from 'vitest';
import { memoize, memoizeFields } from './memo.ts';

describe('what is remembered', () => {
  test('is the last answers, as many as were asked for, by the identity of the arguments', () => {
    const asked: string[] = [];
    const shout = memoize((word: string) => {
      asked.push(word);
      return { said: word.toUpperCase() };
    }, 2);
    const [one, two] = [shout('one'), shout('two')];
    expect([shout('one'), shout('two')].map((said, at) => said === [one, two][at])).toEqual([true, true]);
    shout('three');
    shout('two');
    expect(asked).toEqual(['one', 'two', 'three']);
    expect(shout('one')).toEqual(one);
    expect(asked).toEqual(['one', 'two', 'three', 'one']);
  });

  test('is the last answer alone unless said', () => {
    let times = 0;
    const count = memoize((_: object) => (times += 1));
    const [some, other] = [{}, {}];
    expect([some, some, other, other, some].map((each) => count(each))).toEqual([1, 1, 2, 2, 3]);
  });

  test('goes by the fields of a record, not by the record', () => {
    let times = 0;
    const count = memoizeFields((_: { readonly of: object; readonly at: number }) => (times += 1), 2);
    const of = {};
    expect(
      [
        { of, at: 1 },
        { of, at: 1 },
        { of, at: 2 },
        { of, at: 1 },
        { of: {}, at: 1 },
      ].map((each) => count(each)),
    ).toEqual([1, 1, 2, 1, 3]);
  });
});
