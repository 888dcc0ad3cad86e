import { createHash } from 'node:crypto'
import { rawHeaderValues, readHeaders } from '../mail/index.ts'
import type { Envelope } from '../transport/index.ts'

const digest = (...parts: readonly string[]): string =>
  // Lengths in front: no two lists of parts give the same text.
  createHash('sha256')
    .update(parts.map((p) => `${p.length}:${p}`).join(''))
    .digest('hex')

/** The `id` of the topmost Received header: the queue id of the server before us. */
export function receivedId(raw: Buffer): string | null {
  const top = rawHeaderValues(raw, readHeaders(raw), 'received')[0]
  return /\sid\s+([^\s;()]{1,200})/i.exec(top ?? '')?.[1] ?? null
}

/**
 * What stays the same when an MTA tries again: the client that it speaks for, its queue id, the envelope sender and the
 * bytes. Not the recipients: it tries again only for those that it was refused, and each has its own state.
 */
export function attemptKey(
  envelope: Pick<Envelope, 'client' | 'ident' | 'mailFrom'>,
  sha256: string,
  raw: Buffer,
): string {
  const id = envelope.ident !== null ? `ident ${envelope.ident}` : `received ${receivedId(raw) ?? ''}`
  return digest('attempt', envelope.client.ip ?? '', id, envelope.mailFrom, sha256)
}

/** The same mail imported again is the same mail, wherever it was read from. */
export const importKey = (sha256: string): string => digest('import', sha256)
