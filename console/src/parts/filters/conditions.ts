import { type Conditions, keysOf, type Property } from './search.ts'

/** The free text of a list, where *does not contain* can be asked for: it is then a condition like the others. */
export type TextKey = 'q'
export const TEXT: Property<TextKey> = { key: 'q', label: 'Text', hint: 'Within subject, sender or recipient' }

/** How a property is compared with its values. */
export interface Operator<K extends string> {
  readonly word: 'any of' | 'none of' | 'more than' | 'less than' | 'is' | 'contains' | 'does not contain'
  readonly key: K
  readonly not: boolean
}

/** One condition of a search, as a chip shows it. */
export interface Condition<K extends string> {
  readonly property: Property<K>
  readonly operator: Operator<K>
  readonly values: readonly string[]
}

export function operatorsOf<K extends string>(property: Property<K>): [Operator<K>, ...Operator<K>[]] {
  const { key, under } = property
  const of = (word: Operator<K>['word'], not = false, at = key): Operator<K> => ({ word, key: at, not })
  if (key === TEXT.key) return [of('contains'), of('does not contain', true)]
  if (under !== undefined) return [of('more than'), of('less than', false, under)]
  if (property.yesNo) return [of('is')]
  return property.negatable ? [of('any of'), of('none of', true)] : [of('any of')]
}

const valuesOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : []

/** The conditions of a search, in the order of the properties. Free text has a box of its own, but for *does not contain*. */
export function conditionsIn<K extends string>(
  search: Conditions<K>,
  properties: readonly Property<K | TextKey>[],
): Condition<K | TextKey>[] {
  return properties.flatMap((property) =>
    operatorsOf(property).flatMap((operator): Condition<K | TextKey>[] => {
      const values = valuesOf(search[operator.key])
      const not = search.not?.includes(operator.key) ?? false
      if (values.length === 0 || (operator.not !== not && operatorsOf(property).some((o) => o.not))) return []
      return operator.word === 'contains' ? [] : [{ property, operator, values }]
    }),
  )
}

/** Whether one more condition on this property is possible: a key holds one. */
export const isFree = <K extends string>(search: Conditions<K>, property: Property<K | TextKey>): boolean =>
  keysOf(property).some((key) => valuesOf(search[key]).length === 0)

/** What of a search changes; `undefined` removes it. */
export type Change<K extends string> = { readonly [P in keyof Conditions<K>]?: Conditions<K>[P] | undefined }

/** The change that puts a condition in the place of another; without values it is gone. */
export function replaced<K extends string>(
  search: Conditions<K>,
  before: Operator<K | TextKey> | null,
  after: Operator<K | TextKey>,
  values: readonly string[],
): Change<K> {
  const change: Record<string, unknown> = {}
  const not = new Set(search.not)
  if (before) {
    change[before.key] = undefined
    not.delete(before.key)
  }
  const given = values.length > 0
  change[after.key] = !given ? undefined : after.key === TEXT.key ? values[0] : values
  if (given && after.not) not.add(after.key)
  else not.delete(after.key)
  change['not'] = not.size > 0 ? [...not] : undefined
  return change as Change<K>
}
