/** Whether an engine can run an image: of one that was pulled or loaded for other machines only the name is right. */
import type { Docker, ImageState } from './docker.ts';

export const runsOn = ({ engine }: Docker, { arch }: ImageState): boolean =>
  arch === '' || arch === engine.arch;
