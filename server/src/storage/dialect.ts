import { createHash } from 'node:crypto'
import {
  CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  Transaction,
} from 'kysely'
import type pg from 'pg'
import type { Database, Db, Tx } from './schema.ts'

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

export type TransactionSettings = Readonly<
  Partial<Record<'recourse.tenant_id' | 'recourse.system' | 'synchronous_commit', string>>
>

/** Sets them for the transaction, in the same round trip as its BEGIN. */
function beginning(settings: TransactionSettings): CompiledQuery {
  const parts = Object.entries(settings).map(([name, value]) => {
    // Both are ours: names of settings, and a UUID that was checked or a word.
    if (!/^[0-9a-z-]+$/.test(value)) throw new Error(`not a setting: ${value}`)
    return `; set local ${name} = '${value}'`
  })
  return CompiledQuery.raw(`begin${parts.join('')}`)
}

export interface Opening {
  readonly settings: TransactionSettings
  /** BEGIN is not waited for: it travels with the first statement. */
  readonly atOnce: boolean
  /** BEGIN was answered. */
  readonly begun: () => void
}

export type RunTransaction = <T>(opening: Opening, work: (tx: Tx) => Promise<T>) => Promise<T>

/**
 * Kysely on a pool of `pg`, with statements that stay prepared, and transactions that begin with their tenant. Statements of a transaction
 * that are asked for at once (`Promise.all`) travel together and are carried out in their order; Kysely's own transactions send
 * one, wait, and send the next.
 */
export function openDb(pool: pg.Pool): { readonly db: Db; readonly transaction: RunTransaction } {
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
  const dialect = new PostgresDialect({ pool: wrapped })
  const db = new Kysely<Database>({ dialect })
  const driver = dialect.createDriver()
  const transaction: RunTransaction = ({ settings, atOnce, begun }, work) =>
    db.getExecutor().provideConnection(async (connection) => {
      let over = false
      const executor = db.getExecutor().withConnectionProvider({
        provideConnection: (consumer) => (over ? Promise.reject(new Error(OVER)) : consumer(connection)),
      })
      const tx = new Transaction<Database>({ config: { dialect }, dialect, driver: new DummyDriver(), executor })
      const start = connection.executeQuery(beginning(settings)).then(begun)
      try {
        if (!atOnce) await start
        const done = await withStart(start, work(tx))
        over = true
        await driver.commitTransaction(connection)
        return done
      } catch (error) {
        over = true
        // After a failed COMMIT it does nothing. Where it fails itself, the connection is not used again.
        await driver.rollbackTransaction(connection).catch(() => undefined)
        throw error
      }
    })
  return { db, transaction }
}

const OVER = 'this transaction is over'

/** Where BEGIN failed, that is why; what the work says of it only follows from it. */
async function withStart<T>(start: Promise<void>, work: Promise<T>): Promise<T> {
  const [begun, done] = await Promise.allSettled([start, work])
  if (begun.status === 'rejected') throw begun.reason
  if (done.status === 'rejected') throw done.reason
  return done.value
}

function wrap(client: pg.PoolClient): PostgresPoolClient {
  const together = gathering(client)
  const query = async (text: unknown, values: readonly unknown[] = []) => {
    if (typeof text !== 'string') throw new Error('cursors are not used here')
    together()
    const name = keptName(text)
    return await client.query({ text, values: [...values], ...(name === undefined ? {} : { name }) })
  }
  return {
    // Kysely also knows cursors here; we give it none.
    query: query as never,
    release: (destroy) => client.release(destroy),
  }
}

/** What is written after a call, until nothing is left to do without waiting, leaves in one packet. */
function gathering({ connection: { stream } }: pg.PoolClient): () => void {
  let held = false
  const leave = (): void => {
    held = false
    stream.uncork()
  }
  return () => {
    if (held) return
    held = true
    stream.cork()
    // After the microtasks that run now, among them the next statements of who asks for several.
    queueMicrotask(() => process.nextTick(leave))
  }
}
