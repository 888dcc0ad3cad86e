import type { Signal } from '../../judgement/index.ts'
import { count, points, readingOf, saidOf } from '../reading.ts'
import { isEstablished } from '../senders.ts'
import type { SignalInput } from '../types.ts'

/**
 * Telephone-oriented fraud: something that you did not order was charged, and the only way out is a number to call. The number is the payload,
 * so there is often no link at all. Digits written to hide from filters (`+1 (8O8) 555`, spaced out, look-alike letters) count more.
 */
export function callback({ mail }: SignalInput): Signal[] {
  const reading = readingOf(mail)
  const charge = count(reading, 'charge')
  const calls = count(reading, 'callback')
  if (charge === 0 || calls === 0) return []
  const text = `${mail.subject}\n${mail.text.slice(0, 8_000)}`
  const phone = phoneIn(text)
  if (phone === null || isEstablished(mail)) return []
  const amount = /(?:[$€£]|\busd\b|\beur\b)\s?\d{2,4}(?:[.,]\d{2})?|\b\d{2,4}[.,]\d{2}\s?(?:[$€£]|usd|eur)/i.test(text)
  const weight = points(
    (1.2 + Math.min(charge, 5) * 0.6 + Math.min(calls, 3) * 0.5) *
      (amount ? 1.3 : 1) *
      (reading.body.words.length > 600 ? 0.4 : 1) +
      (phone.odd ? 2 : 0),
  )
  return [
    {
      id: 'callback',
      version: 1,
      weight,
      threat: 'phish',
      technology: 'content',
      summary: `Speaks of a charge and wants to be called at ${phone.shown}`,
      evidence: { phone: phone.shown, disguised: phone.odd, amount, said: saidOf(reading, ['charge', 'callback']) },
      entities: [],
    },
  ]
}

const PHONE = /(?:\+|\b00)?\(?[\dOoIl]{1,4}\)?(?:[\s.\-–—_)(]{1,3}[\dOoIl]{2,8}){2,4}\b|\+\d{10,13}\b/g

/** A telephone number of a text, and whether letters stand for some of its digits. */
export function phoneIn(text: string): { readonly shown: string; readonly odd: boolean } | null {
  for (const [found] of text.matchAll(PHONE)) {
    const digits = found.replace(/\D/g, '').length
    const letters = found.replace(/[^OoIl]/g, '').length
    if (digits + letters < 10 || digits + letters > 14 || digits < 7 || /^\d{4}-\d\d-\d\d/.test(found)) continue
    return { shown: found.trim(), odd: letters > 0 }
  }
  return null
}
