import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const shared = { pool: 'threads', maxWorkers: 2, isolate: false, testTimeout: 120_000 } as const;

export default defineConfig({
  test: {
    coverage: {
      include: ['src/**/*.{ts,svelte}'],
      exclude: ['**/*.test.ts', '**/*.contract.ts', '**/*.d.ts'],
    },
    projects: [
      {
        test: {
          ...shared,
          name: 'node',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['src/renderer/**', 'test/e2e/**', 'test/conformance/**', 'test/docker/**'],
        },
      },
      {
        // Rune classes need the Svelte compiler, and the side of Svelte that runs in a browser.
        plugins: [svelte({ configFile: 'svelte.config.js' })],
        resolve: { conditions: ['browser'] },
        test: { ...shared, name: 'renderer', include: ['src/renderer/**/*.test.ts'] },
      },
    ],
  },
});
