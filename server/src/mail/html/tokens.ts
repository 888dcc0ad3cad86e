import { decodeHTML, decodeHTMLAttribute } from 'entities/decode'

export interface StartTag {
  /** In lower case. */
  readonly name: string
  /** By name in lower case, in order; the first of those with one name. */
  readonly attributes: ReadonlyMap<string, string>
  readonly selfClosing: boolean
}

export interface HtmlHandler {
  start(tag: StartTag): void
  end(name: string): void
  /** Text between two tags, references decoded; in several pieces where something that is no text stood between. */
  text(chars: string): void
  comment?(text: string): void
}

/**
 * The tokenizer of the HTML standard (13.2.5) without its tree: what a mail says needs no tree, and the tree's scope checks are
 * quadratic in the nesting that a sender chooses. The tree builder's one duty for tokens is done here: the content of a raw text element is
 * text. Doctypes and errors are passed over; work is linear. It finds what parse5 finds (`tokens.test.ts`), in a third of the time: it looks for
 * the characters that end something in place of looking at each.
 */
export function tokenizeHtml(html: string, handler: HtmlHandler): void {
  new Tokens(html.includes('\r') ? html.replace(/\r\n?/g, '\n') : html, handler).read()
}

/** What may begin with `<`; before anything else it is text. */
const MARKUP = /<[a-zA-Z/!?]/g
const COMMENT_END = /--!?>/g
const SCRIPT_MARKS = /<!--|-->|<\/?script(?=[\t\n\f />])/gi
const REFERENCES_TOO = new Set(['title', 'textarea'])
/** Elements whose content is text up to their end tag. */
const RAW_END: ReadonlyMap<string, RegExp> = new Map(
  [...REFERENCES_TOO, 'style', 'xmp', 'iframe', 'noembed', 'noframes'].map((name) => [
    name,
    new RegExp(`</${name}(?=[\\t\\n\\f />])`, 'gi'),
  ]),
)

const stops = (chars: string): Uint8Array => {
  const table = new Uint8Array(128)
  for (const c of chars) table[c.charCodeAt(0)] = 1
  return table
}
const NAME_ENDS = stops('\t\n\f />')
const ATTRIBUTE_ENDS = stops('\t\n\f />=')
const VALUE_ENDS = stops('\t\n\f >')
const [SLASH, EQUALS, GREATER, QUESTION, DOUBLE, SINGLE] = [0x2f, 0x3d, 0x3e, 0x3f, 0x22, 0x27]
const NONE: ReadonlyMap<string, string> = new Map()

const isBlank = (c: number): boolean => c === 0x20 || c === 0x0a || c === 0x09 || c === 0x0c
const isLetter = (c: number): boolean => (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a

/** Letters of ASCII only, as the standard has it. */
const lowered = (name: string): string =>
  /^[a-z0-9:_-]*$/.test(name) ? name : withoutNull(name.replace(/[A-Z]+/g, (c) => c.toLowerCase()))

const withoutNull = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text)

class Tokens {
  private readonly html: string
  private readonly handler: HtmlHandler
  private at = 0

  /** `html`: with line feeds only. */
  constructor(html: string, handler: HtmlHandler) {
    this.html = html
    this.handler = handler
  }

  read(): void {
    const { html } = this
    while (this.at < html.length) {
      MARKUP.lastIndex = this.at
      const start = MARKUP.exec(html)?.index ?? html.length
      this.data(this.at, start)
      this.at = start
      if (start < html.length) this.markup(html.charCodeAt(start + 1), start + 2)
    }
  }

  /** What follows `<` and the character that says what it is; `at`: behind both. */
  private markup(kind: number, at: number): void {
    const { html } = this
    if (isLetter(kind)) this.startTag(at - 1)
    else if (kind === SLASH) this.endTag(at)
    else if (kind === QUESTION) this.bogus(at - 1)
    else if (html.startsWith('--', at)) this.comment(at + 2)
    else if (/^doctype$/i.test(html.slice(at, at + 7))) this.at = this.find('>', at) + 1
    else this.bogus(at)
  }

  private startTag(at: number): void {
    const end = this.until(NAME_ENDS, at)
    const name = lowered(this.html.slice(at, end))
    const attributes = new Map<string, string>()
    const how = this.attributes(end, attributes)
    if (how === null) return
    this.handler.start({ name, attributes: attributes.size === 0 ? NONE : attributes, selfClosing: how.selfClosing })
    if (name === 'script' || name === 'plaintext' || RAW_END.has(name)) this.raw(name)
  }

  private endTag(at: number): void {
    const { html } = this
    const c = html.charCodeAt(at)
    if (isLetter(c)) this.endOf(lowered(html.slice(at, this.until(NAME_ENDS, at))), at)
    else if (c === GREATER) this.at = at + 1
    else if (at < html.length) this.bogus(at)
    else {
      this.handler.text('</')
      this.at = at
    }
  }

  /** An end tag whose name begins at `at`. */
  private endOf(name: string, at: number): void {
    if (this.attributes(at + name.length, null) !== null) this.handler.end(name)
  }

  /**
   * Reads up to the end of the tag and keeps the values where they are asked for. Null when the input ends before: such a tag is none, and nothing
   * follows.
   */
  private attributes(from: number, values: Map<string, string> | null): { readonly selfClosing: boolean } | null {
    const { html } = this
    let at = from
    for (;;) {
      at = this.blanks(at)
      if (at >= html.length) break
      const c = html.charCodeAt(at)
      if (c === GREATER || (c === SLASH && html.charCodeAt(at + 1) === GREATER)) {
        this.at = c === GREATER ? at + 1 : at + 2
        return c === GREATER ? OPEN : CLOSED
      }
      at = c === SLASH ? at + 1 : this.attribute(at, values)
    }
    this.at = html.length
    return null
  }

  /** Returns where it ends. */
  private attribute(from: number, values: Map<string, string> | null): number {
    const { html } = this
    const nameEnd = this.until(ATTRIBUTE_ENDS, from + 1)
    const equals = this.blanks(nameEnd)
    let start = equals
    let end = equals
    let next = equals
    if (html.charCodeAt(equals) === EQUALS) {
      start = this.blanks(equals + 1)
      const quote = html.charCodeAt(start)
      if (quote === DOUBLE || quote === SINGLE) {
        start++
        end = this.find(quote === DOUBLE ? '"' : "'", start)
        next = end + 1
      } else next = end = this.until(VALUE_ENDS, start)
    }
    if (values === null) return next
    const name = lowered(html.slice(from, nameEnd))
    if (!values.has(name)) values.set(name, withoutNull(decodeHTMLAttribute(html.slice(start, end))))
    return next
  }

  /** The content of an element that holds text only, with its end tag. */
  private raw(name: string): void {
    const { html } = this
    const end = name === 'plaintext' ? html.length : name === 'script' ? this.scriptEnd() : this.rawEnd(name)
    const text = withoutNull(html.slice(this.at, end))
    if (text !== '') this.handler.text(REFERENCES_TOO.has(name) ? decodeHTML(text) : text)
    this.at = end
    if (end < html.length) this.endOf(name, end + 2)
  }

  private rawEnd(name: string): number {
    const ends = RAW_END.get(name)
    if (ends === undefined) return this.html.length
    ends.lastIndex = this.at
    return ends.exec(this.html)?.index ?? this.html.length
  }

  /** In a comment a script may hold another with its end tag. */
  private scriptEnd(): number {
    let commented = false
    let nested = false
    SCRIPT_MARKS.lastIndex = this.at
    for (let found = SCRIPT_MARKS.exec(this.html); found !== null; found = SCRIPT_MARKS.exec(this.html)) {
      const [mark] = found
      if (mark === '-->') commented = nested = false
      else if (mark === '<!--') {
        commented = true
        // `<!-->` begins and ends one.
        SCRIPT_MARKS.lastIndex -= 2
      } else if (mark[1] !== '/') nested = commented
      else if (nested) nested = false
      else return found.index
    }
    return this.html.length
  }

  private comment(from: number): void {
    const { html } = this
    COMMENT_END.lastIndex = from
    const atOnce = /^-?>/.exec(html.slice(from, from + 2))?.[0].length ?? 0
    const end = atOnce > 0 ? from : (COMMENT_END.exec(html)?.index ?? html.length)
    this.at = atOnce > 0 ? from + atOnce : end === html.length ? end : COMMENT_END.lastIndex
    const text = html.slice(from, end)
    // At the end of the input what may have been the end of the comment is not part of it.
    this.handler.comment?.(withoutNull(end === html.length ? text.replace(/(?:--!?|-)$/, '') : text))
  }

  /** What the standard does not know counts as a comment. */
  private bogus(from: number): void {
    const end = this.find('>', from)
    this.at = end + 1
    this.handler.comment?.(withoutNull(this.html.slice(from, end)))
  }

  private data(from: number, end: number): void {
    if (from === end) return
    const text = decodeHTML(this.html.slice(from, end))
    if (!text.includes('\0')) this.handler.text(text)
    else for (const piece of text.split('\0')) if (piece !== '') this.handler.text(piece)
  }

  private find(char: string, from: number): number {
    const at = this.html.indexOf(char, from)
    return at === -1 ? this.html.length : at
  }

  private until(ends: Uint8Array, from: number): number {
    const { html } = this
    let at = from
    for (; at < html.length; at++) {
      const c = html.charCodeAt(at)
      if (c < 128 && ends[c] === 1) break
    }
    return at
  }

  private blanks(from: number): number {
    let at = from
    while (isBlank(this.html.charCodeAt(at))) at++
    return at
  }
}

const OPEN = { selfClosing: false }
const CLOSED = { selfClosing: true }
