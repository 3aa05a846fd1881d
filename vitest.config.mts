import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts', 'test/package/**/*.test.ts', 'test/interop/**/*.test.ts'],
    testTimeout: 30_000,
    // The default leaves one core to the screen, which on a machine of two takes twice the time.
    maxWorkers: '100%',
  },
});
