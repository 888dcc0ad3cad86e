import { cut, oneLine } from '../text.ts'
import { urlFound } from '../urls.ts'
import { safeStyle } from './safe-css.ts'
import { type HtmlHandler, type StartTag, tokenizeHtml } from './tokens.ts'

/** Elements that are written again, with the attributes below and no others. */
const KEPT = new Set(
  (
    'abbr address article aside b big blockquote br caption center cite code col colgroup dd del dfn div dl dt em ' +
    'figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i ins kbd li main mark nav ol p pre q s samp section small ' +
    'span strike strong sub sup table tbody td tfoot th thead tr tt u ul var wbr'
  ).split(' '),
)
const VOID = new Set(['br', 'hr', 'col', 'wbr'])
/** Elements that vanish with everything in them. */
const DROPPED = new Set(
  'script style template title textarea iframe frameset noembed noframes xmp svg math select audio video canvas applet plaintext'.split(
    ' ',
  ),
)
/** Mail programs run no scripts, so what stands in `noscript` is shown there: it is read as ordinary content. */
const ATTRIBUTES: Readonly<Record<string, RegExp>> = {
  align: /^(left|right|center|justify|middle|top|bottom)$/i,
  valign: /^(top|middle|bottom|baseline)$/i,
  width: /^\d{1,4}(\.\d{1,3})?(%|px)?$/,
  height: /^\d{1,4}(\.\d{1,3})?(%|px)?$/,
  border: /^\d{1,2}$/,
  cellpadding: /^\d{1,3}$/,
  cellspacing: /^\d{1,3}$/,
  bgcolor: /^(#[0-9a-f]{3,8}|[a-z]{3,20})$/i,
  color: /^(#[0-9a-f]{3,8}|[a-z]{3,20})$/i,
  face: /^[\w\s,'-]{1,100}$/,
  size: /^[+-]?\d{1,2}$/,
  colspan: /^\d{1,3}$/,
  rowspan: /^\d{1,3}$/,
  start: /^\d{1,6}$/,
  type: /^(1|a|i|disc|circle|square)$/i,
  dir: /^(ltr|rtl|auto)$/i,
  lang: /^[a-z0-9-]{1,20}$/i,
}
const MAX_OUTPUT = 4 * 1024 * 1024
const MAX_DEPTH = 200
const MAX_DATA_URI = 2 * 1024 * 1024
const RASTER = /^data:image\/(?:png|jpe?g|gif|webp|bmp);base64,[A-Za-z0-9+/]+={0,2}$/i

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`).replaceAll('\0', '\uFFFD')

/**
 * Rewrites hostile HTML as inert HTML. Nothing is passed through: the tokens of the HTML standard are read, and only
 * listed elements with listed attributes are written anew, every value checked and every text escaped. The output holds no
 * raw-text, foreign or scripting element, so a browser cannot read it differently from how it was written.
 * `images` maps content IDs to raster `data:` URIs.
 */
export function safeHtml(source: string, images: ReadonlyMap<string, string> = new Map()): string {
  const writer = new SafeWriter(images)
  tokenizeHtml(source, writer)
  return writer.finish()
}

class SafeWriter implements HtmlHandler {
  private readonly images: ReadonlyMap<string, string>
  private readonly out: string[] = []
  private readonly open: string[] = []
  private length = 0
  /** Element being dropped, and how many of its name are open. */
  private dropped: { name: string; depth: number } | null = null
  /** Target of the open link, and the depth of the element that stands for it. */
  private link: { target: string; depth: number } | null = null
  private full = false

  constructor(images: ReadonlyMap<string, string>) {
    this.images = images
  }

  start(tag: StartTag): void {
    const { name } = tag
    if (this.dropped !== null) {
      if (name === this.dropped.name && !tag.selfClosing) this.dropped.depth++
      return
    }
    if (DROPPED.has(name)) {
      if (!tag.selfClosing) this.dropped = { name, depth: 1 }
      return
    }
    const attr = (wanted: string) => tag.attributes.get(wanted)
    if (name === 'a') this.startLink(attr('href') ?? '')
    else if (name === 'img' || name === 'image') this.image(attr('src') ?? '', attr('alt') ?? '', tag)
    else if (name === 'input') this.field(attr('type') ?? 'text', attr('value') ?? '')
    else if (KEPT.has(writtenAs(name))) this.element(writtenAs(name), tag)
  }

  end(name: string): void {
    if (this.dropped !== null) {
      if (name === this.dropped.name && --this.dropped.depth === 0) this.dropped = null
      return
    }
    if (name === 'a') this.endLink()
    else this.closeTo(this.open.lastIndexOf(writtenAs(name)))
  }

  text(chars: string): void {
    if (this.dropped === null) this.write(escapeHtml(chars))
  }

  finish(): string {
    this.dropped = null
    this.endLink()
    this.closeTo(0)
    if (this.full) this.out.push('<p>[the rest is too long to be shown]</p>')
    return this.out.join('')
  }

  /** Closes the open element at that depth and everything in it; -1 = there is none. */
  private closeTo(depth: number): void {
    while (depth >= 0 && this.open.length > depth) this.write(`</${this.open.pop()}>`, true)
  }

  private write(html: string, always = false): void {
    if (!always && (this.full || this.length + html.length > MAX_OUTPUT)) {
      this.full = true
      return
    }
    this.length += html.length
    this.out.push(html)
  }

  private element(name: string, tag: StartTag): void {
    if (this.open.length >= MAX_DEPTH || this.full) return
    this.write(`<${name}${attributes(tag)}>`)
    if (!VOID.has(name) && !this.full) this.open.push(name)
  }

  private startLink(href: string): void {
    this.endLink()
    const target = oneLine(href, 2_048)
    if (target === '' || this.full || this.open.length >= MAX_DEPTH) return
    this.link = { target, depth: this.open.length }
    this.write(`<u title="${escapeHtml(target)}">`)
    if (!this.full) this.open.push('u')
  }

  /** The target is written behind the text, because a title needs a mouse. */
  private endLink(): void {
    if (this.link === null) return
    const { target, depth } = this.link
    this.link = null
    if (this.open[depth] === 'u') this.closeTo(depth)
    const shown = urlFound(target, 'link')?.host ?? cut(target, 60)
    this.write(` <small class="recourse-target">[${escapeHtml(shown)}]</small>`)
  }

  private image(source: string, alt: string, tag: StartTag): void {
    const src = source.trim()
    const cid = /^cid:/i.test(src) ? this.images.get(decodeCid(src.slice(4))) : undefined
    const data = cid ?? (src.length <= MAX_DATA_URI ? src.replace(/\s+/g, '') : '')
    const label = escapeHtml(oneLine(alt, 200))
    const title = escapeHtml(oneLine(src, 512))
    if (RASTER.test(data)) this.write(`<img src="${data}" alt="${label}"${attributes(tag)}>`)
    else this.write(`<span class="recourse-image" title="${title}">[image${label === '' ? '' : `: ${label}`}]</span>`)
  }

  private field(type: string, value: string): void {
    if (/^hidden$/i.test(type.trim())) return
    this.write(`<span class="recourse-field">[${escapeHtml(oneLine(value, 100)) || 'field'}]</span>`)
  }
}

/** A form is only its content, and a button its text. */
const writtenAs = (name: string): string =>
  name === 'form' || name === 'body' ? 'div' : name === 'button' ? 'span' : name

function decodeCid(cid: string): string {
  try {
    return decodeURIComponent(cid)
  } catch {
    return cid
  }
}

function attributes(tag: StartTag): string {
  let out = ''
  for (const [name, value] of [...tag.attributes].slice(0, 50)) {
    if (name === 'style') {
      const style = safeStyle(value)
      if (style !== '') out += ` style="${escapeHtml(style)}"`
    } else if (Object.hasOwn(ATTRIBUTES, name) && ATTRIBUTES[name]?.test(value.trim())) {
      out += ` ${name}="${escapeHtml(value.trim())}"`
    }
  }
  return out
}
