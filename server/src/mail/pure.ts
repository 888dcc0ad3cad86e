import type { Work } from './process/serve.ts'

export { type FileIn, filesIn } from './files.ts'
export {
  addressDomain,
  aligned,
  looseAddress,
  normaliseAddress,
  plainLocal,
  registrableDomain,
} from './headers/domains.ts'
export { type RawHeaderLine, type RawHeaders, rawHeaderValue, rawHeaderValues, readHeaders } from './headers/headers.ts'
export { type Hop, parseReceived } from './headers/received.ts'
export { isLocalIp, receivedContext } from './headers/receiver.ts'
export type { ReadMail, Work } from './process/serve.ts'
export type * from './types.ts'
export { canonicalUrl } from './urls.ts'
export { fingerprintDistance } from './words/fingerprints.ts'

/** For programs of `createWorkers`; only they load what parses. */
export async function serveMail<Own>(prepare: (own: Own) => Work): Promise<void> {
  const { serveMail: serve } = await import('./process/serve.ts')
  serve(prepare)
}
