import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely'
import type pg from 'pg'
import type { Database, Db } from './schema.ts'

/** A statement that starts so is planned once per connection. For constant text that runs for every message; nothing else. */
export const PREPARED = '/* prepared */'

const names = new Map<string, string>()
function nameOf(text: string): string {
  const known = names.get(text)
  if (known) return known
  const name = `r_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`
  names.set(text, name)
  return name
}

/** Statements that were sent so often are planned once per connection too, as long as they are not too many. */
const OFTEN = 8
const MAX_NAMES = 300
const MAX_COUNTED = 2000
const sent = new Map<string, number>()

/**
 * The name under which a connection keeps a statement; undefined = planned for this one time. A statement that asks for whatever columns a
 * table has is never kept: it would fail as soon as another process migrates.
 */
function keptName(text: string): string | undefined {
  if (text.startsWith(PREPARED) || names.has(text)) return nameOf(text)
  if (names.size >= MAX_NAMES || text.length > 6000 || !/^\s*(?:select|with|insert|update|delete)\b/i.test(text))
    return undefined
  if (/[\s.]\*/.test(text)) return undefined
  if (sent.size >= MAX_COUNTED) sent.clear()
  const times = (sent.get(text) ?? 0) + 1
  sent.set(text, times)
  return times > OFTEN ? nameOf(text) : undefined
}

const opening = new AsyncLocalStorage<{ setting: string | null }>()

export type TransactionSettings = Readonly<
  Partial<Record<'recourse.tenant_id' | 'recourse.system' | 'synchronous_commit', string>>
>

/** The next transaction that `work` opens has these settings for itself, set in the same round trip as its BEGIN. */
export function openingWith<T>(settings: TransactionSettings, work: () => Promise<T>): Promise<T> {
  const setting = Object.entries(settings).map(([name, value]) => {
    // Both are ours: names of settings, and a UUID that was checked or a word.
    if (!/^[0-9a-z-]+$/.test(value)) throw new Error(`not a setting: ${value}`)
    return `set local ${name} = '${value}'`
  })
  return opening.run({ setting: setting.join('; ') }, work)
}

/** Once: a transaction inside of the work starts without. */
function takeSetting(): string | null {
  const store = opening.getStore()
  const setting = store?.setting ?? null
  if (store) store.setting = null
  return setting
}

/** Kysely on a pool of `pg`, with statements that stay prepared and transactions that begin with their tenant. */
export function openDb(pool: pg.Pool): Db {
  const clients = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  const wrapped: PostgresPool = {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      const client = await pool.connect()
      const known = clients.get(client)
      if (known) return known
      const ours = wrap(client)
      clients.set(client, ours)
      return ours
    },
  }
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool: wrapped }) })
}

function wrap(client: pg.PoolClient): PostgresPoolClient {
  const query = async (text: unknown, values: readonly unknown[] = []) => {
    if (typeof text !== 'string') throw new Error('cursors are not used here')
    if (text === 'begin') {
      const setting = takeSetting()
      await client.query(setting === null ? 'begin' : `begin; ${setting}`)
      return { command: 'BEGIN', rowCount: 0, rows: [] }
    }
    const name = keptName(text)
    return await client.query({ text, values: [...values], ...(name === undefined ? {} : { name }) })
  }
  return {
    // Kysely also knows cursors here; we give it none.
    query: query as never,
    release: (destroy) => client.release(destroy),
  }
}
