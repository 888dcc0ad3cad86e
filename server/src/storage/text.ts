/**
 * Text that PostgreSQL can store: U+0000 and lone surrogates become U+FFFD. Everything that comes out of mail goes through this
 * or `jsonText`.
 */
export const plainText = (text: string): string => text.replaceAll('\0', '\ufffd').toWellFormed()

/** JSON for a `json` or `jsonb` column; the same replacements, inside of strings and names. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value)
  // Nearly always; and looking for two characters costs a fraction of the expression.
  if (!text.includes('\\u')) return text
  if (!/\\u(?:0000|d[89a-f])/i.test(text)) return text
  // JSON.stringify writes lone surrogates (and only those) as escapes; an escaped backslash before `u0000` is text.
  return text.replace(/\\(?:\\|u0000|ud[89a-f][0-9a-f]{2})/gi, (found) => (found === '\\\\' ? found : '\\ufffd'))
}
