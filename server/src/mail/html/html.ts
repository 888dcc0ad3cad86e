import { cut, oneLine } from '../text.ts'
import type { Hiding, HtmlFacts, UrlFound, UrlPlace } from '../types.ts'
import { MAX_URLS, urlFound, urlsInText } from '../urls.ts'
import { HtmlTally } from './html-facts.ts'
import { alike, colourOf, readStyle, type Seen } from './style.ts'
import { type HtmlHandler, type StartTag, tokenizeHtml } from './tokens.ts'

const MAX_TEXT = 512 * 1024
const MAX_DEPTH = 500
const VOID = new Set('area base br col embed frame hr img input link meta param source track wbr'.split(' '))
const BLOCK = new Set(
  (
    'address article aside blockquote body center dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header hr li main ' +
    'nav ol p pre section table tbody tfoot thead tr ul br'
  ).split(' '),
)
/** Elements whose content no reader sees. */
const UNSEEN = new Set(
  'head script style template title textarea iframe noembed noframes xmp object svg math'.split(' '),
)
/** Hidden so that no mail program shows it; other ways depend on the program, and that text counts as shown. */
const NEVER_SHOWN: ReadonlySet<Hiding> = new Set(['not-shown', 'zero-font'])
const WHITE = 0xffffff
/** Characters without width inside a word, and blanks of all kinds. */
const INVISIBLE = /[\u034f\u00ad\u200b-\u200d\u2060-\u2064\ufeff]/

export interface HtmlContent {
  /** What a reader sees: hidden elements left out, blocks on lines of their own. */
  readonly text: string
  readonly urls: readonly UrlFound[]
  readonly facts: HtmlFacts
  /** Characters after many empty lines. */
  readonly afterGap: number
  /** The same text with the characters that take no room. */
  readonly raw: string
  /** data: pictures, as written. */
  readonly pictures: readonly string[]
  /** Which elements follow which. */
  readonly shapes: ReadonlySet<string>
  /** Rows of dark (true) and light cells, where a table draws a picture. */
  readonly drawing: readonly (readonly boolean[])[] | null
}

interface Open {
  readonly name: string
  /** Its content is no text at all. */
  readonly unseen: boolean
  readonly hides: Hiding | null
  readonly colour: number | null
  /** -1 = a picture, or a style sheet may say it. */
  readonly ground: number
}

const ROOT: Open = { name: '', unseen: false, hides: null, colour: null, ground: WHITE }

/** Text and URLs of an HTML body. Never throws; output is bounded, work is linear in the input. */
export function readHtml(html: string): HtmlContent {
  const reader = new HtmlReader()
  tokenizeHtml(html, reader)
  return reader.finish(html.length)
}

class HtmlReader implements HtmlHandler {
  private readonly urls: UrlFound[] = []
  private readonly stack: Open[] = []
  private readonly chunks: string[] = []
  private readonly tally = new HtmlTally()
  private readonly styles = new Map<string, Seen>()
  private length = 0
  private base: string | null = null
  private link: { href: string; chunks: string[]; length: number; alt: string } | null = null

  start({ name, attributes, selfClosing }: StartTag): void {
    const attr = (wanted: string) => attributes.get(wanted)
    if (name === 'a' || name === 'area') this.open(attr('href') ?? '')
    else this.collect(name, attr)
    if (BLOCK.has(name)) this.push('\n')
    else if (name === 'td' || name === 'th') this.push(' ')
    const seen = this.styleOf(attr('style') ?? '')
    this.tally.element(name, attr, seen, this.link !== null)
    for (const key of attributes.keys()) if (key.length > 2 && key.startsWith('on')) this.tally.handler()
    if (VOID.has(name) || selfClosing || this.stack.length >= MAX_DEPTH) return
    // A body ends a head that was not closed.
    if (name === 'body') this.stack.length = 0
    this.stack.push(this.inside(name, attr, seen))
  }

  private styleOf(style: string): Seen {
    let seen = this.styles.get(style)
    if (seen === undefined) {
      seen = readStyle(style)
      if (this.styles.size < 1_000) this.styles.set(style, seen)
    }
    return seen
  }

  /** What an element inherits, and what it says itself. */
  private inside(name: string, attr: (name: string) => string | undefined, seen: Seen): Open {
    const outer = this.stack.at(-1) ?? ROOT
    const written = attr('bgcolor')
    const own = attr('background') === undefined ? (seen.ground ?? colourOf(written)) : -1
    // What a style sheet paints is not known: then only a ground written here counts.
    const unknown = outer.ground === WHITE && attr('class') !== undefined ? -1 : outer.ground
    return {
      name,
      unseen: outer.unseen || UNSEEN.has(name),
      hides: outer.hides ?? (attr('hidden') === undefined ? seen.hides : 'not-shown'),
      colour: seen.colour ?? (name === 'font' ? colourOf(attr('color')) : null) ?? outer.colour,
      ground: own === null || own === -2 ? unknown : own,
    }
  }

  end(name: string): void {
    if (name === 'a') this.close()
    if (BLOCK.has(name)) this.push('\n')
    this.tally.end(name)
    for (let at = this.stack.length - 1; at >= 0; at--) {
      if (this.stack[at]?.name !== name) continue
      this.stack.length = at
      return
    }
  }

  comment(text: string): void {
    this.tally.comment(text)
  }

  text(chars: string): void {
    const { unseen, hides, colour, ground } = this.stack.at(-1) ?? ROOT
    if (unseen) return
    if (hides === null || !NEVER_SHOWN.has(hides)) this.push(chars)
    if (hides !== null) this.tally.hid(hides, chars)
    else if (colour !== null && ground !== -1 && alike(colour, ground)) this.tally.hid('same-colour', chars)
    else this.tally.shown(chars)
  }

  finish(size: number): HtmlContent {
    this.close()
    const raw = this.chunks.join('')
    const text = INVISIBLE.test(raw)
      ? raw.replace(/(\p{L})[\u034f\u00ad\u200b-\u200d\u2060-\u2064\ufeff]+(?=\p{L})/gu, '$1')
      : raw
    const lines = text.split('\n').map((line) => line.replace(/[\s\u200b-\u200f\u2060\ufeff\u00ad]+/g, ' ').trim())
    const visible = lines.filter((line) => line !== '').join('\n')
    // A link's own text is already there as its anchor.
    const anchors = new Set(
      this.urls.flatMap((u) => urlsInText(u.anchor ?? '', 'text', 10).map((inside) => inside.url)),
    )
    for (const url of urlsInText(visible, 'text', MAX_URLS)) if (!anchors.has(url.url)) this.add(url)
    return {
      text: visible,
      urls: this.urls,
      facts: this.tally.facts(size, this.base === null ? null : (urlFound(this.base, 'link')?.host ?? null)),
      afterGap: this.tally.after,
      raw,
      pictures: this.tally.pictures,
      shapes: this.tally.shapes,
      drawing: this.tally.drawing(),
    }
  }

  private push(chars: string): void {
    if (this.length > MAX_TEXT) return
    this.chunks.push(chars)
    this.length += chars.length
    if (this.link === null || this.link.length > 2_048) return
    this.link.chunks.push(chars)
    this.link.length += chars.length
  }

  private add(url: UrlFound | null): void {
    if (url !== null && this.urls.length < MAX_URLS) this.urls.push(url)
  }

  private open(href: string): void {
    this.close()
    this.link = { href, chunks: [], length: 0, alt: '' }
  }

  private close(): void {
    if (this.link === null) return
    const { href, chunks, alt } = this.link
    this.link = null
    this.add(urlFound(href, 'link', oneLine(chunks.join(''), 512) || oneLine(alt, 512), this.base))
  }

  private collect(name: string, attr: (name: string) => string | undefined): void {
    const take = (place: UrlPlace, value: string | undefined) => {
      if (value !== undefined) this.add(urlFound(value, place, null, this.base))
    }
    if (name === 'img' && this.link !== null) this.link.alt ||= cut(attr('alt') ?? '', 512)
    if (name === 'base') this.base ??= urlFound(attr('href') ?? '', 'link')?.url ?? null
    else if (name === 'form') take('form', attr('action'))
    else if (name === 'button' || name === 'input') take('form', attr('formaction'))
    else if (name === 'meta')
      take('link', /url\s*=\s*['"]?([^'"]{1,4096})/i.exec(cut(attr('content') ?? '', 5_000))?.[1])
    else if (name === 'iframe' || name === 'frame' || name === 'embed') take('link', attr('src'))
    else if (name === 'object') take('link', attr('data'))
    else if (name === 'img' || name === 'input' || name === 'image') take('image', attr('src'))
    take('image', attr('background'))
  }
}
