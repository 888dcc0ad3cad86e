import { rawHeaderValues, readHeaders } from '../../mail/pure.ts'

const valid = (text: string | undefined): Date | null => {
  if (text === undefined) return null
  // No date is this long, and an expression that looks for the end of each of 100,000 brackets takes minutes.
  if (text.length > 1000) return null
  const at = new Date(text.replace(/\([^)]*\)/g, '').trim())
  // Years that no mail can have are somebody's broken clock: better no date than such a one.
  return Number.isNaN(at.getTime()) || at.getUTCFullYear() < 1980 || at.getUTCFullYear() > 2100 ? null : at
}

/** When a message was received: by the topmost Received header, else by its Date. */
export function receivedAtOf(raw: Buffer): Date | null {
  const headers = readHeaders(raw, 256 * 1024)
  const received = rawHeaderValues(raw, headers, 'received')[0]
  return valid(received?.slice(received.lastIndexOf(';') + 1)) ?? valid(rawHeaderValues(raw, headers, 'date')[0])
}

/** The time of a From_ line: `From someone@example.org Sat Jan  3 01:05:34 1996`, also with a zone. Taken as UTC. */
export function fromLineDate(line: string): Date | null {
  const match =
    /\b([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s+(?:[A-Z]{1,5}\s+|[+-]\d{4}\s+)?(\d{4})/.exec(line)
  return match ? valid(`${match[2]} ${match[1]} ${match[6]} ${match[3]}:${match[4]}:${match[5] ?? '00'} UTC`) : null
}
