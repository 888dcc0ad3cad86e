/** Characters that hide, reorder or break text: C0/C1 controls, bidirectional controls, zero-width and line separators. */
const HIDING = /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/gu

/**
 * Joiners and non-joiners where writing needs them: inside a picture of several, between letters of the Arabic script, after the sign
 * of Indic scripts that takes a vowel away (RFC 5892, appendix A.1 and A.2). Anywhere else they hide.
 */
const NEEDED =
  /(?<=\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]?)\u200d(?=\p{Extended_Pictographic})|(?<=(?=\p{Script=Arabic})\p{L}\p{Mn}*)\u200c(?=(?=\p{Script=Arabic})\p{L})|(?<=[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca])[\u200c\u200d]/uy

const NAMES: Readonly<Record<number, string>> = {
  8234: 'LRE',
  8235: 'RLE',
  8236: 'PDF',
  8237: 'LRO',
  8238: 'RLO',
  8294: 'LRI',
  8295: 'RLI',
  8296: 'FSI',
  8297: 'PDI',
  8206: 'LRM',
  8207: 'RLM',
}

/**
 * A text of a message made safe to show on a line: what hides or reorders characters is named in brackets (it is
 * evidence), line ends and tabs become spaces, and nothing longer than `max` characters reaches the page.
 */
export function visible(text: string, max = 1000): string {
  const cut = text.length > max * 2
  const shown = (cut ? clip(text, max * 2) : text).replace(/[\t\r\n]+/g, ' ').replace(HIDING, named)
  return cut || shown.length > max ? `${clip(shown, max)}…` : shown
}

/** At most so many UTF-16 units of a text, with no half of a character at the end. */
const clip = (text: string, max: number): string => text.slice(0, max).replace(/[\ud800-\udbff]$/, '')

/** As `visible`, for text of several lines. */
export const visibleLines = (text: string, max = 100_000): string =>
  text
    .slice(0, max)
    .split(/\r\n|\r|\n/)
    .map((line) => visible(line, max))
    .join('\n')

function named(character: string, at: number, text: string): string {
  NEEDED.lastIndex = at
  return NEEDED.test(text) ? character : nameOf(character)
}

function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return `[${NAMES[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`}]`
}

/** An address that nobody can follow by accident: `hxxps://login[.]example/path`. */
export function defang(url: string): string {
  const at = url.search(/[/?#]/)
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)
  if (!scheme) return (at < 0 ? url : url.slice(0, at)).replaceAll('.', '[.]') + (at < 0 ? '' : url.slice(at))
  const rest = url.slice(scheme[0].length)
  const end = rest.search(/[/?#]/)
  const host = end < 0 ? rest : rest.slice(0, end)
  const name = (scheme[1] ?? '').replace(/tt/i, 'xx')
  return `${name}://${host.replaceAll('.', '[.]')}${end < 0 ? '' : rest.slice(end)}`
}

export function bytes(size: number): string {
  if (size < 1024) return `${size} B`
  const units = ['KB', 'MB', 'GB']
  let value = size / 1024
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 })} ${units[unit]}`
}
