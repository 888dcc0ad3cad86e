import { expect, test } from 'vitest'
import { Pool } from './pool.ts'

const RAW = Buffer.from('From: Ann <ann@example.org>\r\nSubject: hello\r\n\r\n')

test('a pool that grows has one process for a few messages, and all of them for many', async () => {
  const pool = new Pool({
    workers: 2,
    grows: true,
    deadlineMs: 10_000,
    maxRssMb: 768,
    settings: {
      trustedAuthserv: [],
      resolves: false,
      maxParts: 100,
      maxDepth: 10,
      maxHeaderBytes: 65_536,
      own: undefined,
    },
    resolver: null,
    hide: [],
  })
  const some = (n: number) =>
    Promise.all(Array.from({ length: n }, () => pool.run({ kind: 'headers', raw: RAW, why: 'a test', context: NONE })))
  try {
    expect(await some(4)).toHaveLength(4)
    expect(pool.pids()).toHaveLength(1)
    expect(await some(30)).toHaveLength(30)
    expect(pool.pids()).toHaveLength(2)
  } finally {
    await pool.close()
  }
})

const NONE = { mailFrom: null, clientIp: null, helo: null }
