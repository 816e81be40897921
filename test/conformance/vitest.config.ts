import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  test: {
    name: 'conformance',
    include: ['test/conformance/**/*.test.ts'],
    globalSetup: './test/conformance/ledger.ts',
    pool: 'forks',
    // Each network has namespaces of its own, but expecting, unlike waiting, keeps a process busy: two of them, which load
    // the simulator once for all their files.
    maxWorkers: 2,
    isolate: false,
    // Networks mostly wait for packets that never come: a few at a time.
    maxConcurrency: 3,
    // For what hangs: beside a busy Docker Engine a network that asks for every flow takes minutes.
    testTimeout: 900_000,
    hookTimeout: 120_000,
  },
});
