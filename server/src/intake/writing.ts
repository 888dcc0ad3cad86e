import type { TenantId } from '../base/index.ts'
import { judgeLater } from '../detection/index.ts'
import { type NewMessage, type Received, receiveAll } from '../records/index.ts'
import type { BlobRef, Storage, Tx } from '../storage/index.ts'
import { createGrouped } from './grouped.ts'
import { type Settled, settle } from './settle.ts'

export interface ToRecord {
  readonly message: NewMessage
  readonly blob: BlobRef
  /** Engines that were not heard. */
  readonly absent: readonly string[]
}

export interface Writer {
  /** Resolves when it is committed. */
  record(tenant: TenantId, one: ToRecord): Promise<Received>
  /** The same for what the next hop said of copies. */
  settle(tenant: TenantId, settled: readonly Settled[]): Promise<void>
}

type Write =
  | { readonly kind: 'record'; readonly one: ToRecord }
  | { readonly kind: 'settle'; readonly settled: readonly Settled[] }

/** What is written while mail comes in: messages, and what became of copies. What comes while a transaction runs shares the next one. */
export function createWriter(storage: Pick<Storage, 'tenant' | 'blobs'>): Writer {
  const written = createGrouped((tenant, all: readonly Write[]) =>
    storage.tenant(tenant, (tx) => writeAll(storage, tx, all), { mayRunAgain: true }),
  )
  return {
    record: async (tenant, one) => {
      const received = await written(tenant, { kind: 'record', one })
      if (received === null) throw new Error('a message was written and is not there')
      return received
    },
    settle: async (tenant, settled) => void (await written(tenant, { kind: 'settle', settled })),
  }
}

/** Answers in their order; null for what was settled. Copies come first: everybody takes the locks of both in one order. */
async function writeAll(
  storage: Pick<Storage, 'blobs'>,
  tx: Tx,
  all: readonly Write[],
): Promise<readonly (Received | null)[]> {
  const settled = all.flatMap((w) => (w.kind === 'settle' ? w.settled : []))
  const recorded = all.flatMap((w) => (w.kind === 'record' ? [w.one] : []))
  const [, received] = await Promise.all([settle(tx, settled), record(storage, tx, recorded)])
  let next = 0
  return all.map((w) => (w.kind === 'settle' ? null : (received[next++] ?? null)))
}

async function record(storage: Pick<Storage, 'blobs'>, tx: Tx, all: readonly ToRecord[]): Promise<Received[]> {
  const blobs = all.map((one) => one.blob)
  const messages = all.map((one) => one.message)
  const [, done] = await Promise.all([storage.blobs.mark(tx, blobs), receiveAll(tx, messages)])
  for (const [i, { messageId, duplicate }] of done.entries())
    if (!duplicate) await judgeLater(tx, messageId, all[i]?.absent ?? [])
  return done
}
