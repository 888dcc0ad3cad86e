/** A name and what a row holds under it. */
export type CsvColumn<T> = readonly [name: string, value: (row: T) => string | number | boolean | null | undefined]

/**
 * Comma-separated values after RFC 4180, with a byte order mark so that spreadsheets read UTF-8. Text that a spreadsheet would run as a
 * formula gets an apostrophe in front: what mail says must not calculate.
 */
export function csvText<T>(rows: readonly T[], columns: readonly CsvColumn<T>[]): string {
  const line = (cells: readonly string[]) => `${cells.join(',')}\r\n`
  const head = line(columns.map(([name]) => cell(name)))
  return `\ufeff${head}${rows.map((row) => line(columns.map(([, value]) => cell(value(row))))).join('')}`
}

function cell(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'string') return String(value)
  const safe = /^[\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(value)
    ? `'${value}`
    : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** A part of a long list, and where the next one begins. */
export interface CsvPart<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

/**
 * Part after part, so that neither memory nor the database is held up by a slow reader; ends after the part in which `most` rows are
 * reached.
 */
export async function* csvParts<T>(
  columns: readonly CsvColumn<T>[],
  most: number,
  part: (cursor: string | null) => Promise<CsvPart<T>>,
): AsyncGenerator<string> {
  let cursor: string | null = null
  let rows = 0
  do {
    const { items, next }: CsvPart<T> = await part(cursor)
    const text = csvText(items.slice(0, most - rows), columns)
    yield rows === 0 ? text : text.slice(text.indexOf('\r\n') + 2)
    rows += items.length
    cursor = next
  } while (cursor !== null && rows < most)
}
