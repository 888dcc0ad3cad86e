import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HOSTILE_HTML } from './hostile-html.fixture.ts'
import { safeStyle } from './html/safe-css.ts'
import { safeHtml } from './html/safe-html.ts'
import { PREVIEW_CSP, renderMail } from './render.ts'

const LIMITS = { maxParts: 1_000, maxDepth: 100, maxHeaderBytes: 1024 * 1024 }
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** Every tag that is written, by name and attributes. */
const tagsOf = (html: string) =>
  [...html.matchAll(/<(\/?[^\s>]+)([^>]*)>/g)].map(([, name, attrs]) => ({ name: name ?? '', attrs: attrs ?? '' }))
const ALLOWED_ATTRIBUTE =
  /^\s(title|style|src|alt|class|align|valign|width|height|border|cellpadding|cellspacing|bgcolor|color|face|size|colspan|rowspan|start|type|dir|lang)="[^"<>]*"/

function expectInert(html: string): void {
  for (const { name, attrs } of tagsOf(html)) {
    expect(name).toMatch(/^(\/?[a-z][a-z0-9]*)$/)
    expect(name).not.toMatch(
      /^\/?(script|style|template|title|textarea|iframe|noembed|noframes|noscript|xmp|svg|math|select|object|embed|link|meta|base|form|input|button|a|area|map|video|audio|plaintext|html|head|body)$/,
    )
    let rest = attrs
    while (rest !== '') {
      const known = ALLOWED_ATTRIBUTE.exec(rest)
      expect(known, `${name}${attrs}`).not.toBeNull()
      if (known?.[1] === 'src')
        expect(known[0]).toMatch(/^ src="data:image\/(png|jpe?g|gif|webp|bmp);base64,[A-Za-z0-9+/=]+"$/i)
      if (known?.[1] === 'style') expect(known[0]).not.toMatch(/url|expression|import|position|behavior|\\|@|var\(/i)
      rest = rest.slice(known?.[0].length ?? rest.length)
    }
  }
}

describe('safe HTML', () => {
  it.each(Object.entries(HOSTILE_HTML))('%s: only listed elements and attributes are written', (_name, html) => {
    expectInert(safeHtml(html))
  })

  it('whatever is put in, only listed elements and attributes come out, all of them closed', () => {
    const fragment = fc.constantFrom(
      '<a href="http://x.example/" onclick=alert(1)>',
      '</a>',
      '<div style="background:url(http://x.example/)">',
      '</div>',
      '<svg>',
      '</svg>',
      '<math>',
      '<style>',
      '</style>',
      '<script>',
      '</script>',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<img src=x onerror=alert(1)>',
      '<img src="data:image/png;base64,AAAA">',
      '"',
      "'",
      '`',
      '<',
      '>',
      '&lt;',
      '&#60;',
      '<table><td>',
      '<noscript>',
      '</noscript>',
      '<template>',
      '<form action=x>',
      '<input value="<script>">',
      '<p title="</p><script>">',
      '<u>',
      '</u>',
      '<body onload=x>',
      'text',
      '\0',
      '<textarea>',
      '</textarea>',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(fragment, fc.string()), { maxLength: 40 }), (list) => {
        const once = safeHtml(list.join(''))
        expectInert(once)
        const opened = tagsOf(once).filter((t) => !/^\/|^(br|hr|col|wbr|img)$/.test(t.name)).length
        expect(tagsOf(once).filter((t) => t.name.startsWith('/')).length).toBe(opened)
      }),
    )
  })

  it('keeps what a reader needs: text, structure, tables, colours', () => {
    const html = safeHtml(
      '<table width="600"><tr><td style="color:#f00;padding:4px" align=center>Hello <b>you</b></td></tr></table>',
    )
    expect(html).toBe(
      '<table width="600"><tr><td style="color:#f00;padding:4px" align="center">Hello <b>you</b></td></tr></table>',
    )
  })

  it('shows a link as text with its real target', () => {
    const html = safeHtml('<a href="https://evil.example.com/login">https://bank.example</a>')
    expect(html).toBe(
      '<u title="https://evil.example.com/login">https://bank.example</u> <small class="recourse-target">[evil.example.com]</small>',
    )
  })

  it('content of noscript is shown, as mail programs without scripts show it', () => {
    expect(safeHtml('<noscript><p>for mail programs</p></noscript>')).toBe('<p>for mail programs</p>')
  })

  it('100,000 nested elements come out as few', () => {
    const html = safeHtml(`${'<div>'.repeat(100_000)}deep`)
    expect(html.match(/<div>/g)).toHaveLength(200)
    expect(html).toContain('deep')
  })

  it.each([
    ['color:red;background:url(http://x/)', 'color:red'],
    ['position:fixed;top:0;color:blue', 'color:blue'],
    ['width:expression(alert(1))', ''],
    ['background-color:\\75rl(x)', ''],
    ['color:red/**/;font-size:12px', 'font-size:12px'],
    ['margin:-5000px;margin-left:- 5px', ''],
    ['color:var(--x)', ''],
    ['behavior:url(#x);-moz-binding:url(x)', ''],
    ['font-family:"Segoe UI",Arial;color:rgb(1,2,3)!important', 'font-family:"Segoe UI",Arial;color:rgb(1,2,3)'],
    ['content:"x";@import "y"', ''],
  ])('style %s', (style, safe) => expect(safeStyle(style)).toBe(safe))
})

describe('a rendered message', () => {
  const render = (text: string) => renderMail(Buffer.from(text), LIMITS)

  it('inlines small raster images by content ID, and no others', async () => {
    const part = (type: string, id: string, data: string) =>
      `--b\r\nContent-Type: ${type}\r\nContent-ID: <${id}>\r\nContent-Transfer-Encoding: base64\r\n\r\n${data}\r\n`
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>').toString('base64')
    const html = await render(
      'Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n' +
        '<img src="cid:logo@x"><img src="cid:vector@x"><img src="https://track.example/p.gif" alt="pixel">\r\n' +
        `${part('image/png', 'logo@x', PNG)}${part('image/png', 'vector@x', svg)}--b--`,
    )
    expect(html.match(/<img /g)).toHaveLength(1)
    expect(html).toContain(`<img src="data:image/png;base64,${PNG}"`)
    expect(html).toContain('[image: pixel]')
  })

  it('escapes plain text', async () => {
    const html = await render('Subject: x\r\n\r\n<script>alert(1)</script> & "quotes"')
    expect(html).toContain('&#60;script&#62;alert(1)&#60;/script&#62; &#38; &#34;quotes&#34;')
  })

  it('shows the HTML form of alternatives, and attached messages framed', async () => {
    const html = await render(
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n' +
        '--c\r\n\r\nplain form\r\n--c\r\nContent-Type: text/html\r\n\r\n<b>rich form</b>\r\n--c--\r\n' +
        '--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text\r\n--b--',
    )
    expect(html).not.toContain('plain form')
    expect(html).toContain('<b>rich form</b>')
    expect(html).toMatch(/<div class="recourse-message"><pre class="recourse-text">inner text/)
  })

  it('carries a policy that forbids everything', () => {
    expect(PREVIEW_CSP).toMatch(/^default-src 'none'/)
    expect(PREVIEW_CSP).toMatch(/; sandbox$/)
    expect(PREVIEW_CSP).not.toMatch(/script|same-origin|https?:/)
  })
})
