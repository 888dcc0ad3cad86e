import { registrableDomain } from './headers/domains.ts'
import { cut, oneLine } from './text.ts'
import type { UrlFound, UrlPlace } from './types.ts'

const MAX_URL = 4_096
export const MAX_URLS = 1_000
const SCHEMES = new Set(['http:', 'https:', 'ftp:'])
// Long values are cut by the quantifier; every alternative starts with a fixed word, so this is linear.
const IN_TEXT = /(?:\b(?:https?|ftp):\/\/|\bwww\.)[^\s<>"'`{}|\\^\u00a0\u200b]{1,4096}/gi
const BARE_HOST = /^[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}(?:[/?#:]|$)/i

function parseUrl(written: string, base: string | null): URL | null {
  const absolute = written.startsWith('//')
    ? `https:${written}`
    : /^[a-z][a-z0-9+.-]*:/i.test(written) || base !== null || !BARE_HOST.test(written)
      ? written
      : `http://${written}`
  const url = base === null ? URL.parse(absolute) : URL.parse(absolute, base)
  return url !== null && SCHEMES.has(url.protocol) && url.hostname !== '' ? url : null
}

const hostOf = (url: URL): string => url.hostname.replace(/\.$/, '').replace(/^\[|\]$/g, '')

/**
 * One URL as it was found; null when it leads nowhere on the network (mailto, cid, javascript, data, relative without
 * base, defanged). The host is what a browser would ask: backslashes, tabs, user info and odd IP notations resolved.
 */
export function urlFound(
  written: string,
  place: UrlPlace,
  anchor: string | null = null,
  base: string | null = null,
): UrlFound | null {
  const trimmed = cut(written.trim(), MAX_URL).replace(/[\t\r\n]/g, '')
  const parsed = trimmed === '' ? null : parseUrl(trimmed, base)
  if (parsed === null) return null
  const bare = !/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(trimmed)
  // A host without scheme counts only when its suffix exists: `readme.txt` is a file name.
  if (bare && base === null && registrableDomain(hostOf(parsed)) === null) return null
  const url = bare && base !== null ? cut(parsed.href, MAX_URL) : trimmed
  const host = hostOf(parsed)
  return { url: oneLine(url, MAX_URL), host, domain: registrableDomain(host), place, anchor }
}

/** Punctuation that belongs to the sentence; a closing bracket stays when its partner is inside. */
function trimSentence(url: string): string {
  const count = (c: string) => url.split(c).length - 1
  const unpaired = { ')': count(')') - count('('), ']': count(']') - count('[') }
  let end = url.length
  for (; end > 0; end--) {
    const c = url[end - 1] ?? ''
    if (c === ')' || c === ']' ? unpaired[c]-- <= 0 : !/[.,;:!?*_~]/.test(c)) break
  }
  return url.slice(0, end)
}

/** URLs that a reader sees in plain text, at most `max`. */
export function urlsInText(text: string, place: UrlPlace, max: number = MAX_URLS): UrlFound[] {
  const out: UrlFound[] = []
  for (const match of text.matchAll(IN_TEXT)) {
    if (out.length >= max) break
    const found = urlFound(trimSentence(match[0]), place)
    if (found !== null) out.push(found)
  }
  return out
}

/**
 * The form in which lists and entities compare URLs: http, https and ftp only, scheme and host in lower case and punycode,
 * default port, user info and fragment removed. Null for anything else. Paths keep their case.
 */
export function canonicalUrl(url: string): string | null {
  const parsed = parseUrl(cut(url.trim(), MAX_URL), null)
  if (parsed === null) return null
  parsed.hash = ''
  parsed.username = ''
  parsed.password = ''
  parsed.hostname = parsed.hostname.replace(/\.$/, '')
  return parsed.href
}
