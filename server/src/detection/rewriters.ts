import { isWithin } from './hosts.ts'

/** Services that security products and large mail providers put in front of every link; they show nothing about it. */
const REWRITERS = [
  'safelinks.protection.outlook.com',
  'safelinks.protection.office365.us',
  'urldefense.com',
  'urldefense.proofpoint.com',
  'protect-eu.mimecast.com',
  'protect-us.mimecast.com',
  'url.uk.m.mimecastprotect.com',
  'mimecastprotect.com',
  'linkprotect.cudasvc.com',
  'secure-web.cisco.com',
  'protection.sophos.com',
  'clicktime.symantec.com',
  'clicktime.cloud.postoffice.net',
  'urlsand.esvalabs.com',
  'shared.outlook.inky.com',
  'l.facebook.com',
  'lnkd.in',
  't.co',
]

export const isRewriter = (host: string): boolean => isWithin(host.toLowerCase(), REWRITERS)

/** Query parameters in which rewriters carry the real address. */
const CARRIERS: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)safelinks\.protection\.(outlook\.com|office365\.us)$/, 'url'],
  [/^linkprotect\.cudasvc\.com$/, 'a'],
  [/^l\.facebook\.com$/, 'u'],
  [/^(urlsand\.esvalabs\.com|shared\.outlook\.inky\.com)$/, 'u'],
]

/** The address behind a rewriter, three deep at most; the address itself where there is none or it cannot be read. */
export function unwrap(url: string): string {
  let now = url
  for (let i = 0; i < 3; i++) {
    const next = behind(now)
    if (next === null) break
    now = next
  }
  return now
}

function behind(url: string): string | null {
  const parsed = URL.parse(url)
  if (parsed === null) return null
  const host = parsed.hostname
  const parameter = CARRIERS.find(([pattern]) => pattern.test(host))?.[1]
  if (parameter !== undefined) return web(parsed.searchParams.get(parameter))
  if (host === 'urldefense.proofpoint.com' && parsed.pathname.startsWith('/v2/')) {
    const packed = parsed.searchParams.get('u')
    return packed === null ? null : web(decoded(packed.replaceAll('-', '%').replaceAll('_', '/')))
  }
  // Version 3 replaces odd characters by `*`; what matters here, the host, has none.
  if (host === 'urldefense.com' || host === 'urldefense.us')
    return web(/\/v3\/__(.{8,2000}?)__;/.exec(url)?.[1] ?? null)
  if (host === 'secure-web.cisco.com') return web(decoded(parsed.pathname.split('/').at(-1) ?? ''))
  return null
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

const web = (text: string | null): string | null =>
  text !== null && /^(?:https?|ftp):\/\/?[^/]/i.test(text) ? text.replace(/^(https?|ftp):\/(?!\/)/i, '$1://') : null
