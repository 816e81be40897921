import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  test: {
    name: 'conformance',
    include: ['test/conformance/**/*.test.ts'],
    globalSetup: './test/conformance/ledger.ts',
    pool: 'forks',
    // Namespaces and processors are shared: one file at a time.
    fileParallelism: false,
    // Generated networks mostly wait for packets that never come: a few at a time.
    maxConcurrency: 4,
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
