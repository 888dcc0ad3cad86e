import type { Kysely, Transaction } from 'kysely'

/**
 * Every table of ours. Each room adds its own by declaration merging in its `tables.ts`:
 * `declare module '../storage/schema.ts' { interface Database { message: MessageTable } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the rooms fill it in
export interface Database {}

export type Db = Kysely<Database>
/** A transaction in which row-level security is set to one tenant. */
export type Tx = Transaction<Database>
