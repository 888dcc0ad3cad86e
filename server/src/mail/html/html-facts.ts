import { oneLine } from '../text.ts'
import type { FormFound, Hiding, HtmlFacts, OddLink } from '../types.ts'
import { urlFound } from '../urls.ts'
import { colourOf, type Seen } from './style.ts'

const MAX = 10_000
const MAX_FORMS = 10
const WHITE = 0xffffff
const MAX_SHAPES = 500
const INLINE = new Set('br b i u strong em font small big sup sub wbr s o:p'.split(' '))
/** The smallest codes have 21 × 21 modules; neighbours of one colour may be one cell. */
const MIN_MODULES = 200
const MAX_ODD = 20
/** A preview line is what list views show beside the subject; nobody writes a longer one. */
const PREVIEW = 500
/** Empty lines after which a reader believes that the message has ended. */
export const GAP_LINES = 20

type Attr = (name: string) => string | undefined

interface OpenForm {
  readonly host: string | null
  readonly method: 'get' | 'post'
  fields: number
  passwords: number
}

const FRAMES = new Set(['iframe', 'frame', 'embed', 'object', 'applet'])
const SCHEME = /^\s*([a-z][a-z0-9+.-]{0,39})\s*:/i
const PLAIN = new Set(['http', 'https', 'ftp', 'cid', 'mailto', 'tel', 'sms', 'about', 'webcal'])
const BLANK = /\s/
/** Fields that nobody fills in. */
const NO_FIELDS = new Set(['hidden', 'submit', 'button', 'image', 'reset', 'checkbox', 'radio'])

/** Counts how HTML is made, fed by the reader that walks it once. */
export class HtmlTally {
  private readonly hiding = new Map<Hiding, number>()
  private readonly forms: OpenForm[] = []
  private readonly odd: OddLink[] = []
  private form: OpenForm | null = null
  private visible = 0
  private preview = 0
  private sample = ''
  private comments = 0
  private passwords = 0
  private readonly images = { remote: 0, inline: 0, data: 0, linked: 0, pixels: 0 }
  private links = 0
  private scripts = 0
  private handlers = 0
  private frames = 0
  private refreshes = 0
  private modules = 0
  private row: boolean[] | null = null
  private readonly rows: boolean[][] = []
  private breaks = 0
  private gap = false
  /** Characters after the gap. */
  after = 0
  private before = ''
  private last = ''
  /** What follows what: the skeleton. */
  readonly shapes = new Set<string>()
  /** First data: pictures, as written; the caller decodes them. */
  readonly pictures: string[] = []

  element(name: string, attr: Attr, seen: Seen, inLink: boolean): void {
    this.follow(name)
    if (name === 'br') this.breaks++
    else if (name === 'a' || name === 'area') this.link(attr('href'))
    else if (name === 'img') this.image(attr, seen, inLink)
    else if (name === 'form') this.openForm(attr)
    else if (name === 'input' || name === 'textarea' || name === 'select') this.field(name, attr)
    else if (name === 'script') this.scripts++
    else if (FRAMES.has(name)) {
      this.frames++
      this.source(attr('src') ?? attr('data'))
    } else if (name === 'meta' && /refresh/i.test(attr('http-equiv') ?? '')) this.refreshes++
    if (name === 'tr') this.row = null
    if (seen.module || (name === 'td' && isModule(attr))) this.module(seen.ground ?? colourOf(attr('bgcolor')) ?? WHITE)
  }

  /** A small coloured cell; cells of one row follow each other. */
  private module(ground: number): void {
    this.modules++
    if (this.modules > MAX) return
    if (this.row === null || this.row.length >= 200) {
      this.row = []
      this.rows.push(this.row)
    }
    this.row.push(ground >= 0 && brightness(ground) < 128)
  }

  /** Rows of the cells, when there are enough of them to be a code. */
  drawing(): readonly (readonly boolean[])[] | null {
    const rows = this.rows.filter((row) => row.length >= 17)
    return this.modules >= MIN_MODULES && rows.length >= 17 ? rows.slice(0, 200) : null
  }

  /** Three elements in a row; those that format words follow the text and say nothing about the template. */
  private follow(name: string): void {
    if (INLINE.has(name)) return
    if (this.shapes.size < MAX_SHAPES && this.before !== '') this.shapes.add(`${this.before}>${name}`)
    this.before = `${this.last}>${name}`
    this.last = name
  }

  handler(): void {
    this.handlers++
  }

  end(name: string): void {
    if (name === 'form') this.form = null
  }

  comment(text: string): void {
    if (!/^\s*(\[(if|endif)|<!\[endif)|^\s*$/i.test(text.slice(0, 40))) this.comments += text.length
  }

  shown(chars: string): void {
    const length = charactersIn(chars)
    if (length === 0) return
    this.visible += length
    if (this.breaks >= GAP_LINES) this.gap = true
    this.breaks = 0
    if (this.gap) this.after += length
  }

  hid(how: Hiding, chars: string): void {
    for (const word of chars.match(/[^\t\n\f ]+/g) ?? []) if (!/^[\s\u00a0]*$/.test(word)) this.hidWord(how, word)
  }

  private hidWord(how: Hiding, word: string): void {
    const length = word.replace(/[\u034f\s\u00a0\u00ad\u200b-\u200f\u2007\u2060\ufeff\u2800]+/g, '').length
    if (length === 0) return
    if (this.visible === 0 && this.preview + length <= PREVIEW) {
      this.preview += length
      return
    }
    this.hiding.set(how, (this.hiding.get(how) ?? 0) + length)
    if (this.sample.length < 300) this.sample += `${word} `
  }

  facts(size: number, base: string | null): HtmlFacts {
    const hiddenBy = [...this.hiding].map(([how, characters]) => ({ how, characters }))
    return {
      size,
      visible: this.visible,
      hidden: hiddenBy.reduce((sum, h) => sum + h.characters, 0),
      hiddenBy: hiddenBy.sort((a, b) => b.characters - a.characters),
      hiddenSample: oneLine(this.sample, 200),
      comments: this.comments,
      forms: this.forms.map((form): FormFound => ({ ...form })),
      passwords: Math.min(MAX, this.passwords),
      images: this.images,
      links: Math.min(MAX, this.links),
      scripts: Math.min(MAX, this.scripts),
      handlers: Math.min(MAX, this.handlers),
      frames: Math.min(MAX, this.frames),
      refreshes: Math.min(MAX, this.refreshes),
      odd: this.odd,
      base,
      drawn: this.modules < MIN_MODULES ? 0 : Math.min(MAX, this.modules),
    }
  }

  private link(href: string | undefined): void {
    if (href !== undefined) this.links++
    this.source(href)
  }

  private source(value: string | undefined): void {
    if (value === undefined || this.odd.length >= MAX_ODD) return
    const scheme = SCHEME.exec(value.slice(0, 100).replace(/[\t\r\n\0]/g, ''))?.[1]?.toLowerCase()
    if (scheme === undefined || scheme.includes('.')) return
    // An answer that is already written is odd; an address alone is not.
    if (PLAIN.has(scheme) && !(scheme === 'mailto' && /[?&]body=/i.test(value))) return
    this.odd.push({ scheme, sample: oneLine(value, 200) })
  }

  private image(attr: Attr, seen: Seen, inLink: boolean): void {
    const source = attr('src')?.trimStart() ?? ''
    if (seen.hides === 'not-shown' || seen.pixel || dot(attr('width')) || dot(attr('height'))) {
      this.images.pixels++
      return
    }
    if (/^cid:/i.test(source)) this.images.inline++
    else if (/^data:/i.test(source)) {
      this.images.data++
      if (this.pictures.length < 5) this.pictures.push(source)
    } else if (source !== '') this.images.remote++
    if (inLink && source !== '') this.images.linked++
  }

  private openForm(attr: Attr): void {
    const action = attr('action') ?? ''
    this.source(action)
    const method = attr('method')?.trim().toLowerCase() === 'post' ? 'post' : 'get'
    this.form = { host: urlFound(action, 'form')?.host ?? null, method, fields: 0, passwords: 0 }
    if (this.forms.length < MAX_FORMS) this.forms.push(this.form)
  }

  private field(name: string, attr: Attr): void {
    const type = name === 'input' ? (attr('type')?.trim().toLowerCase() ?? 'text') : name
    if (NO_FIELDS.has(type)) return
    if (type === 'password') this.passwords++
    if (this.form === null) return
    this.form.fields++
    if (type === 'password') this.form.passwords++
  }
}

/** Characters of words; one that consists of other blanks is none. */
function charactersIn(text: string): number {
  let sum = 0
  let word = 0
  let seen = false
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at)
    if (c === 0x20 || c === 0x0a || c === 0x09 || c === 0x0c) {
      if (seen) sum += word
      word = 0
      seen = false
    } else {
      word++
      seen ||= c < 0x80 ? c > 0x20 : !BLANK.test(text.charAt(at))
    }
  }
  return seen ? sum + word : sum
}

const brightness = (colour: number): number =>
  (((colour >> 16) & 255) * 77 + ((colour >> 8) & 255) * 150 + (colour & 255) * 29) >> 8

const dot = (size: string | undefined): boolean => size !== undefined && /^\s*[01](px)?\s*$/i.test(size)

const isModule = (attr: Attr): boolean => {
  const [ground, width] = [attr('bgcolor'), attr('width')]
  return ground !== undefined && width !== undefined && /^\s*([1-9]|1[0-2])(px)?\s*$/i.test(width)
}

/** Facts of all HTML parts of a body together; null when there are none. */
export function mergedFacts(pages: readonly HtmlFacts[]): HtmlFacts | null {
  const [first, ...others] = pages
  if (first === undefined) return null
  return others.slice(0, 50).reduce(merge, first)
}

function merge(a: HtmlFacts, b: HtmlFacts): HtmlFacts {
  const hidden = new Map(a.hiddenBy.map((h) => [h.how, h.characters]))
  for (const { how, characters } of b.hiddenBy) hidden.set(how, (hidden.get(how) ?? 0) + characters)
  const sum = (key: 'size' | 'visible' | 'hidden' | 'comments' | 'passwords' | 'links' | 'scripts' | 'handlers') =>
    a[key] + b[key]
  return {
    size: sum('size'),
    visible: sum('visible'),
    hidden: sum('hidden'),
    hiddenBy: [...hidden].map(([how, characters]) => ({ how, characters })).sort((x, y) => y.characters - x.characters),
    hiddenSample: a.hiddenSample || b.hiddenSample,
    comments: sum('comments'),
    forms: [...a.forms, ...b.forms].slice(0, MAX_FORMS),
    passwords: sum('passwords'),
    images: {
      remote: a.images.remote + b.images.remote,
      inline: a.images.inline + b.images.inline,
      data: a.images.data + b.images.data,
      linked: a.images.linked + b.images.linked,
      pixels: a.images.pixels + b.images.pixels,
    },
    links: sum('links'),
    scripts: sum('scripts'),
    handlers: sum('handlers'),
    frames: a.frames + b.frames,
    refreshes: a.refreshes + b.refreshes,
    odd: [...a.odd, ...b.odd].slice(0, MAX_ODD),
    base: a.base ?? b.base,
    drawn: Math.max(a.drawn, b.drawn),
  }
}
