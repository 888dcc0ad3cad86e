import { AppError } from '../base/index.ts'
import type { NewEntry } from './door.ts'

export const DEFAULT_DAYS = 30
const DAY = 86_400_000

/**
 * When a new or edited entry ends (allow-block-list §5.1): 30 days unless said otherwise, IP entries and spoofed senders never. An allow ends
 * within 30 days and never lives for ever, a block within 90 days or never, an IP entry or a spoofed sender within 90 days or never (ours:
 * the product's spoofed senders cannot end, lists #51).
 */
export function expiryOf(wanted: Pick<NewEntry, 'action' | 'kind' | 'expiresInDays'>, now: Date): Date | null {
  const { action, kind } = wanted
  // Who sends for whom lasts, and so does what an address is used for.
  const lasting = kind === 'sender-ip' || kind === 'spoof'
  const days = wanted.expiresInDays === undefined ? (lasting ? null : DEFAULT_DAYS) : wanted.expiresInDays
  const longest = action === 'allow' && !lasting ? 30 : 90
  if (days === null) {
    if (action === 'block' || lasting) return null
    throw new AppError('bad-expiry', 'An allow entry has to end.', `Choose 1 to ${longest} days; it can be extended.`)
  }
  if (!Number.isInteger(days) || days < 1 || days > longest)
    throw new AppError(
      'bad-expiry',
      `${days} days is not possible for an entry to ${action} a ${kind}.`,
      `Choose 1 to ${longest} days${action === 'block' || lasting ? ', or never' : ''}.`,
    )
  return new Date(now.getTime() + days * DAY)
}
