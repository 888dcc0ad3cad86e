export { type Isolation, isolation } from './isolation.ts'
export {
  createParser,
  createWorkers,
  type Parser,
  type ParserOptions,
  unreadable,
  type Workers,
  type WorkersOptions,
} from './parser.ts'
export type { Resolver } from './pool.ts'
export * from './pure.ts'
export { PREVIEW_CSP } from './render.ts'
