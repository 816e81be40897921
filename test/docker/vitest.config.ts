import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  test: {
    name: 'docker',
    include: ['test/docker/**/*.docker.test.ts'],
    globalSetup: './test/docker/support/global-setup.ts',
    pool: 'forks',
    // One engine for all, and each file leaves it empty: one file at a time.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
