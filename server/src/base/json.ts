/** JSON that means one thing to this reader and another to the next. */
export class UnclearJson extends Error {
  /** Where, from the outermost object on: `entries.3.value`; null = all of it. */
  readonly at: string | null
  constructor(at: string | null, message: string) {
    super(message)
    this.name = 'UnclearJson'
    this.at = at
  }
}

/** What JSON that somebody has written says. Throws what the parser throws, and `UnclearJson`. */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  refuseUnclear(text)
  return value
}

/**
 * Of text that is valid JSON. Throws `UnclearJson` for the first name that stands twice in one object (RFC 8259, 4: parsers take the last one,
 * and drop what the first one said), and for what is nested deeper than any of our shapes.
 */
export function refuseUnclear(text: string): void {
  const open: Level[] = []
  let name = { from: 0, to: 0 }
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        name = { from: at, to: endOfString(text, at) }
        at = name.to
        break
      case OBJECT:
        enter(open, '')
        break
      case LIST:
        enter(open, 0)
        break
      case OBJECT_END:
      case LIST_END:
        open.pop()
        break
      case COLON:
        named(open, nameIn(text, name))
        break
      case COMMA:
        next(open.at(-1))
        break
    }
  }
}

const QUOTE = 34
const COMMA = 44
const COLON = 58
const LIST = 91
const BACKSLASH = 92
const LIST_END = 93
const OBJECT = 123
const OBJECT_END = 125

interface Level {
  /** Where we are in it: a name in an object, a number in a list. */
  name: string | number
  /** Of an object; a list while they are few, as in most objects: a set for each would take twice the time. */
  names: string[] | Set<string>
}

const MAX_DEPTH = 50
const FEW = 12

function enter(open: Level[], name: string | number): void {
  if (open.length === MAX_DEPTH) throw new UnclearJson(null, `it is nested more than ${MAX_DEPTH} deep`)
  open.push({ name, names: [] })
}

function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let first = at
    while (text.charCodeAt(first - 1) === BACKSLASH) first--
    if ((at - first) % 2 === 0) return at
  }
  return text.length
}

function nameIn(text: string, { from, to }: { readonly from: number; readonly to: number }): string {
  const name = text.slice(from + 1, to)
  return name.includes('\\') ? String(JSON.parse(text.slice(from, to + 1))) : name
}

function named(open: readonly Level[], name: string): void {
  const level = open.at(-1)
  if (level === undefined) return
  level.name = name
  if (Array.isArray(level.names) ? level.names.includes(name) : level.names.has(name)) {
    const at = pathOf(open)
    throw new UnclearJson(at, `${at} stands in it twice`)
  }
  if (!Array.isArray(level.names)) level.names.add(name)
  else if (level.names.push(name) > FEW) level.names = new Set(level.names)
}

function next(level: Level | undefined): void {
  if (typeof level?.name === 'number') level.name++
}

/** Names can be of any length and hold anything. */
function pathOf(open: readonly Level[]): string {
  const shown = open.slice(-20).map(({ name }) => String(name).replace(/\p{C}/gu, ' '))
  return shown.map((name) => (name.length > 80 ? `${name.slice(0, 77)}…` : name === '' ? '""' : name)).join('.')
}
