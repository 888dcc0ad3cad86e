/** A property that a list can be filtered by. */
export interface Property<K extends string> {
  readonly key: K
  readonly label: string
  /** Discrete values with their words; without, values are typed in. */
  readonly options?: Readonly<Record<string, string>>
  readonly hint?: string
  /** Heading under which it is offered. */
  readonly group?: string
  /** *None of* its values can be asked for. */
  readonly negatable?: true
  /** Yes or no: the API takes a boolean. */
  readonly yesNo?: true
  /** A number: `key` carries *more than*, this key *less than*. */
  readonly under?: K
  /** How a value is shown, and how what was typed becomes one. */
  readonly show?: (value: string) => string
  readonly read?: (typed: string) => string
}

/** What the address of a page with a filtered list carries: values of conditions, and free text. */
export type Conditions<K extends string> = { readonly [P in K]?: readonly string[] } & {
  readonly q?: string
  /** Keys of which none of the values may match. */
  readonly not?: readonly string[]
  /** One condition is enough. */
  readonly match?: 'any'
}

const LONGEST = 1000
/** As many as the API takes of one condition. */
const MOST = 100
const LONGEST_TEXT = 200

export const keysOf = <K extends string>(property: Property<K>): K[] =>
  property.under === undefined ? [property.key] : [property.key, property.under]

const listed = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value])

/** Reads conditions from an address; what is not understood is left out. */
export function readConditions<K extends string>(
  raw: Readonly<Record<string, unknown>>,
  properties: readonly Property<K>[],
): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const property of properties)
    for (const key of keysOf(property)) {
      const given = listed(raw[key]).filter((v): v is string => typeof v === 'string' && understood(property, v))
      const values = [...new Set(given)].slice(0, property.under === undefined ? MOST : 1)
      // Yes and no together are no condition.
      if (values.length > 0 && !(property.yesNo && values.length > 1)) found[key] = values
    }
  const text = raw['q']
  if (typeof text === 'string' && text.trim() !== '') found['q'] = text.slice(0, LONGEST_TEXT)
  const negatable = properties.flatMap((p): string[] => (p.negatable ? [p.key] : []))
  if (negatable.length === 0) return found
  const not = ['q', ...negatable].filter((key) => found[key] !== undefined && listed(raw['not']).includes(key))
  if (not.length > 0) found['not'] = not
  if (raw['match'] === 'any') found['match'] = 'any'
  return found
}

const understood = ({ options }: Property<string>, value: string): boolean =>
  value !== '' && value.length <= LONGEST && (!options || Object.hasOwn(options, value))

type Filter = Record<string, string | number | boolean | readonly string[]>

/** The same as the API's filter. */
export function asFilter<K extends string>(search: Conditions<K>, properties: readonly Property<K>[]): Filter {
  const filter: Filter = {}
  for (const property of properties)
    for (const key of keysOf(property)) {
      const values: readonly string[] | undefined = search[key]
      const [first] = values ?? []
      if (!values || first === undefined) continue
      if (property.under !== undefined) filter[key] = /^\d{1,15}$/.test(first) ? Number(first) : first
      else filter[key] = property.yesNo ? first === 'true' : values
    }
  if (search.q) filter['q'] = search.q
  if (search.not) filter['not'] = search.not
  if (search.match) filter['match'] = search.match
  return filter
}

export const isInstant = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 40 && /^\d{4}-\d\d-\d\d/.test(value) && !Number.isNaN(Date.parse(value))

/** The search with a part changed; `undefined` removes it. */
export function withPart<S extends object>(search: S, part: { readonly [K in keyof S]?: S[K] | undefined }): S {
  const next: Record<string, unknown> = { ...search, ...part }
  for (const key of Object.keys(next)) if (next[key] === undefined) delete next[key]
  return next as S
}
