/**
 * A field of a plain object that is worked out when somebody first reads it: for texts that most never read. It is an own
 * property, which copies, clones and hashes take along as if it had always been there. One getter serves all objects: a getter
 * written into an object literal gives every object a hidden class of its own, which keeps alive whatever that getter sees.
 */
interface Late<From, Value> {
  readonly from: From;
  made: { readonly value: Value } | undefined;
}

/** Adds the field `name`, computed from `from`, to objects that are just being made. */
export function lateField<Name extends string, From, Value>(
  name: Name,
  compute: (from: From) => Value,
): <T extends object>(object: T, from: From) => T & Readonly<Record<Name, Value>> {
  const kept = Symbol(name);
  const field = {
    enumerable: true,
    get(this: { readonly [kept]: Late<From, Value> }): Value {
      const late = this[kept];
      return (late.made ??= { value: compute(late.from) }).value;
    },
  };
  return <T extends object>(object: T, from: From) => {
    const late: Late<From, Value> = { from, made: undefined };
    Object.defineProperty(object, kept, { value: late });
    return Object.defineProperty(object, name, field) as T & Readonly<Record<Name, Value>>;
  };
}

/**
 * The same for a field that each of many objects reads out of something they share: a list of texts that is made when the
 * first of them is asked for, say. An object so made holds nothing of its own but the way there.
 */
export function fieldOfShared<Name extends string, Shared, Value>(
  name: Name,
  read: (shared: Shared, object: object) => Value,
): <T extends object>(object: T, shared: Shared) => T & Readonly<Record<Name, Value>> {
  const held = Symbol(name);
  const field = {
    enumerable: true,
    get(this: { readonly [held]: Shared }): Value {
      return read(this[held], this);
    },
  };
  return <T extends object>(object: T, shared: Shared) => {
    Object.defineProperty(object, held, { value: shared });
    return Object.defineProperty(object, name, field) as T & Readonly<Record<Name, Value>>;
  };
}
