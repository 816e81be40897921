import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  test: {
    name: 'conformance',
    include: ['test/conformance/**/*.test.ts'],
    pool: 'forks',
    // Namespaces and processors are shared: one network at a time.
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
