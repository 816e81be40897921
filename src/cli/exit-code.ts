/** What the process tells its caller. */
export const EXIT = {
  pass: 0,
  /** A check failed. */
  failed: 1,
  /** The command line or a file is wrong. */
  usage: 2,
  /** The engine could not do its work; says nothing about the learner's. */
  engine: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
