import { randomFillSync } from 'node:crypto'

declare const brand: unique symbol
type Id<Name extends string> = string & { readonly [brand]: Name }

/** One organisation. First column of every key. */
export type TenantId = Id<'tenant'>
/** The *network message ID*: one per accepted message, shared by all its recipient copies. */
export type MessageId = Id<'message'>
/** One recipient copy. */
export type DeliveryId = Id<'delivery'>
export type MailboxId = Id<'mailbox'>
export type VerdictId = Id<'verdict'>
export type ActionId = Id<'action'>
export type ItemId = Id<'item'>
export type EntryId = Id<'entry'>
export type SubmissionId = Id<'submission'>
export type UserId = Id<'user'>
/** Tenant-keyed hash under which a blob is stored; hex, 64 characters. */
export type BlobKey = Id<'blob'>

let lastMs = 0
let counter = 0
/** Random bytes for many ids at once: asking the system costs more than all the rest of an id. */
const random = Buffer.alloc(8 * 512)
let used = random.length

/**
 * A UUID version 7 (RFC 9562 §5.7), increasing within this process: 48 bits of milliseconds, then a 12-bit counter that
 * starts anew each millisecond (when it overflows, the time is moved on by one), then 62 random bits.
 */
export function uuidv7<T extends string = string>(now: number = Date.now()): T {
  if (now > lastMs) {
    lastMs = now
    counter = 0
  } else if (++counter > 0xfff) {
    lastMs++
    counter = 0
  }
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  const at = used
  used += 8
  const time = lastMs.toString(16).padStart(12, '0')
  const seq = counter.toString(16).padStart(3, '0')
  random[at] = ((random[at] ?? 0) & 0x3f) | 0x80
  const tail = random.toString('hex', at, used)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${seq}-${tail.slice(0, 4)}-${tail.slice(4)}` as T
}

/** Milliseconds at which a UUID version 7 was made. */
export const madeAt = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)

/** The lowest UUID version 7 that can have been made at this time. */
export function idFrom(time: Date): string {
  const ms = Math.max(0, time.getTime()).toString(16).padStart(12, '0')
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-000000000000`
}
