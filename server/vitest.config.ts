import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Child processes (Dovecot, PostgreSQL, parsers, Chromium) share two cores with the tests: few workers, and time limits that only
// something that hangs reaches. A test that needs longer says so; none has a shorter one.
export default defineConfig({
  cacheDir: join(tmpdir(), 'recourse-vitest'),
  test: {
    fsModuleCache: false,
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 60_000 } },
    globalSetup: ['test/rig/global.ts'],
  },
})
