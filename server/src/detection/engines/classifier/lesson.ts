import type { ParsedMail } from '../../../mail/index.ts'
import { featuresOf } from './features.ts'
import { PLACES } from './places.ts'

/** What a message can be taught as; the order is that of the weights. */
export const CLASSES = ['ham', 'spam', 'phish'] as const
export type Class = (typeof CLASSES)[number]

/** One message that somebody called ham, spam or phish. */
export interface Lesson {
  /** SHA-256 of the message's bytes: the same message is one lesson, however often it is taught. */
  readonly hash: string
  readonly as: Class
  /** Fingerprint of the body: copies that differ in details count as kin. Null = none of its own. */
  readonly kin: string | null
  /** Places of its features, ascending, each once. */
  readonly places: Uint32Array
}

/** `hash`: what makes it the same lesson when it is taught again, SHA-256 of the raw message in hexadecimal. */
export function lessonOf(mail: ParsedMail, hash: string, as: Class): Lesson {
  return { hash, as, kin: mail.fingerprints.body, places: distinct(featuresOf(mail).places()).sort() }
}

/** Marks of `distinct`, all zero between two calls. */
const marked = new Uint8Array(PLACES)

/** Each place once, in the order in which they come first. */
export function distinct(places: Uint32Array): Uint32Array {
  const out = new Uint32Array(places.length)
  let n = 0
  for (const place of places) {
    if (marked[place] !== 0) continue
    marked[place] = 1
    out[n++] = place
  }
  for (const place of out.subarray(0, n)) marked[place] = 0
  return out.slice(0, n)
}

/** Places as gaps in 7-bit groups: two bytes each. */
export function packPlaces(places: Uint32Array): Buffer {
  const out = Buffer.alloc(places.length * 4)
  let at = 0
  let before = 0
  for (const place of places) {
    let gap = place - before
    before = place
    while (gap > 127) {
      out[at++] = (gap & 127) | 128
      gap >>>= 7
    }
    out[at++] = gap
  }
  return out.subarray(0, at)
}

/** Throws a RangeError for bytes that `packPlaces` does not write. */
export function unpackPlaces(bytes: Uint8Array): Uint32Array {
  const out: number[] = []
  let gap = 0
  let shift = 0
  let place = 0
  for (const byte of bytes) {
    gap |= (byte & 127) << shift
    shift += 7
    if (shift > 28) throw new RangeError('not a list of features')
    if (byte > 127) continue
    if (out.length > 0 && gap === 0) throw new RangeError('not a list of features')
    place += gap
    if (place >= PLACES) throw new RangeError('not a list of features')
    out.push(place)
    gap = 0
    shift = 0
  }
  if (shift !== 0) throw new RangeError('not a list of features')
  return Uint32Array.from(out)
}
