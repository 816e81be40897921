/** The simulator's one door: what engines and tests of other folders may use. */
export { labCommands } from './commands.ts';
export type { ResourceType } from './kube/resource.ts';
export type { EchoOutcome, HttpOutcome } from './net/exchange.ts';
export { walk, type WalkStart } from './net/forward.ts';
export type { FileSystem } from './shell/files.ts';
export { imageFiles, type ImageFacts } from './shell/files-image.ts';
export { MemoryFiles } from './shell/memory-files.ts';
export { Shell } from './shell/shell.ts';
export { TerminalSession } from './shell/terminal/session.ts';
export type { TextTools, ToolRequest, ToolResult } from './shell/text/text-tools.ts';
export { Simulator } from './simulator.ts';
export type { World } from './stacks.ts';
export { CALICO_VERSION, KUBERNETES_VERSION } from './versions.ts';
export { worldHash } from './world-hash.ts';
