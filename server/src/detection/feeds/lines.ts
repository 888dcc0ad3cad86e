import type { FeedFile } from './options.ts'

/** What one line of a file gives. */
export interface Line {
  readonly values: readonly string[]
  /** As the feed says, in Unix seconds; null where it does not. */
  readonly since: number | null
}

/** Null for lines that are no entries: comments, blank ones, heads. */
export type ReadLine = (line: string) => Line | null

/** Longest line that is looked at. */
export const MAX_LINE = 16_384

/** A reader for one pass over a file. Throws what is wrong with the file as a whole: a column that it does not have. */
export function lineReader(feed: FeedFile): ReadLine {
  switch (feed.format ?? 'plain') {
    case 'plain':
      return (line) => (isComment(line) ? null : { values: plainValue(line), since: null })
    case 'hosts':
      return hostsLine
    case 'csv':
      return csvReader(feed)
  }
}

/** What follows a blank is a note. A range must not be taken for its first address: as a whole it is no entry, and is refused. */
const plainValue = (line: string): string[] => RANGE.exec(line.trim())?.slice(0, 1) ?? line.trim().split(/\s/, 1)
const RANGE = /^[0-9a-f.:]+\s+-\s+[0-9a-f.:]+/i

const isComment = (line: string): boolean => /^\s*(?:$|[#;!]|\/\/)/.test(line)

/** `127.0.0.1 bad.example worse.example # since May`. */
function hostsLine(line: string): Line | null {
  if (isComment(line)) return null
  const [address = '', ...names] = line.replace(/#.*$/s, '').trim().split(/\s+/)
  if (!/^[0-9a-f.:]+(?:%\w+)?$/i.test(address)) return { values: [''], since: null }
  // The machine's own names stand in such files, too.
  const values = names.filter((n) => n.includes('.') && !/\.(?:localdomain|local)$/i.test(n) && n !== '0.0.0.0')
  return values.length === 0 ? null : { values, since: null }
}

type Find = (head: readonly string[]) => number

function csvReader(feed: FeedFile): ReadLine {
  const { column = 1, sinceColumn, delimiter = ',' } = feed
  const named = typeof column === 'string' || typeof sinceColumn === 'string'
  let lastComment = ''
  let places: { readonly value: number; readonly since: number | null } | null = null
  const placesIn: (head: readonly string[]) => typeof places = (head) => {
    const value = finder(column)(head)
    const since = sinceColumn === undefined ? null : finder(sinceColumn)(head)
    return value < 0 || (since !== null && since < 0) ? null : { value, since }
  }
  return (line) => {
    if (/^\s*#/.test(line)) lastComment = line
    if (isComment(line)) return null
    const fields = splitCsv(line, delimiter)
    if (places === null) {
      places = placesIn(named ? fields : [])
      if (places !== null && named) return null
      // Some put the head into the last comment before the first line.
      places ??= placesIn(splitCsv(lastComment.replace(/^\s*#\s*/, ''), delimiter))
      if (places === null) throw new Error(`it has no column ${[column, sinceColumn].filter(isText).join(' or ')}`)
    }
    return { values: [fields[places.value] ?? ''], since: places.since === null ? null : seconds(fields[places.since]) }
  }
}

const isText = (column: unknown): boolean => typeof column === 'string'

const finder = (column: string | number): Find =>
  typeof column === 'number'
    ? () => column - 1
    : (head) => head.findIndex((name) => name.toLowerCase() === column.toLowerCase())

/** Fields without their quotes and the blanks around them. */
export function splitCsv(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter).map((f) => f.trim())
  const fields: string[] = []
  let field = ''
  let quoted = false
  for (let i = 0; i < line.length; i++) {
    const char = line[i] ?? ''
    if (quoted && char === '"' && line[i + 1] === '"') {
      field += char
      i++
    } else if (char === '"') quoted = !quoted
    else if (char === delimiter && !quoted) {
      fields.push(field.trim())
      field = ''
    } else field += char
  }
  return [...fields, field.trim()]
}

/** `2024-05-06 07:08:09`, with or without zone; without one it is UTC. */
function seconds(text = ''): number | null {
  const plain = text.trim().replace(/ UTC$/i, 'Z').replace(' ', 'T')
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(plain) || !plain.includes('T') ? plain : `${plain}Z`
  const time = Date.parse(zoned)
  return Number.isFinite(time) && time > 0 ? Math.floor(time / 1000) : null
}
