import { rawHeaderValues, readHeaders } from '../mail/index.ts'

/** What our own Received line says after `by`; how we know that a message was here before. */
export const ourTrace = (hostname: string): string => `by ${hostname} (Recourse)`

/** Too many Received headers (RFC 5321 §6.3), or too many of our own. */
export function isLoop(
  raw: Buffer,
  options: { readonly hostname: string; readonly maxReceived: number; readonly maxPasses: number },
): boolean {
  const received = rawHeaderValues(raw, readHeaders(raw), 'received')
  if (received.length > options.maxReceived) return true
  const ours = ourTrace(options.hostname).toLowerCase()
  return received.filter((value) => value.toLowerCase().includes(ours)).length >= options.maxPasses
}
