import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Child processes (Dovecot, PostgreSQL, parsers) share two cores with the tests: few workers, generous time limits.
export default defineConfig({
  cacheDir: join(tmpdir(), 'recourse-vitest'),
  test: {
    fsModuleCache: false,
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    globalSetup: ['test/rig/global.ts'],
  },
})
