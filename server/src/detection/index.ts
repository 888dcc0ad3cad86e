export { ANALYSES, type Analysis, gather } from './signals/index.ts'
export type * from './types.ts'
