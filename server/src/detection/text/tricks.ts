/** Letters that Unicode has for mathematics, circles and full width: read as Latin, searched as something else. */
const STYLED = /[\u{1d400}-\u{1d7ff}\u{1f130}-\u{1f189}\u24b6-\u24e9\uff21-\uff3a\uff41-\uff5a]/gu
// biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII
const ASCII = /^[\u0000-\u007f]*$/
const STRUCK = /(?:[a-z][\u0300-\u036f\u20d0-\u20ff]+\s?){3,}/i
const INVISIBLE =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: each of them is looked for by itself
  /[a-z][\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+[a-z]/i
const TURNED = /[\u202a-\u202e\u2066-\u2069]/

/** Text written to be read by people and not by filters; null when it is not. `weight`: points in a name or subject. */
export function stylised(text: string): { readonly what: string; readonly weight: number } | null {
  if (ASCII.test(text)) return null
  if (TURNED.test(text)) return { what: 'characters that turn the direction of writing', weight: 3 }
  if (INVISIBLE.test(text)) return { what: 'invisible characters between its letters', weight: 3 }
  if (STRUCK.test(text)) return { what: 'letters with marks over every one', weight: 3 }
  const styled = (text.match(STYLED) ?? []).length
  // Two or three full-width letters are a Japanese keyboard.
  if (styled >= 4 && !/[\u3040-\u30ff\u4e00-\u9fff]/.test(text))
    return { what: 'letters of the mathematical alphabets', weight: 3 }
  return null
}
