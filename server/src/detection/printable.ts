/** A name that may be printed: what turns or hides is shown as its code. */
export const printable = (name: string, most: number = 200): string =>
  name
    .replace(/[\p{Cf}\p{Cc}]/gu, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
    .replace(/\s{3,}/g, '  …  ')
    .slice(0, most) || '(unnamed)'
