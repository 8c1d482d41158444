import { defineConfig } from 'vitest/config'

const exclude = ['**/node_modules/**', '**/dist/**']
/** Real servers answer when they are scheduled: a promise is broken when it takes this long, not before. */
const expect = { poll: { timeout: 15_000, interval: 25 } }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['**/*.test.ts'],
          exclude,
          maxWorkers: 2,
          retry: 0,
          testTimeout: 30_000,
          expect,
        },
      },
      {
        test: {
          name: 'slow',
          include: ['**/*.slow.ts'],
          exclude,
          setupFiles: ['e2e/testing-no-complaints.ts'],
          retry: 0,
          fileParallelism: false,
          // Whole estates run beside each other where a test says so.
          maxConcurrency: 2,
          testTimeout: 600_000,
          hookTimeout: 120_000,
          expect,
        },
      },
    ],
  },
})
