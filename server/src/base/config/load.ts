import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { AppError } from '../errors.ts'
import { UnclearJson } from '../json.ts'
import { readConfigFile } from './file.ts'
import { allowed, envName, fromText, group, shapeOf, variants } from './nodes.ts'
import { maskUrl } from './secrets.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** One setting as it came out: for `recourse config`. */
export interface Setting {
  /** `gateway.lmtp.port`. */
  readonly name: string
  readonly env: string
  readonly description: string
  readonly allowed: string
  readonly value: unknown
  readonly default: unknown
  readonly origin: 'default' | 'not set' | `file ${string}` | `environment ${string}`
  readonly secret: boolean
}

export interface Loaded<T extends TSchema> {
  readonly config: Static<T>
  readonly settings: readonly Setting[]
}

export interface Sources {
  readonly env: Environment
  /** A JSON file; `required` = it was named, so that its absence is an error. */
  readonly file: { readonly path: string; readonly required: boolean } | null
  /** Variables that begin with RECOURSE_ and are no settings; a trailing `*` takes all that begin so. */
  readonly otherEnv?: readonly string[]
  /** Other names of settings, as `{ DATABASE_URL: 'database.url' }`; the own name wins. */
  readonly aliases?: Readonly<Record<string, string>>
}

interface Work {
  readonly problems: string[]
  readonly settings: Setting[]
  readonly env: Environment
  readonly filePath: string
  readonly aliases: ReadonlyMap<string, string>
}

const ABSENT = Symbol('absent')
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Defaults, then the file, then the environment. Throws one AppError `config` that lists everything wrong: the setting's name, its
 * value (never a secret's) and what is allowed.
 */
export function loadConfig<T extends TSchema>(schema: T, sources: Sources): Loaded<T> {
  const file = sources.file ? readConfigFile(sources.file.path, sources.file.required) : undefined
  const aliases = new Map(Object.entries(sources.aliases ?? {}).map(([alias, name]) => [name, alias]))
  const work: Work = {
    problems: [],
    settings: [],
    env: sources.env,
    filePath: sources.file?.path ?? '',
    aliases,
  }
  const built = take(schema, [], file === undefined ? ABSENT : file, false, work)
  unknownEnvironment(sources, schema, work)
  if (work.problems.length > 0) throw wrong(work.problems)
  if (!Value.Check(schema, built))
    throw wrong([...Value.Errors(schema, built)].map((e) => `${e.instancePath || 'configuration'}: ${e.message}`))
  return { config: built, settings: work.settings }
}

/** What people read in one go; a file of something else altogether has thousands. */
const MOST_PROBLEMS = 40

function wrong(problems: readonly string[]): AppError {
  const more = problems.length - MOST_PROBLEMS
  const told = more > 0 ? [...problems.slice(0, MOST_PROBLEMS), `and ${more} more of the kind`] : problems
  return new AppError(
    'config',
    `The configuration is wrong:\n${told.map((p) => `  - ${p}`).join('\n')}`,
    'Correct these; "recourse config" lists every setting with its meaning, what it may be and where its value comes from.',
  )
}

/** The value of one node from file and environment. `optional` groups that nobody mentions stay away. */
function take(schema: TSchema, path: readonly string[], given: unknown, optional: boolean, work: Work): unknown {
  const properties = group(schema)
  if (!properties) return single(schema, path, given, optional, work)
  if (given !== ABSENT && !isObject(given)) {
    const value = holdsSecret(schema) && given !== null ? '(not shown)' : show(given)
    work.problems.push(
      `${path.join('.') || 'all of it'} = ${value} (file ${work.filePath}): must be an object with ${[...properties.keys()].join(', ')}`,
    )
    return ABSENT
  }
  const object = given === ABSENT ? {} : (given as Readonly<Record<string, unknown>>)
  if (optional && given === ABSENT && !mentioned(properties, path, work)) {
    describeAbsent(schema, path, work)
    return ABSENT
  }
  const chosen = choose(schema, path, object, work)
  if (!chosen) return ABSENT
  return takeGroup(chosen, path, object, work)
}

function takeGroup(
  schema: TSchema,
  path: readonly string[],
  object: Readonly<Record<string, unknown>>,
  work: Work,
): unknown {
  const { properties = {}, required = [] } = shapeOf(schema)
  for (const key of Object.keys(object))
    if (!Object.hasOwn(properties, key))
      work.problems.push(
        `${cut([...path, key].join('.'))} (file ${work.filePath}): unknown setting${meant(key, Object.keys(properties))}`,
      )
  const built: Record<string, unknown> = {}
  for (const [key, property] of Object.entries(properties)) {
    const value = take(
      property,
      [...path, key],
      Object.hasOwn(object, key) ? object[key] : ABSENT,
      !required.includes(key),
      work,
    )
    if (value !== ABSENT) built[key] = value
  }
  return built
}

/** Of a union, the variant that the discriminating setting names (environment first), with that setting spelled out. */
function choose(
  schema: TSchema,
  path: readonly string[],
  object: Readonly<Record<string, unknown>>,
  work: Work,
): TSchema | null {
  if (shapeOf(schema).properties) return schema
  const found = variants(schema)
  if (!found) throw new Error(`${path.join('.')}: a union of groups needs a property with a fixed value in each`)
  const fallback = shapeOf(schema).default
  const preset = isObject(fallback) ? fallback[found.by] : undefined
  const variable = envName([...path, found.by])
  const said = work.env[variable] ?? object[found.by] ?? preset
  const variant = found.of.get(said)
  if (variant) return withDiscriminator(variant, found, said)
  const values = [...found.of.keys()].map((v) => JSON.stringify(v)).join(', ')
  const origin = work.env[variable] === undefined ? `file ${work.filePath}` : `environment ${variable}`
  work.problems.push(
    `${[...path, found.by].join('.')} ${said === undefined ? `is missing (${variable})` : `= ${show(said)} (${origin})`}: must be one of ${values}`,
  )
  return null
}

function withDiscriminator(
  variant: TSchema,
  found: NonNullable<ReturnType<typeof variants>>,
  preset: unknown,
): TSchema {
  const { properties = {}, required } = shapeOf(variant)
  const own = properties[found.by]
  const description = (own && shapeOf(own).description) ?? ''
  const every = { enum: [...found.of.keys()], default: preset, description }
  return { properties: { ...properties, [found.by]: every }, required }
}

function mentioned(properties: ReadonlyMap<string, TSchema>, path: readonly string[], work: Work): boolean {
  return [...properties].some(([key, property]) => {
    const inner = group(property)
    return inner ? mentioned(inner, [...path, key], work) : envOf([...path, key], work) !== null
  })
}

function envOf(path: readonly string[], work: Work): { readonly name: string; readonly text: string } | null {
  const alias = work.aliases.get(path.join('.'))
  for (const name of [envName(path), ...(alias ? [alias] : [])]) {
    const text = work.env[name]
    if (text !== undefined) return { name, text }
  }
  return null
}

function single(schema: TSchema, path: readonly string[], given: unknown, optional: boolean, work: Work): unknown {
  const name = path.join('.')
  const shape = shapeOf(schema)
  const secret = shape.secret === true
  const env = envOf(path, work)
  const value = env
    ? textOf(schema, env, name, work)
    : given !== ABSENT
      ? given
      : shape.default === undefined
        ? ABSENT
        : structuredClone(shape.default)
  const origin = env
    ? (`environment ${env.name}` as const)
    : given !== ABSENT
      ? (`file ${work.filePath}` as const)
      : value === ABSENT
        ? 'not set'
        : 'default'
  work.settings.push({ ...about(schema, path), value: value === ABSENT ? undefined : value, origin })
  if (value === ABSENT) {
    if (!optional) work.problems.push(`${name} is missing (${envName(path)}): must be ${allowed(schema)}`)
    return ABSENT
  }
  if (!Value.Check(schema, value) || hasNul(value))
    work.problems.push(
      `${name} = ${secret ? '(secret)' : show(value)} (${origin}): must be ${allowed(schema)}${inside(schema, value)}`,
    )
  return value
}

/** Text that says two things is a problem, and taken for the setting that is missing. */
function textOf(schema: TSchema, env: { readonly name: string; readonly text: string }, name: string, work: Work) {
  try {
    return fromText(schema, env.text)
  } catch (error) {
    if (!(error instanceof UnclearJson)) throw error
    work.problems.push(`${name} (environment ${env.name}): ${error.message}`)
    return shapeOf(schema).default ?? ABSENT
  }
}

/** Which part of a list or object is wrong: `; 1.kind must be …`. */
function inside(schema: TSchema, value: unknown): string {
  const first = [...Value.Errors(schema, value)].find((e) => e.instancePath !== '')
  return first === undefined ? '' : `; ${first.instancePath.slice(1).replaceAll('/', '.')} ${first.message}`
}

function about(schema: TSchema, path: readonly string[]) {
  const shape = shapeOf(schema)
  return {
    name: path.join('.'),
    env: envName(path),
    description: shape.description ?? '',
    allowed: allowed(schema),
    default: shape.default,
    secret: shape.secret === true,
  }
}

function describeAbsent(schema: TSchema, path: readonly string[], work: Work): void {
  for (const [key, property] of group(schema) ?? [])
    if (group(property)) describeAbsent(property, [...path, key], work)
    else work.settings.push({ ...about(property, [...path, key]), value: undefined, origin: 'not set' })
}

function unknownEnvironment(sources: Sources, schema: TSchema, work: Work): void {
  const other = sources.otherEnv ?? []
  const known = new Set(names(schema, []))
  for (const name of Object.keys(sources.env)) {
    if (!name.startsWith('RECOURSE_') || known.has(name)) continue
    if (other.some((o) => (o.endsWith('*') ? name.startsWith(o.slice(0, -1)) : name === o))) continue
    work.problems.push(`${name} (environment): unknown setting${meant(name, [...known])}`)
  }
}

const names = (schema: TSchema, path: readonly string[]): string[] =>
  [...(group(schema) ?? [])].flatMap(([key, property]) =>
    group(property) ? names(property, [...path, key]) : [envName([...path, key])],
  )

/** As it is written in JSON; a number that is too large for one by its name, a password in an address not at all. */
function show(value: unknown): string {
  const named = (_key: string, part: unknown) => (typeof part === 'number' && !Number.isFinite(part) ? `${part}` : part)
  return typeof value === 'number' ? String(value) : cut(maskUrl(JSON.stringify(value, named) ?? String(value)))
}

const cut = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}…` : text)

/** No path, name or address has one, and no database takes it. */
const hasNul = (value: unknown): boolean =>
  typeof value === 'string'
    ? value.includes('\0')
    : typeof value === 'object' && value !== null && Object.values(value).some(hasNul)

const holdsSecret = (schema: TSchema): boolean =>
  shapeOf(schema).secret === true || [...(group(schema)?.values() ?? [])].some(holdsSecret)

/** The nearest known name, where it is near enough to be a slip. */
function meant(name: string, known: readonly string[]): string {
  if (name.length > 80) return ''
  const near = known.map((k) => ({ k, d: distance(name.toLowerCase(), k.toLowerCase()) })).sort((x, y) => x.d - y.d)[0]
  return near && near.d <= Math.max(2, name.length / 5)
    ? `; did you mean ${near.k}?`
    : `; known here: ${known.slice(0, 12).join(', ')}${known.length > 12 ? ', …' : ''}`
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1))
    row = next
  }
  return row[b.length] ?? 0
}
