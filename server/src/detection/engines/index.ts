export * from './classifier/index.ts'
export { classifyBy } from './offline.ts'
export type * from './types.ts'
