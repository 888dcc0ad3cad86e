export * from './classifier/index.ts'
export type * from './types.ts'
