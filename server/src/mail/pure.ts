import type { Work } from './serve.ts'

export { addressDomain, aligned, normaliseAddress, registrableDomain } from './domains.ts'
export { type FileIn, filesIn } from './files.ts'
export { fingerprintDistance } from './fingerprints.ts'
export { type RawHeaderLine, type RawHeaders, rawHeaderValue, rawHeaderValues, readHeaders } from './headers.ts'
export { type Hop, parseReceived } from './received.ts'
export { isLocalIp, receivedContext } from './receiver.ts'
export type { ReadMail, Work } from './serve.ts'
export type * from './types.ts'
export { canonicalUrl } from './urls.ts'

/** For programs of `createWorkers`; only they load what parses. */
export async function serveMail<Own>(prepare: (own: Own) => Work): Promise<void> {
  const { serveMail: serve } = await import('./serve.ts')
  serve(prepare)
}
