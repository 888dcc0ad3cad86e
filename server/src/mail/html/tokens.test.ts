import fc from 'fast-check'
import { html as names, Tokenizer, TokenizerMode } from 'parse5'
import { describe, expect, it } from 'vitest'
import { growth, LINEAR } from '../../../test/rig/growth.ts'
import { tokenizeHtml } from './tokens.ts'

type Found = readonly ['start' | 'end' | 'text' | 'comment', ...unknown[]]

/** Text in one piece, however often it was interrupted. */
function gathered(read: (note: (found: Found) => void) => void): Found[] {
  const out: Found[] = []
  read((found) => {
    const last = out.at(-1)
    if (found[0] === 'text' && last?.[0] === 'text') out[out.length - 1] = ['text', `${last[1]}${found[1]}`]
    else out.push(found)
  })
  return out
}

const ours = (html: string): Found[] =>
  gathered((note) =>
    tokenizeHtml(html, {
      start: (tag) => note(['start', tag.name, [...tag.attributes], tag.selfClosing]),
      end: (name) => note(['end', name]),
      text: (chars) => note(['text', chars]),
      comment: (text) => note(['comment', text]),
    }),
  )

const { SCRIPT_DATA, PLAINTEXT, RCDATA, RAWTEXT } = TokenizerMode
const MODES = new Map<string, (typeof TokenizerMode)[keyof typeof TokenizerMode]>([
  [names.TAG_NAMES.SCRIPT, SCRIPT_DATA],
  [names.TAG_NAMES.PLAINTEXT, PLAINTEXT],
  ...['title', 'textarea'].map((name) => [name, RCDATA] as const),
  ...['style', 'xmp', 'iframe', 'noembed', 'noframes'].map((name) => [name, RAWTEXT] as const),
])

const theirs = (html: string): Found[] =>
  gathered((note) => {
    const tokenizer: Tokenizer = new Tokenizer(
      {},
      {
        onStartTag: ({ tagName, attrs, selfClosing }) => {
          note(['start', tagName, attrs.map((a) => [a.name, a.value]), selfClosing])
          const mode = MODES.get(tagName)
          if (mode !== undefined) tokenizer.state = mode
        },
        onEndTag: ({ tagName }) => note(['end', tagName]),
        onCharacter: ({ chars }) => note(['text', chars]),
        onWhitespaceCharacter: ({ chars }) => note(['text', chars]),
        onNullCharacter: () => undefined,
        onComment: ({ data }) => note(['comment', data]),
        onDoctype: () => undefined,
        onEof: () => undefined,
      },
    )
    tokenizer.write(html, true)
  })

const PIECES = (
  '< > / = " \' - -- ! ? & ; # x a A b É K ſ é 😀 \0 \t \n \f \r \r\n <a </a <A <p> </p> <br/> <br / > </ <! <? <!-- --> --!> <!--> <!---> <!- ' +
  '-!> <!doctype <!DOCTYPE> <![CDATA[ ]]> <script> <script </script> </script </SCRIPT > <script/> <title> </title> </title </titles> <style> </style> ' +
  '<STYLE> <xmp> </xmp> <textarea> </textarea/> <iframe> </iframe> <noembed> <noframes> </noframes\n> <plaintext> href= href="x" href=\'y\' a=1 a=2 ' +
  '&amp; &amp &AMP; &lt &notit; &notin; &not &copy= &copy1 &copy_ &nbsp; &#0; &#13; &#10; &#x80; &#xD800; &#x110000; &#38 &#x &# &bogus; &acE; ' +
  '\ud800 \udc00 \ufeff \u00a0 \u2028'
)
  .split(' ')
  .concat(' ')

describe('the tokenizer finds what parse5 finds', () => {
  it('in anything', () => {
    const html = fc.array(fc.constantFrom(...PIECES), { maxLength: 24 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(html, (source) => {
        expect(ours(source)).toEqual(theirs(source))
      }),
      { numRuns: 5_000 },
    )
  })

  it('in tags', () => {
    const part = fc.constantFrom(...PIECES.filter((p) => !p.startsWith('<') && !p.includes('>')))
    const html = fc
      .tuple(fc.constantFrom('<a', '<a ', '</a ', '<title ', '<p x='), fc.array(part, { maxLength: 20 }))
      .map(([start, parts]) => `text ${start}${parts.join('')}> and <b>more</b>`)
    fc.assert(
      fc.property(html, (source) => {
        expect(ours(source)).toEqual(theirs(source))
      }),
      { numRuns: 3_000 },
    )
  })

  it('in scripts', () => {
    const part = fc.constantFrom(
      ...'<!-- --> <!--> <!- - > <script> <script </script> </script x </SCRIPT/ text'.split(' '),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const source = `<script>${parts.join('')}`
        expect(ours(source)).toEqual(theirs(source))
      }),
      { numRuns: 3_000 },
    )
  })

  it.each([
    ['a script in a script', '<script><!-- <script> </script> --> x </script> y'],
    ['a comment in a script that ends at once', '<script><!--></script>x'],
    ['an end tag with attributes', '</title x="</a>">y'],
    ['a quote that never ends', 'x <a href="y> z'],
    ['attributes of one name', '<a HREF=1 href=2 Href=3>'],
    ['a query in an address', '<a href="?a=1&copy=2&amp;lt=3&lt">'],
    ['no letter', 'a < b, 1<2, </>, </ x>, <3'],
    ['a comment that the end cuts', 'x<!-- y --!'],
  ])('in %s', (_name, source) => {
    expect(ours(source)).toEqual(theirs(source))
  })
})

it.each([
  ['tags without end', '<a href="'],
  ['comments without end', '<!--'],
  ['attributes', '<a x=1 y '],
  ['raw text', '<title></titl'],
  ['scripts in comments', '<script><!--<script>'],
  ['brackets', '<'],
  ['references', '&am'],
])('%s are read in linear time', (_name, piece) => {
  expect(growth((n) => tokenizeHtml(piece.repeat(n), { start() {}, end() {}, text() {} }), 20_000)).toBeLessThan(LINEAR)
})
