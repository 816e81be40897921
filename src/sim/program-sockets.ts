/**
 * Sockets that programs hold open, among the changes made to stacks by hand. They belong to programs that run, not to the
 * world: a snapshot leaves them out, and a world that is gone back to has those of the programs that run on.
 */
import type { HandEdit, World } from './stacks.ts';

const isSocket = ({ edit }: HandEdit): boolean => edit.kind === 'open-socket';

/** The world as it is when no program listens; the very same when none does. */
export function withoutSockets(world: World): World {
  let { edits } = world;
  for (const [netns, made] of world.edits.entries()) {
    const rest = made.filter((one) => !isSocket(one));
    if (rest.length < made.length) edits = rest.length === 0 ? edits.delete(netns) : edits.set(netns, rest);
  }
  return edits === world.edits ? world : { ...world, edits };
}

/** `world` with the sockets that are open in `present`, and no others. */
export function withSocketsOf(world: World, present: World): World {
  const bare = withoutSockets(world);
  let { edits } = bare;
  for (const [netns, made] of present.edits.entries()) {
    const sockets = made.filter(isSocket);
    if (sockets.length > 0) edits = edits.set(netns, [...(edits.get(netns) ?? []), ...sockets]);
  }
  return edits === bare.edits ? bare : { ...bare, edits };
}
