import type { Block } from '../../course/blocks.ts';

/** One member of the union of blocks, for the component that draws it. */
export type BlockOf<T extends Block['type']> = Extract<Block, { readonly type: T }>;
