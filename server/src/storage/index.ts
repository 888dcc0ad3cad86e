export type { Database, Db, Tx } from './schema.ts'
export type * from './types.ts'
