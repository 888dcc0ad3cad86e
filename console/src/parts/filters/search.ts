/** A condition that a list can be filtered by. */
export interface Property<K extends string> {
  readonly key: K
  readonly label: string
  /** Discrete values with their words; without, values are typed in. */
  readonly options?: Readonly<Record<string, string>>
  readonly hint?: string
}

/** What the address of a page with a filtered list carries: values of conditions, and free text. */
export type Conditions<K extends string> = { readonly [P in K]?: readonly string[] } & { readonly q?: string }

const LONGEST = 1000
const MOST = 50
const LONGEST_TEXT = 200

/** Reads conditions from an address; what is not understood is left out. */
export function readConditions<K extends string>(
  raw: Readonly<Record<string, unknown>>,
  properties: readonly Property<K>[],
): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const { key, options } of properties) {
    const value = raw[key]
    const values = (Array.isArray(value) ? value : [value]).filter(
      (v): v is string =>
        typeof v === 'string' && v !== '' && v.length <= LONGEST && (!options || Object.hasOwn(options, v)),
    )
    if (values.length > 0) found[key] = [...new Set(values)].slice(0, MOST)
  }
  const text = raw['q']
  if (typeof text === 'string' && text.trim() !== '') found['q'] = text.slice(0, LONGEST_TEXT)
  return found
}

/** The same as the API's filter. */
export function asFilter<K extends string>(
  search: Conditions<K>,
  properties: readonly Property<K>[],
): Record<string, string | boolean | readonly string[]> {
  const filter: Record<string, string | boolean | readonly string[]> = {}
  for (const { key } of properties) {
    const values: readonly string[] | undefined = search[key]
    if (!values || values.length === 0) continue
    if (key !== 'reported') filter[key] = values
    // Both answers are no condition.
    else if (values.length === 1) filter[key] = values[0] === 'true'
  }
  if (search.q) filter['q'] = search.q
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
