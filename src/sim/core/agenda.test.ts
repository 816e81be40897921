import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Agenda, type Due } from './agenda.ts';

type Step =
  | { readonly does: 'add' | 'move'; readonly at: number; readonly key: string }
  | { readonly does: 'cancel'; readonly key: string }
  | { readonly does: 'take'; readonly until: number };

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const at = fc.nat(20).map((half) => half / 2);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ does: fc.constantFrom('add' as const, 'move' as const), at, key }),
  fc.record({ does: fc.constant('cancel' as const), key }),
  fc.record({ does: fc.constant('take' as const), until: at }),
);

type Listed = readonly (Due<number> & { readonly order: number })[];

/** The same by a plain list, sorted at every look. */
function listed(list: Listed, made: Step, order: number): Listed {
  const sorted = list.toSorted((a, b) => a.at - b.at || a.order - b.order);
  if (made.does === 'take') {
    const [first] = sorted;
    return first && first.at <= made.until ? sorted.slice(1) : sorted;
  }
  const known = sorted.find((due) => due.key === made.key);
  const others = sorted.filter((due) => due !== known);
  if (made.does === 'cancel') return others;
  const stays = known && (made.does === 'add' ? known.at <= made.at : known.at === made.at);
  if (stays) return sorted;
  const due = { at: made.at, key: made.key, event: order, order };
  return [...others, due].sort((a, b) => a.at - b.at || a.order - b.order);
}

function done(agenda: Agenda<number>, made: Step, event: number): Agenda<number> {
  switch (made.does) {
    case 'add':
      return agenda.add(made.at, made.key, event);
    case 'move':
      return agenda.move(made.at, made.key, event);
    case 'cancel':
      return agenda.cancel(made.key);
    case 'take':
      return agenda.take(made.until)?.rest ?? agenda;
  }
}

const plain = (list: Listed): readonly Due<number>[] => list.map(({ order: _, ...due }) => due);

describe('an agenda', () => {
  test('tells and gives what a sorted list would, after whatever was done to it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        let agenda = Agenda.empty<number>();
        let list: Listed = [];
        for (const [order, made] of steps.entries()) {
          const [first] = list;
          if (made.does === 'take' && first && first.at <= made.until)
            expect(agenda.take(made.until)?.due).toEqual({
              at: first.at,
              key: first.key,
              event: first.event,
            });
          agenda = done(agenda, made, order);
          list = listed(list, made, order);
          expect(agenda.size).toBe(list.length);
          expect(agenda.nextAt).toBe(list[0]?.at);
        }
        expect([...agenda]).toEqual(plain(list));
        expect([...Agenda.of(agenda)]).toEqual(plain(list));
      }),
    );
  });

  test('is the same whether it was changed step by step or by a draft that is finished now and then', () => {
    const drafted = fc.oneof(
      fc.record({ does: fc.constant('add' as const), at, key }),
      fc.record({ does: fc.constant('take' as const), until: at }),
      fc.record({ does: fc.constantFrom('finish' as const, 'begin anew' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.array(drafted, { maxLength: 300 }), (steps, made) => {
        let agenda = steps.reduce(done, Agenda.empty<number>());
        let draft = agenda.draft();
        for (const [event, change] of made.entries())
          switch (change.does) {
            case 'add':
              agenda = agenda.add(change.at, change.key, event);
              draft.add(change.at, change.key, event);
              break;
            case 'take': {
              const taken = agenda.take(change.until);
              agenda = taken?.rest ?? agenda;
              expect(draft.take(change.until)).toEqual(taken?.due);
              break;
            }
            case 'finish':
              expect([...draft.finished()]).toEqual([...agenda]);
              break;
            case 'begin anew':
              draft = draft.finished().draft();
          }
        expect([...draft.finished()]).toEqual([...agenda]);
        expect(draft.finished().nextAt).toBe(agenda.nextAt);
      }),
    );
  });

  test('is the very same when a draft changed nothing', () => {
    const kept = Agenda.empty<string>().add(5, 'a', 'one');
    const draft = kept.draft();
    draft.add(7, 'a', 'later');
    expect(draft.take(4)).toBe(undefined);
    expect(draft.finished()).toBe(kept);
  });

  test('stays as it was for those who kept it', () => {
    const kept = Agenda.empty<string>().add(5, 'a', 'one').add(5, 'b', 'two');
    kept.cancel('a').move(1, 'b', 'three').take(10);
    expect([...kept]).toEqual([
      { at: 5, key: 'a', event: 'one' },
      { at: 5, key: 'b', event: 'two' },
    ]);
  });

  test('does not grow by what is moved again and again', () => {
    let agenda = Agenda.empty<number>().add(0.5, 'first', 0);
    for (let turn = 1; turn <= 1_000; turn += 1) agenda = agenda.move(turn, 'timer', turn);
    expect([...agenda]).toEqual([
      { at: 0.5, key: 'first', event: 0 },
      { at: 1_000, key: 'timer', event: 1_000 },
    ]);
    expect(agenda.cancel('first').nextAt).toBe(1_000);
  });
});
