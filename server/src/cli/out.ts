import { stripVTControlCharacters, styleText } from 'node:util'

/** Mail is hostile: what comes from it must not steer the terminal. */
export const plain = (value: unknown): string =>
  value === null || value === undefined
    ? '–'
    : [...stripVTControlCharacters(typeof value === 'object' ? JSON.stringify(value) : String(value))]
        .map((c) => (c < ' ' || c === '\u007f' || isInvisible(c) ? ' ' : c))
        .join('')

// Bidirectional overrides and zero-width characters would show another text than is there.
const INVISIBLE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g
const isInvisible = (c: string): boolean => c.search(INVISIBLE) >= 0

export const bold = (text: string): string => (process.stdout.isTTY ? styleText('bold', text) : text)

export const line = (text = ''): void => void process.stdout.write(`${text}\n`)

/** The same value for a program; what could steer a terminal or hide stands there as an escape. */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(
    INVISIBLE,
    (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )

export const json = (value: unknown): void => line(jsonText(value, 2))

/** An export goes out as it is: formulas in it are defused already. */
export const exported = (text: string): void => void process.stdout.write(text)

export type Column<T> = readonly [title: string, value: (row: T) => unknown, max?: number]

/** A table for people; columns are cut to `max`. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], none = 'Nothing.') {
  if (rows.length === 0) return line(none)
  const cells = rows.map((row) => columns.map(([, value, max = 48]) => cut(plain(value(row)), max)))
  const widths = columns.map(([title], i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)))
  const print = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  line(bold(print(columns.map(([title]) => title))))
  for (const row of cells) line(print(row))
}

/** Names and values, one a line. */
export function facts(pairs: readonly (readonly [name: string, value: unknown])[]): void {
  const width = Math.max(...pairs.map(([name]) => name.length))
  for (const [name, value] of pairs) line(`${bold(name.padEnd(width))}  ${plain(value)}`)
}

export const cut = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max - 1)}…` : text)

/** Local time without fractions. */
export const time = (iso: unknown): string =>
  typeof iso === 'string' && !Number.isNaN(Date.parse(iso))
    ? new Date(iso).toISOString().slice(0, 19).replace('T', ' ')
    : '–'
