// Checks the house: rooms import only rooms above them and only through their door, a table is written only by its
// room, there are no import cycles, and files stay readable. `node server/tools/rooms.ts [SRC]` prints what is wrong.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Top to bottom: a room may import rooms above it. `base` is ids, errors, configuration, log: the ground they stand on. */
export const ORDER = [
  'base',
  'storage',
  'audit',
  'access',
  'organisation',
  'mail',
  'lists',
  'judgement',
  'records',
  'mailboxes',
  'transport',
  'files',
  'notify',
  'detection',
  'quarantine',
  'remediation',
  'intake',
  'alerts',
  'investigations',
  'submissions',
  'mistakes',
  'explorer',
  'http',
  'cli',
] as const

const MAX_LINES = 400

/** Files that others may import beside a room's `index.ts`: the table registry, for declaration merging. */
const EXTRA_DOORS = new Set(['storage/schema.ts'])

/**
 * A room's second door: what of it needs no database, no server and no log. Processes that live for a few messages enter here, and load a
 * tenth of the code. What stands behind it keeps to such doors, and away from the packages that make the others heavy.
 */
const PURE = 'pure.ts'
const HEAVY = /^(?:better-auth|fastify|imapflow|kysely|mailauth|pg|pg-boss|pino|prom-client|typebox)(?:\/|$)/

interface Source {
  /** Path below SRC with slashes: `records/queries.ts`. */
  readonly path: string
  readonly text: string
}

export function check(files: readonly Source[]): string[] {
  const code = files.filter((f) => f.path.endsWith('.ts'))
  const product = code.filter((f) => !f.path.endsWith('.test.ts'))
  return [
    ...unknownRooms(files),
    ...imports(code),
    ...cycles(product),
    ...pureDoors(product),
    ...tables(files),
    ...sizes(product),
  ]
}

const roomOf = (path: string): string | null => (path.includes('/') ? (path.split('/')[0] ?? null) : null)
const rank = (room: string): number => (ORDER as readonly string[]).indexOf(room)

function unknownRooms(files: readonly Source[]): string[] {
  const rooms = new Set(files.map((f) => roomOf(f.path)).filter((r) => r !== null))
  const noDoor = [...rooms].filter((r) => rank(r) >= 0 && !files.some((f) => f.path === `${r}/index.ts`))
  return [
    ...[...rooms]
      .filter((r) => rank(r) < 0)
      .map((r) => `${r}/: not a room of the house (server/tools/rooms.ts lists them)`),
    ...noDoor.map((r) => `${r}/: has no door (index.ts)`),
  ]
}

/** Static, dynamic and type-only imports and re-exports of relative files. */
function importsOf(file: Source): string[] {
  const found = file.text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)'(\.[^']+)'/g)
  return [...found].map((m) =>
    join(dirname(file.path), m[1] ?? '')
      .split(sep)
      .join('/'),
  )
}

function imports(files: readonly Source[]): string[] {
  const wrong: string[] = []
  for (const file of files) {
    const room = roomOf(file.path)
    if (room === null) continue // app.ts and its like wire everything
    for (const target of importsOf(file)) {
      const other = roomOf(target)
      if (other === room || target.startsWith('../')) continue
      if (other === null) {
        if (!file.path.endsWith('.test.ts') && room !== 'cli')
          wrong.push(`${file.path}: imports ${target}, which stands above the rooms`)
        continue
      }
      if (!file.path.endsWith('.test.ts') && rank(other) > rank(room))
        wrong.push(`${file.path}: ${room} may not import ${other}, which stands below it`)
      if (target !== `${other}/index.ts` && target !== `${other}/${PURE}` && !EXTRA_DOORS.has(target))
        wrong.push(`${file.path}: reaches past the door of ${other} (${target})`)
    }
  }
  return wrong
}

/** Import cycles between files, type-only imports aside (they vanish when the code runs). */
function cycles(files: readonly Source[]): string[] {
  const graph = new Map(files.map((f) => [f.path, importsOf({ ...f, text: withoutTypeImports(f.text) })]))
  const state = new Map<string, 'open' | 'done'>()
  const wrong: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done' || !graph.has(path)) return
    if (state.get(path) === 'open') {
      wrong.push(`import cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`)
      return
    }
    state.set(path, 'open')
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
    state.set(path, 'done')
  }
  for (const path of graph.keys()) visit(path, [])
  return wrong
}

/** What loading a pure door loads with it; what is imported when it is needed does not count. */
function pureDoors(files: readonly Source[]): string[] {
  const byPath = new Map(files.map((f) => [f.path, f]))
  const open = files.filter((f) => f.path.endsWith(`/${PURE}`))
  const wrong: string[] = []
  for (const file of open) {
    for (const [, name = ''] of withoutTypeImports(file.text).matchAll(/\bfrom\s+'([^']+)'/g)) {
      const target = name.startsWith('.') ? join(dirname(file.path), name).split(sep).join('/') : name
      const room = roomOf(target)
      if (HEAVY.test(name)) wrong.push(`${file.path}: imports ${name}, and stands behind a pure door`)
      else if (name.startsWith('.') && room !== roomOf(file.path) && target === `${room}/index.ts`)
        wrong.push(`${file.path}: stands behind a pure door, and enters ${room} by the other (${PURE} is the pure one)`)
      const next = byPath.get(target)
      if (next !== undefined && !open.includes(next)) open.push(next)
    }
  }
  return wrong
}

const withoutTypeImports = (text: string): string => text.replace(/^\s*(?:import|export) type [^;]*?from '[^']+'/gm, '')

function tables(files: readonly Source[]): string[] {
  const owner = new Map<string, string>()
  for (const { path, text } of files) {
    const room = roomOf(path)
    if (room === null || path.endsWith('.test.ts')) continue
    for (const m of text.matchAll(/create\s+table\s+(?:if\s+not\s+exists\s+)?"?([a-z_]+)"?/gi))
      owner.set((m[1] ?? '').toLowerCase(), room)
    const merged = /interface Database \{([^}]*)\}/.exec(text)?.[1] ?? ''
    for (const m of merged.matchAll(/^\s*([a-z_]+)\s*:/gm)) owner.set(m[1] ?? '', room)
  }
  const wrong: string[] = []
  const writes =
    /(?:insertInto|updateTable|deleteFrom|mergeInto)\(\s*'([a-z_]+)|\b(?:insert\s+into|delete\s+from|update(?!\s+(?:set|of|skip|nowait)\b))\s+(?:only\s+)?"?([a-z_]+)"?(?=\s|\()/gi
  for (const { path, text } of files) {
    const room = roomOf(path)
    if (path.endsWith('.test.ts')) continue
    for (const m of text.matchAll(writes)) {
      const table = (m[1] ?? m[2] ?? '').toLowerCase()
      const owns = owner.get(table)
      if (owns !== undefined && owns !== room) wrong.push(`${path}: writes ${table}, a table of ${owns}`)
    }
  }
  return wrong
}

function sizes(files: readonly Source[]): string[] {
  return files
    .map((f) => ({ path: f.path, lines: f.text.split('\n').length }))
    .filter((f) => f.lines > MAX_LINES)
    .map((f) => `${f.path}: ${f.lines} lines (at most ${MAX_LINES}); split it by what it does`)
}

export function read(src: string): Source[] {
  return readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && /\.(ts|sql)$/.test(e.name))
    .map((e) => join(e.parentPath, e.name))
    .map((file) => ({ path: relative(src, file).split(sep).join('/'), text: readFileSync(file, 'utf8') }))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const src = resolve(process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..', 'src'))
  const wrong = check(read(src))
  for (const line of wrong) console.error(line)
  console.log(wrong.length === 0 ? 'rooms: in order' : `rooms: ${wrong.length} to mend`)
  process.exitCode = wrong.length === 0 ? 0 : 1
}
