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

interface Source {
  /** Path below SRC with slashes: `records/queries.ts`. */
  readonly path: string
  readonly text: string
}

export function check(files: readonly Source[]): string[] {
  const code = files.filter((f) => f.path.endsWith('.ts'))
  const product = code.filter((f) => !f.path.endsWith('.test.ts'))
  return [...unknownRooms(files), ...imports(code), ...cycles(product), ...tables(files), ...sizes(product)]
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
      if (target !== `${other}/index.ts` && !EXTRA_DOORS.has(target))
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
