import { type RawBuilder, sql } from 'kysely'
import { jsonText } from './text.ts'

/** Stands in no JSON text: there, control characters are escaped. */
const BETWEEN = '\x1f'

/** UUIDs (or other words of letters, digits and hyphens) as one array parameter, without a look at each. */
export const uuids = (ids: readonly string[]): RawBuilder<string[]> => sql`${`{${ids.join(',')}}`}::uuid[]`

/**
 * A column of JSON values for `unnest`: one parameter, split by the database in one go, with nothing to escape. Null where a value is null
 * or undefined. The elements are text: cast them to json where they are stored.
 */
export const jsonColumn = (values: readonly unknown[]): RawBuilder<(string | null)[]> =>
  sql`string_to_array(${values.map((v) => (v === null || v === undefined ? '' : jsonText(v))).join(BETWEEN)}::text, E'\\x1f', '')`

/** As `jsonColumn`, for texts that cannot hold control characters and are not empty: hashes, hexadecimal digits. */
export const wordColumn = (values: readonly (string | null)[]): RawBuilder<(string | null)[]> =>
  sql`string_to_array(${values.map((v) => v ?? '').join(BETWEEN)}::text, E'\\x1f', '')`
