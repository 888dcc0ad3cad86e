/** Properties that lay out or colour text. None can load, run, place outside the flow or cover the page. */
const PROPERTIES = new Set(
  (
    'color background-color font-family font-size font-style font-weight font-variant line-height letter-spacing word-spacing ' +
    'text-align text-decoration text-indent text-transform vertical-align white-space word-break overflow-wrap direction ' +
    'width height max-width max-height min-width min-height margin margin-top margin-right margin-bottom margin-left ' +
    'padding padding-top padding-right padding-bottom padding-left border border-top border-right border-bottom border-left ' +
    'border-color border-style border-width border-radius border-collapse border-spacing display list-style-type ' +
    'table-layout visibility opacity float clear'
  ).split(' '),
)
/** No backslash (escapes), no comment, no brace, no at-rule, no colon: nothing that could begin another thing. */
const VALUE = /^[\w\s#%.,'"()+-]{1,200}$/
const FUNCTIONS = new Set(['rgb', 'rgba', 'hsl', 'hsla'])

function safeValue(value: string): boolean {
  if (!VALUE.test(value)) return false
  for (const [, name] of value.matchAll(/([\w-]*)\(/g)) if (!FUNCTIONS.has((name ?? '').toLowerCase())) return false
  // Negative lengths pull text over other text.
  return !/(?:^|\s)-\s*[\d.]/.test(value)
}

/** The declarations of a `style` attribute that are known to be harmless, as a new attribute value; '' when none is. */
export function safeStyle(style: string): string {
  const kept: string[] = []
  for (const declaration of style.slice(0, 8_192).split(';').slice(0, 100)) {
    const colon = declaration.indexOf(':')
    if (colon === -1) continue
    const property = declaration.slice(0, colon).trim().toLowerCase()
    const value = declaration
      .slice(colon + 1)
      .replace(/!\s*important\s*$/i, '')
      .trim()
    if (PROPERTIES.has(property) && safeValue(value)) kept.push(`${property}:${value}`)
  }
  return kept.join(';')
}
