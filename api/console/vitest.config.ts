import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import vite from './vite.config.ts';

export default mergeConfig(
  vite,
  defineConfig({
    // Some tests read what the server says from its sources.
    server: { fs: { allow: [fileURLToPath(new URL('../..', import.meta.url))] } },
    test: {
      environment: 'jsdom',
      include: ['src/**/*.test.{ts,tsx}'],
      setupFiles: ['src/test/setup.ts'],
      restoreMocks: true,
      css: true,
      // Machines are slow where several build at once.
      testTimeout: 30_000,
    },
  }),
);
