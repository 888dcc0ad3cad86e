/**
 * Letters of other scripts, digits and pairs that are read as Latin letters. Only those that common typefaces draw alike;
 * from the Unicode confusables (UTS 39), reduced to what domain names and display names use.
 */
const LOOKS_LIKE: Readonly<Record<string, string>> = {
  // Cyrillic
  ...{ а: 'a', в: 'b', с: 'c', ԁ: 'd', е: 'e', һ: 'h', і: 'i', ј: 'j', к: 'k', ӏ: 'l', м: 'm', н: 'h', о: 'o', р: 'p' },
  ...{ ѕ: 's', т: 't', у: 'y', ѵ: 'v', ԝ: 'w', х: 'x', ь: 'b' },
  // Greek
  ...{ α: 'a', β: 'b', ε: 'e', η: 'n', ι: 'i', κ: 'k', ν: 'v', ο: 'o', ρ: 'p', τ: 't', υ: 'u', χ: 'x' },
  // Latin and Armenian oddities
  ...{ ı: 'i', ɑ: 'a', ɡ: 'g', ʏ: 'y', օ: 'o', ս: 'u', հ: 'h', ց: 'g', ո: 'n', ł: 'l', ø: 'o', đ: 'd', ß: 'ss' },
}

const DIGITS: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'l',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
}

const MARKS = /\p{M}+/gu
const INVISIBLE = /[\p{Cf}\p{Cc}]/gu

/** Most names and hosts: nothing to change in them but the case. */
const PRINTED = /^[ -~]*$/

/** Lower case without accents, invisible characters and compatibility forms; other scripts stay. */
export const plain = (text: string): string =>
  PRINTED.test(text)
    ? text.toLowerCase()
    : text.replace(INVISIBLE, '').normalize('NFKD').replace(MARKS, '').toLowerCase().normalize('NFC')

/** `plain`, and letters of other scripts replaced by the Latin letters that they look like. */
export const latin = (text: string): string =>
  PRINTED.test(text) ? text.toLowerCase() : [...plain(text)].map((c) => LOOKS_LIKE[c] ?? c).join('')

/** What the eye makes of a host label: look-alike letters, digits and pairs folded, hyphens gone. */
export function skeleton(label: string): string {
  const before = skeletons.get(label)
  if (before !== undefined) return before
  const made = fold(label)
  if (skeletons.size >= 4_000) skeletons.clear()
  if (label.length <= 253) skeletons.set(label, made)
  return made
}

/** The same labels come again and again, and each is compared with many. */
const skeletons = new Map<string, string>()

const fold = (label: string): string =>
  [...latin(label)]
    .map((c) => DIGITS[c] ?? c)
    .join('')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replaceAll('cl', 'd')
    .replaceAll('i', 'l')
    .replaceAll('-', '')

/**
 * The words of a person's name in one order: `Alder, Ingrid` and `INGRID  ALDER (CEO)` are the same. Null when it is too
 * short to mean one person (one word, or fewer than six letters).
 */
export function nameKey(name: string): string | null {
  const words = latin(name.replace(/\([^)]*\)|\[[^\]]*\]|<[^>]*>/g, ' '))
    .split(/[^\p{L}\p{N}]+/u)
    .filter((w) => w !== '' && !TITLES.has(w))
  if (words.length < 2 || words.join('').length < 6) return null
  return words.sort().join(' ')
}

const TITLES = new Set('mr mrs ms dr prof ing dipl ceo cfo cto coo'.split(' '))

/** Does the text mix Latin with letters that only pose as Latin? Nobody does that by accident. */
export function disguised(text: string): boolean {
  if (PRINTED.test(text)) return false
  const read = plain(text)
  return POSING.test(read) && /[a-z]/.test(read)
}

/** Of the look-alikes, those that no Latin alphabet has. */
const POSING = new RegExp(
  `[${Object.keys(LOOKS_LIKE)
    .filter((c) => !/[a-złøđßı]/.test(c))
    .join('')}]`,
  'u',
)

/** Edits between two texts (insert, delete, replace, swap of neighbours), up to `max`; `max + 1` when there are more. */
export function editDistance(a: string, b: string, max: number): number {
  if (Math.abs(a.length - b.length) > max) return max + 1
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let best = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1)
      row.push(best)
    }
    before = previous
    previous = row
  }
  return Math.min(previous[b.length] ?? max + 1, max + 1)
}
