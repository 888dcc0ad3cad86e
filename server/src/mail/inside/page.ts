import { readHtml } from '../html/html.ts'
import { oneLine } from '../text.ts'
import type { PageFacts } from '../types.ts'
import { urlFound } from '../urls.ts'
import type { Budget } from './budget.ts'

const MAX_SOURCE = 2 * 1024 * 1024
/** What scripts use to put a file or another page together in the browser, past whoever looked at the mail. */
const BUILDS: readonly [string, RegExp][] = [
  ['atob', /\batob\s*\(/i],
  ['Blob', /\bnew\s+Blob\s*\(/],
  ['createObjectURL', /\bcreateObjectURL\b/],
  ['msSaveBlob', /\bmsSave(?:OrOpen)?Blob\b/],
  ['download', /\.download\s*=|\bdownload\s*=\s*["'][^"']{1,200}\.(?:zip|iso|img|exe|js|hta|lnk|rar|7z|vhd|html?)\b/i],
  ['unescape', /\bunescape\s*\(|\bdecodeURIComponent\s*\(\s*["'`]%/i],
  ['fromCharCode', /\bfromCharCode\b/],
  ['document.write', /\bdocument\s*(?:\.\s*write(?:ln)?|\[\s*["']write)/i],
  ['eval', /\beval\s*\(|\bnew\s+Function\s*\(/],
  ['crypto', /\bCryptoJS\b|\bsubtle\s*\.\s*decrypt\b/],
  ['srcdoc', /\bsrcdoc\s*=/i],
  ['innerHTML', /\.(?:inner|outer)HTML\s*=/],
]
const REDIRECTS =
  /\blocation\s*(?:\.\s*(?:href|replace|assign)\s*(?:=(?!=)|\()|=(?!=)|\[\s*["'](?:href|replace|assign))|http-equiv\s*=\s*["']?refresh/i
const NAMESPACES =
  /^(?:www\.w3\.org|schemas\.microsoft\.com|schemas\.openxmlformats\.org|ns\.adobe\.com|purl\.org|www\.inkscape\.org|sodipodi\.sourceforge\.net|creativecommons\.org|xmlns\.com|schema\.org)$/

/** HTML or SVG in a file: what it does when it is opened in a browser. Its addresses go to `budget.urls`. */
export function readPage(bytes: Buffer, budget: Budget): PageFacts {
  const source = decode(bytes)
  const html = readHtml(source)
  const scripts = scriptsOf(source)
  for (const url of html.urls)
    if (!NAMESPACES.test(url.host) && budget.urls.length < 1_000) budget.urls.push({ ...url, place: 'attachment' })
  for (const text of scripts) inScript(text, budget)
  const all = scripts.join('\n')
  return {
    scripts: html.facts.scripts,
    handlers: html.facts.handlers,
    forms: html.facts.forms,
    passwords: html.facts.passwords,
    frames: html.facts.frames,
    redirects: REDIRECTS.test(all) || html.facts.refreshes > 0,
    builds: BUILDS.filter(([, pattern]) => pattern.test(all)).map(([name]) => name),
    encoded: longestEncoded(all),
    visible: html.facts.visible,
    addresses: addressesIn(source),
  }
}

function decode(bytes: Buffer): string {
  const part = bytes.subarray(0, MAX_SOURCE)
  if (part[0] === 0xff && part[1] === 0xfe) return part.toString('utf16le', 2)
  const utf8 = part.toString('utf8')
  return utf8.includes('\uFFFD') ? part.toString('latin1') : utf8.replace(/^\uFEFF/, '')
}

/** Contents of scripts, of handlers and of script addresses. */
function scriptsOf(source: string): string[] {
  const out: string[] = []
  for (let at = source.search(/<script/i); at !== -1; ) {
    const open = source.indexOf('>', at)
    if (open === -1) break
    const close = source.indexOf('</', open)
    const end = close === -1 ? source.length : endOfScript(source, close)
    out.push(source.slice(open + 1, end))
    const rest = source.slice(end).search(/<script/i)
    at = rest === -1 || out.length >= 200 ? -1 : end + rest
  }
  for (const [, value] of source.matchAll(/\son[a-z]{3,20}\s*=\s*("[^"]{1,65536}"|'[^']{1,65536}')/gi)) {
    if (out.length >= 400) break
    out.push(value ?? '')
  }
  for (const [value] of source.matchAll(/(?:javascript|data)\s*:[^\s>]{1,65536}/gi)) {
    if (out.length >= 600) break
    out.push(value)
  }
  return out
}

function endOfScript(source: string, from: number): number {
  for (let at = from; at !== -1; at = source.indexOf('</', at + 2))
    if (source.slice(at + 2, at + 8).toLowerCase() === 'script') return at
  return source.length
}

/** Addresses written in scripts, and those that are base64 of one. */
function inScript(text: string, budget: Budget): void {
  for (const [written] of text.matchAll(/\b(?:https?|ftp):(?:\\?\/){2}[^\s"'`<>\\)]{3,2048}/gi))
    note(written.replaceAll('\\/', '/'), budget)
  for (const [, packed] of text.matchAll(/["'`](aHR0c[A-Za-z0-9+/]{8,2000}={0,2})["'`]/g))
    note(Buffer.from(packed ?? '', 'base64').toString('utf8'), budget)
}

function note(written: string, budget: Budget): void {
  const url = urlFound(written, 'attachment')
  if (url !== null && !NAMESPACES.test(url.host) && budget.urls.length < 1_000) budget.urls.push(url)
}

function longestEncoded(text: string): number {
  let longest = 0
  for (const [run] of text.matchAll(
    /[A-Za-z0-9+/=]{100,}|(?:%[0-9a-f]{2}){30,}|(?:\\x[0-9a-f]{2}){30,}|(?:\d{1,3},\s?){50,}/gi,
  ))
    longest = Math.max(longest, run.length)
  return longest
}

function addressesIn(source: string): string[] {
  const found = new Set<string>()
  for (const at of positions(source, '@')) {
    const around = source.slice(Math.max(0, at - 64), at + 100)
    const match = /([\w.+-]{1,64})@((?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24})/i.exec(around)
    if (match !== null) found.add(oneLine(match[0].toLowerCase(), 320))
    if (found.size >= 10) break
  }
  return [...found]
}

function* positions(text: string, what: string): Generator<number> {
  let count = 0
  for (let at = text.indexOf(what); at !== -1 && count < 1_000; at = text.indexOf(what, at + 1), count++) yield at
}
