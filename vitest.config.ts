import { defineConfig } from 'vitest/config'

const exclude = ['**/node_modules/**', '**/dist/**']

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'fast', include: ['**/*.test.ts'], exclude, retry: 0 } },
      {
        test: {
          name: 'slow',
          include: ['**/*.slow.ts'],
          exclude,
          retry: 0,
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
