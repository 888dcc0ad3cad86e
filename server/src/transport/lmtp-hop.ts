import { messageOf } from '../base/index.ts'
import { type LmtpConnection, LmtpLost, openLmtp } from './lmtp-connection.ts'
import type { HandOver, HopResult, NextHop } from './next-hop.ts'
import { reply } from './reply.ts'

export interface LmtpHopOptions {
  readonly host: string
  readonly port: number
  /** Our name in LHLO. Default `localhost`. */
  readonly hostname?: string
  /** Connections at the same time. Default 16. */
  readonly maxConnections?: number
  /** Silence before a connection is given up. Default 60,000 ms. */
  readonly timeoutMs?: number
  /** An unused connection is closed after this. Default 20,000 ms, below the idle limit of common servers. */
  readonly idleMs?: number
}

/** LMTP to the mail store, over a few kept connections. */
export function createLmtpHop(options: LmtpHopOptions): NextHop {
  const pool = createPool(options)
  return {
    kind: 'lmtp',
    handOver: async (mail) => {
      const release = await pool.slot()
      try {
        return await handOver(pool, mail)
      } finally {
        release()
      }
    },
    close: async () => pool.close(),
  }
}

async function handOver(pool: Pool, mail: HandOver): Promise<readonly HopResult[]> {
  for (let attempt = 0; ; attempt++) {
    const kept = attempt === 0 ? pool.take() : undefined
    let connection: LmtpConnection | undefined = kept
    try {
      connection ??= await pool.open(mail.deadline)
      const results = await connection.send(mail)
      pool.give(connection)
      return results
    } catch (error) {
      connection?.destroy()
      // A kept connection may have been closed by the server meanwhile; before DATA nothing can have happened.
      if (kept && error instanceof LmtpLost && !error.sent) continue
      return mail.recipients.map((_, i) => lost(error, i))
    }
  }
}

function lost(error: unknown, index: number): HopResult {
  if (error instanceof LmtpLost) {
    const known = error.results[index]
    if (known) return known
    if (error.sent) return { kind: 'unknown', why: error.message }
  }
  return { kind: 'temporary', reply: reply(451, '4.4.1', `Mail store: ${messageOf(error)}`) }
}

type Pool = ReturnType<typeof createPool>

function createPool(options: LmtpHopOptions) {
  const idle: { connection: LmtpConnection; timer: NodeJS.Timeout }[] = []
  const waiting: (() => void)[] = []
  let free = options.maxConnections ?? 16
  let closed = false
  const release = (): void => {
    const next = waiting.shift()
    if (next) next()
    else free++
  }
  const drop = (connection: LmtpConnection): void => {
    const at = idle.findIndex((i) => i.connection === connection)
    if (at !== -1) clearTimeout(idle.splice(at, 1)[0]?.timer)
    connection.quit()
  }
  return {
    slot: async (): Promise<() => void> => {
      if (free > 0) free--
      else await new Promise<void>((resolve) => waiting.push(resolve))
      return release
    },
    /** The most recently used one: it is the least likely to have been closed. */
    take: (): LmtpConnection | undefined => {
      const last = idle.pop()
      clearTimeout(last?.timer)
      return last?.connection
    },
    open: (deadline: number): Promise<LmtpConnection> =>
      openLmtp({ host: options.host, port: options.port }, options.hostname ?? 'localhost', {
        timeoutMs: options.timeoutMs ?? 60_000,
        deadline,
      }),
    give: (connection: LmtpConnection): void => {
      if (closed || !connection.usable()) {
        connection.quit()
        return
      }
      const timer = setTimeout(() => drop(connection), options.idleMs ?? 20_000)
      timer.unref()
      idle.push({ connection, timer })
    },
    close: (): void => {
      closed = true
      for (const { connection } of [...idle]) drop(connection)
    },
  }
}
