import { decodeWords } from 'postal-mime'

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]/g

/** Control characters become U+FFFD and lone surrogates too, so that every store and terminal takes the text. */
export const cleanText = (text: string): string => text.replace(CONTROL, '\uFFFD').toWellFormed()

/** One line for a person: cleaned, blanks collapsed, at most `max` characters. */
export const oneLine = (text: string, max: number): string =>
  cut(cleanText(cut(text, max * 4).replace(/\s+/g, ' ')).trim(), max)

/** At most `max` UTF-16 units, never half a surrogate pair. */
export const cut = (text: string, max: number): string =>
  text.length <= max ? text : text.slice(0, max).replace(/[\uD800-\uDBFF]$/, '')

/** Encoded words (RFC 2047) decoded; input beyond 64 Ki characters is cut, so that work stays bounded. */
export function decodeHeader(value: string): string {
  const bounded = cut(value, 65_536)
  if (!bounded.includes('=?')) return bounded
  try {
    return decodeWords(bounded)
  } catch {
    return bounded
  }
}
