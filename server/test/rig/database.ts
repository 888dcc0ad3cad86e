import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { RunningServer } from './running.ts'

/** What a running server has written down, and what only time would change: its own embedded PostgreSQL, as its owner. */
export async function inDatabase<T>(server: RunningServer, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const found = readdirSync(server.dir, { recursive: true, encoding: 'utf8' }).find((f) => f.endsWith('postmaster.pid'))
  const host =
    readFileSync(join(server.dir, found ?? 'postmaster.pid'), 'utf8')
      .split('\n')[4]
      ?.trim() ?? ''
  const client = new pg.Client({ host, port: 5432, user: 'postgres', database: 'recourse' })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
