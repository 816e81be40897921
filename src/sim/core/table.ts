/**
 * A persistent sorted map (AVL tree, path copying): every version stays valid, so a state can be kept, compared by
 * identity and returned to. Keys iterate in code-unit order, the order in which etcd lists them.
 */

interface Branch<V> {
  readonly key: string;
  readonly value: V;
  readonly left: Branch<V> | undefined;
  readonly right: Branch<V> | undefined;
  readonly height: number;
  readonly size: number;
}

type Tree<V> = Branch<V> | undefined;

const height = <V>(tree: Tree<V>): number => tree?.height ?? 0;
const size = <V>(tree: Tree<V>): number => tree?.size ?? 0;

function branch<V>(key: string, value: V, left: Tree<V>, right: Tree<V>): Branch<V> {
  return {
    key,
    value,
    left,
    right,
    height: Math.max(height(left), height(right)) + 1,
    size: size(left) + size(right) + 1,
  };
}

function balanced<V>(key: string, value: V, left: Tree<V>, right: Tree<V>): Branch<V> {
  if (left && height(left) > height(right) + 1) {
    if (height(left.left) >= height(left.right)) {
      return branch(left.key, left.value, left.left, branch(key, value, left.right, right));
    }
    const middle = left.right as Branch<V>;
    return branch(
      middle.key,
      middle.value,
      branch(left.key, left.value, left.left, middle.left),
      branch(key, value, middle.right, right),
    );
  }
  if (right && height(right) > height(left) + 1) {
    if (height(right.right) >= height(right.left)) {
      return branch(right.key, right.value, branch(key, value, left, right.left), right.right);
    }
    const middle = right.left as Branch<V>;
    return branch(
      middle.key,
      middle.value,
      branch(key, value, left, middle.left),
      branch(right.key, right.value, middle.right, right.right),
    );
  }
  return branch(key, value, left, right);
}

function insert<V>(tree: Tree<V>, key: string, value: V): Branch<V> {
  if (!tree) return branch(key, value, undefined, undefined);
  if (key === tree.key) return alike(tree, value, tree.left, tree.right);
  // Nothing has grown where a value was replaced, and the balance is as it was.
  if (key < tree.key) {
    const left = insert(tree.left, key, value);
    return left.size === tree.left?.size
      ? alike(tree, tree.value, left, tree.right)
      : balanced(tree.key, tree.value, left, tree.right);
  }
  const right = insert(tree.right, key, value);
  return right.size === tree.right?.size
    ? alike(tree, tree.value, tree.left, right)
    : balanced(tree.key, tree.value, tree.left, right);
}

/** The branch with other content in the same shape. */
const alike = <V>({ key, height, size }: Branch<V>, value: V, left: Tree<V>, right: Tree<V>): Branch<V> => ({
  key,
  value,
  left,
  right,
  height,
  size,
});

function leftmost<V>(tree: Branch<V>): Branch<V> {
  let at = tree;
  while (at.left) at = at.left;
  return at;
}

function remove<V>(tree: Tree<V>, key: string): Tree<V> {
  if (!tree) return undefined;
  if (key < tree.key) {
    const left = remove(tree.left, key);
    return left === tree.left ? tree : balanced(tree.key, tree.value, left, tree.right);
  }
  if (key > tree.key) {
    const right = remove(tree.right, key);
    return right === tree.right ? tree : balanced(tree.key, tree.value, tree.left, right);
  }
  if (!tree.left) return tree.right;
  if (!tree.right) return tree.left;
  const next = leftmost(tree.right);
  return balanced(next.key, next.value, tree.left, remove(tree.right, next.key));
}

function* entriesFrom<V>(tree: Tree<V>, start: string): Generator<readonly [string, V]> {
  const waiting: Branch<V>[] = [];
  let at = tree;
  while (at) {
    if (at.key >= start) {
      waiting.push(at);
      at = at.left;
    } else at = at.right;
  }
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    yield [next.key, next.value];
    for (let below = next.right; below; below = below.left) waiting.push(below);
  }
}

/** What is still to be looked at of a tree, nearest first: whole subtrees, or a branch's own entry. */
type Pending<V> = { readonly tree: Branch<V>; readonly whole: boolean }[];

const pendingOf = <V>(tree: Tree<V>): Pending<V> => (tree ? [{ tree, whole: true }] : []);

/** Replaces the first subtree by its left part, its entry and its right part. */
function unfold<V>(pending: Pending<V>): void {
  const first = pending.pop();
  if (!first) return;
  if (first.tree.right) pending.push({ tree: first.tree.right, whole: true });
  pending.push({ tree: first.tree, whole: false });
  if (first.tree.left) pending.push({ tree: first.tree.left, whole: true });
}

/** An entry that differs between two tables. */
export interface Difference<V> {
  readonly key: string;
  readonly before: V | undefined;
  readonly after: V | undefined;
}

type Look<V> = Pending<V>[number];

/** What to do next with the fronts of two walks in key order. */
type Move = 'skip' | 'unfold-before' | 'unfold-after' | 'only-before' | 'only-after' | 'both';

function nextMove<V>(old: Look<V> | undefined, now: Look<V> | undefined): Move {
  if (!now) return old?.whole ? 'unfold-before' : 'only-before';
  if (!old) return now.whole ? 'unfold-after' : 'only-after';
  if (old.tree === now.tree && old.whole === now.whole) return 'skip';
  return old.whole || now.whole ? unfolding(old, now) : entryMove(old.tree.key, now.tree.key);
}

/** Of two subtrees the higher is unfolded, so that shared ones come level; an entry before all of a subtree stands alone. */
function unfolding<V>(old: Look<V>, now: Look<V>): Move {
  if (old.whole && now.whole) return old.tree.height >= now.tree.height ? 'unfold-before' : 'unfold-after';
  if (old.whole) return now.tree.key < leftmost(old.tree).key ? 'only-after' : 'unfold-before';
  return old.tree.key < leftmost(now.tree).key ? 'only-before' : 'unfold-after';
}

function entryMove(old: string, now: string): Move {
  if (old === now) return 'both';
  return old < now ? 'only-before' : 'only-after';
}

/** Finds what differs in key order, skipping subtrees that both share: costs what changed, not what is there. */
function findDifferences<V>(before: Tree<V>, after: Tree<V>, found: Difference<V>[]): void {
  if (before === after) return;
  if (!before || !after) {
    findAll(before ?? after, (key, value) => {
      found.push(
        before ? { key, before: value, after: undefined } : { key, before: undefined, after: value },
      );
    });
  } else if (before.key === after.key) {
    // Most changes leave the shape as it was: subtrees below the same key hold the same range of keys.
    findDifferences(before.left, after.left, found);
    if (before.value !== after.value)
      found.push({ key: after.key, before: before.value, after: after.value });
    findDifferences(before.right, after.right, found);
  } else walkDifferences(before, after, found);
}

function findAll<V>(tree: Tree<V>, tell: (key: string, value: V) => void): void {
  if (!tree) return;
  findAll(tree.left, tell);
  tell(tree.key, tree.value);
  findAll(tree.right, tell);
}

/** Keys with one prefix stand together. */
function findPrefixed<V>(tree: Tree<V>, prefix: string, found: V[]): void {
  if (!tree) return;
  const isBefore = tree.key < prefix;
  const isOne = !isBefore && tree.key.startsWith(prefix);
  if (!isBefore) findPrefixed(tree.left, prefix, found);
  if (isOne) found.push(tree.value);
  if (isBefore || isOne) findPrefixed(tree.right, prefix, found);
}

/** The same between subtrees of any shape: both are walked in key order. */
function walkDifferences<V>(before: Tree<V>, after: Tree<V>, found: Difference<V>[]): void {
  const olds = pendingOf(before);
  const news = pendingOf(after);
  while (olds.length > 0 || news.length > 0) {
    const move = nextMove(olds.at(-1), news.at(-1));
    if (move === 'unfold-before') unfold(olds);
    else if (move === 'unfold-after') unfold(news);
    else {
      const difference = taken(olds, news, move);
      if (move !== 'skip' && difference.before !== difference.after) found.push(difference);
    }
  }
}

/** Takes the fronts that a move is about. */
function taken<V>(olds: Pending<V>, news: Pending<V>, move: Move): Difference<V> {
  const old = move === 'only-after' ? undefined : olds.pop()?.tree;
  const now = move === 'only-before' ? undefined : news.pop()?.tree;
  return { key: (now ?? old)?.key ?? '', before: old?.value, after: now?.value };
}

export class Table<V> {
  readonly #root: Tree<V>;

  private constructor(root: Tree<V>) {
    this.#root = root;
  }

  static empty<V>(): Table<V> {
    return new Table<V>(undefined);
  }

  static of<V>(entries: Iterable<readonly [string, V]>): Table<V> {
    let root: Tree<V>;
    for (const [key, value] of entries) root = insert(root, key, value);
    return new Table(root);
  }

  get size(): number {
    return size(this.#root);
  }

  get(key: string): V | undefined {
    let at = this.#root;
    while (at) {
      if (key === at.key) return at.value;
      at = key < at.key ? at.left : at.right;
    }
    return undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  set(key: string, value: V): Table<V> {
    return new Table(insert(this.#root, key, value));
  }

  /** The same table when the key is absent. */
  delete(key: string): Table<V> {
    const root = remove(this.#root, key);
    return root === this.#root ? this : new Table(root);
  }

  /** The value of the first key; undefined for an empty table. */
  get first(): V | undefined {
    return this.#root && leftmost(this.#root).value;
  }

  /** All entries in key order, from the first key >= `start`. */
  entries(start = ''): Iterable<readonly [string, V]> {
    return { [Symbol.iterator]: () => entriesFrom(this.#root, start) };
  }

  /** What changed from `before` to this table, in key order; values compare by identity. */
  differences(before: Table<V>): readonly Difference<V>[] {
    const found: Difference<V>[] = [];
    findDifferences(before.#root, this.#root, found);
    return found;
  }

  /** Values whose key begins with `prefix`, in key order. */
  withPrefix(prefix: string): readonly V[] {
    const found: V[] = [];
    findPrefixed(this.#root, prefix, found);
    return found;
  }

  *values(): Generator<V> {
    for (const [, value] of entriesFrom(this.#root, '')) yield value;
  }

  *keys(): Generator<string> {
    for (const [key] of entriesFrom(this.#root, '')) yield key;
  }
}
