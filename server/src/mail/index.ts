export { type RawHeaderLine, type RawHeaders, rawHeaderValue, rawHeaderValues, readHeaders } from './headers.ts'
export type * from './types.ts'
