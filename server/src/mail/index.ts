// The door of the room. Behind it, from bytes to facts:
//   mime/     the tree of parts, transfer encodings, charsets
//   headers/  what the header says: addresses, domains, the way it took, who vouches for it
//   html/     what of HTML a reader sees, what it hides, and what of it is safe to show
//   words/    languages, fingerprints, how it is written
//   inside/   what lies in attached files: archives, documents, pictures
//   process/  the processes that parse: a pool of children kept from network and data
// parse.ts puts them together; types.ts and facts.ts are what the other rooms get; render.ts makes the preview.

export { type Isolation, isolation } from './process/isolation.ts'
export {
  createParser,
  createWorkers,
  type Parser,
  type ParserOptions,
  unreadable,
  type Workers,
  type WorkersOptions,
} from './process/parser.ts'
export type { Resolver } from './process/pool.ts'
export * from './pure.ts'
export { PREVIEW_CSP } from './render.ts'
