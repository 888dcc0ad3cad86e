export type * from './tables.ts'
export type * from './types.ts'
