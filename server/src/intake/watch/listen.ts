import { type MailboxId, messageOf } from '../../base/index.ts'
import type { Listening } from '../../mailboxes/index.ts'
import type { StorageLog } from '../../storage/index.ts'
import type { HomeOf } from '../types.ts'
import type { WatchedMailbox } from './types.ts'

export interface Hints {
  /** Listens to as many of these as the limit allows, the first ones first. */
  watch(mailboxes: readonly WatchedMailbox[]): void
  count(): number
  close(): Promise<void>
}

export interface HintOptions {
  readonly homeOf: HomeOf
  readonly log: StorageLog
  readonly limit: number
  readonly onNews: (mailbox: MailboxId) => void
}

const RETRY_MS = 60_000

/** What servers tell by themselves. Only a hint to look at once: whoever misses one sees the same at the next look. */
export function listenTo({ homeOf, log, limit, onNews }: HintOptions): Hints {
  const open = new Map<MailboxId, Listening>()
  const notBefore = new Map<MailboxId, number>()
  const starting = new Map<MailboxId, Promise<void>>()
  let closed = false

  async function start({ tenant, id, address }: WatchedMailbox): Promise<void> {
    try {
      const home = await homeOf(tenant, id)
      const listening = await home?.provider.listen?.(home.account, {
        news: () => onNews(id),
        ended: () => {
          open.delete(id)
          notBefore.set(id, performance.now() + RETRY_MS)
        },
      })
      if (!listening) return
      if (closed) await listening.close()
      else open.set(id, listening)
    } catch (error) {
      notBefore.set(id, performance.now() + RETRY_MS)
      log.warn({ mailbox: address, error: messageOf(error) }, 'the server tells no news of a mailbox; it is polled')
    }
  }

  return {
    watch(mailboxes) {
      if (closed) return
      const wanted = new Set(mailboxes.map((one) => one.id))
      for (const [id, listening] of open) {
        if (wanted.has(id)) continue
        // One that we close ourselves does not tell that it ended.
        open.delete(id)
        void listening.close()
      }
      for (const one of mailboxes) {
        if (open.size + starting.size >= limit) return
        const early = (notBefore.get(one.id) ?? 0) > performance.now()
        if (early || open.has(one.id) || starting.has(one.id)) continue
        starting.set(
          one.id,
          start(one).finally(() => starting.delete(one.id)),
        )
      }
    },
    count: () => open.size,
    async close() {
      closed = true
      await Promise.all(starting.values())
      await Promise.all([...open.values()].map((listening) => listening.close()))
    },
  }
}
