import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { growth, LINEAR } from '../../../test/rig/growth.ts'
import { languageOf } from '../words/language.ts'
import { afterGapOf, Writing } from '../words/writing.ts'
import { readHtml } from './html.ts'
import { readStyle } from './style.ts'

const facts = (html: string) => readHtml(html).facts
const SEEN = '<p>Dear reader, here is what everybody sees.</p>'

describe('hidden text', () => {
  it.each([
    ['display:none', 'not-shown'],
    ['VISIBILITY : HIDDEN', 'not-shown'],
    ['opacity:0', 'not-shown'],
    ['font-size:0px', 'zero-font'],
    ['font-size: 0', 'zero-font'],
    ['font:0/0 a', 'zero-font'],
    ['font-size:1px', 'tiny-font'],
    ['font-size:.1em', 'tiny-font'],
    ['color:#fff', 'same-colour'],
    ['color:#FEFEFE;font-size:14px', 'same-colour'],
    ['color:rgb(255, 255, 255)', 'same-colour'],
    ['color:transparent', 'same-colour'],
    ['background-color:#101010;color:#111', 'same-colour'],
    ['position:absolute;left:-9999px', 'off-screen'],
    ['text-indent:-5000px', 'off-screen'],
    ['max-height:0;overflow:hidden', 'no-room'],
  ])('%s hides by %s', (style, how) => {
    const found = facts(`${SEEN}<div style="${style}">quarterly budget minutes</div>`)
    expect(found.hiddenBy).toEqual([{ how, characters: 22 }])
    expect(found.hidden).toBe(22)
    expect(found.hiddenSample).toBe('quarterly budget minutes')
  })

  it.each([
    'color:#333',
    'font-size:12px',
    'font-size:0.9em',
    'line-height:0',
    'opacity:0.5',
    'background:#000;color:#fff',
    'background:url(x.png);color:#fff',
    'max-height:0',
    'margin-left:-20px',
    'font-size:100%',
    'font:12px/1.2 Arial',
  ])('%s does not hide', (style) => {
    expect(facts(`${SEEN}<div style="${style}">quarterly budget minutes</div>`).hidden).toBe(0)
  })

  it('the ground of an outer element counts, and one that a class may paint is not guessed', () => {
    expect(facts(`${SEEN}<table bgcolor="#000"><tr><td><font color="white">abc</font></table>`).hidden).toBe(0)
    expect(facts(`${SEEN}<table bgcolor="white"><tr><td><font color="white">abc</font></table>`).hidden).toBe(3)
    expect(facts(`${SEEN}<div class="dark"><p style="color:#fff">abc</p></div>`).hidden).toBe(0)
    expect(facts(`${SEEN}<td background="x.png"><p style="color:#fff">abc</p></td>`).hidden).toBe(0)
  })

  it('a preview line is not counted, more than one is', () => {
    expect(facts(`<div style="display:none">What is new this week</div>${SEEN}`).hidden).toBe(0)
    expect(facts(`<div style="display:none">${'word '.repeat(200)}</div>${SEEN}`).hidden).toBeGreaterThan(200)
  })

  it('what no program shows is left out of the text, what some show is kept', () => {
    expect(readHtml('<p>a</p><p style="display:none">b</p><p style="color:#fff">c</p>').text).toBe('a\nc')
  })
})

describe('how HTML is made', () => {
  it('counts forms with what they ask for and where they send it', () => {
    const form = facts(
      '<form action="https://evil.example.com/p.php" method=POST><input name=u><input type=password><input type=hidden><input type=submit></form><input type=password>',
    )
    expect(form.forms).toEqual([{ host: 'evil.example.com', method: 'post', fields: 2, passwords: 1 }])
    expect(form.passwords).toBe(2)
  })

  it('tells pictures apart', () => {
    const { images } = facts(
      '<a href="https://x.example.com/"><img src="https://x.example.com/a.png"></a><img src="cid:1"><img src="data:image/png;base64,AA=="><img src="https://x.example.com/t.gif" width=1 height=1><img style="display:none" src="https://x.example.com/u.gif">',
    )
    expect(images).toEqual({ remote: 1, inline: 1, data: 1, linked: 1, pixels: 2 })
  })

  it('names scripts, handlers, frames, refreshes, base and odd schemes', () => {
    const found = facts(
      '<base href="https://b.example.com/"><meta http-equiv=refresh content="0;url=x"><script>1</script><body onload="x()"><iframe src="y"></iframe><a href=" java\tscript:alert(1)">x</a><a href="data:text/html,x">y</a><a href="mailto:a@b.example?subject=s&body=b">z</a><a href="mailto:a@b.example">z</a><a href="cid:1">w</a>',
    )
    expect(found).toMatchObject({ scripts: 1, handlers: 1, frames: 1, refreshes: 1, base: 'b.example.com', links: 5 })
    expect(found.odd.map((o) => o.scheme)).toEqual(['javascript', 'data', 'mailto'])
  })

  it('counts comments, but not the conditions that Outlook reads', () => {
    expect(facts(`<!-- ${'x'.repeat(100)} --><!--[if mso]>table<![endif]-->`).comments).toBe(102)
  })

  it('sees text after a gap', () => {
    expect(readHtml(`<p>Pay now</p>${'<br>'.repeat(30)}poem of 20 letters`).afterGap).toBeGreaterThan(10)
    expect(readHtml(`<p>Pay now</p>${'<br>'.repeat(3)}regards`).afterGap).toBe(0)
    expect(afterGapOf(`Pay now\n${'\n'.repeat(30)}a poem\n`)).toBe(6)
    expect(afterGapOf('a\n\n\nb')).toBe(0)
  })

  it('a table of small dark and light cells is a drawing', () => {
    const row = `<tr>${'<td bgcolor=black width=4></td><td bgcolor=white width=4></td>'.repeat(13)}</tr>`
    expect(facts(`<table>${row.repeat(25)}</table>`).drawn).toBe(650)
    expect(facts('<table><tr><td bgcolor=black width=4></td></tr></table>').drawn).toBe(0)
  })
})

describe('how text is written', () => {
  const written = (text: string) => {
    const writing = new Writing()
    writing.add(text, 0)
    return writing.facts(text)
  }
  it('puts words together that characters without width split', () => {
    expect(written('Your Pay\u200bP\u200cal ac\u00adcount')).toMatchObject({
      invisible: 3,
      invisibleWords: ['PayPal', 'account'],
    })
    expect(readHtml('<p>Pay&#8203;Pal</p>').text).toBe('PayPal')
  })
  it('leaves joiners to the languages that need them', () => {
    expect(written('می‌خواهم نمی‌دانم').invisible).toBe(0)
  })
  it('names words of two alphabets', () => {
    expect(written('Аррle or Apple, аpple, 10 kΩ, Привет').mixed).toEqual(['Аррle', 'аpple'])
  })
  it('counts characters that turn the direction', () => expect(written('a\u202egpj.exe').turning).toBe(1))
  it.each([
    ['Please find attached the report of the last meeting, and let me know if you have questions.', 'en'],
    ['Bitte finden Sie anbei den Bericht der letzten Sitzung und melden Sie sich bei Fragen.', 'de'],
    ['Veuillez trouver ci-joint le compte rendu de la réunion, et nous vous remercions pour votre aide.', 'fr'],
    ['Le agradecemos que nos envíe su respuesta por correo para que podamos ayudarle con esta solicitud.', 'es'],
    ['Por favor não responda a esta mensagem, você pode acessar a sua conta pelo nosso site.', 'pt'],
    ['Пожалуйста, подтвердите получение этого письма и ответьте нам.', 'ru'],
    ['このメールはお客様の登録内容を確認するために送信しています。', 'ja'],
    ['请在今天之前完成您的账户验证，否则我们将暂停您的服务。谢谢您的配合与理解。', 'zh'],
    ['ok', null],
  ])('%s: %s', (text, language) => expect(languageOf(text)).toBe(language))
})

describe('hostile input', () => {
  const nasty = fc.constantFrom(
    '<div style="',
    'color:',
    '#fff',
    '<td bgcolor=',
    '">',
    '</div>',
    '<form ',
    '<a href=',
    '\u200b',
    'a',
    ':',
    '0',
    '-9999px',
    'font:',
    ';',
    '<!--',
    '-->',
    'position:absolute',
  )
  it('never throws, and its counts are whole numbers', () => {
    fc.assert(
      fc.property(fc.array(nasty, { maxLength: 200 }), (parts) => {
        const { facts: found } = readHtml(parts.join(''))
        for (const n of [found.visible, found.hidden, found.comments, found.links])
          expect(Number.isInteger(n)).toBe(true)
      }),
    )
  })
  it('styles are read in linear time', () => {
    for (const part of ['font:', 'a:', 'color:', '0 ', 'position:absolute;', 'url(', 'background:', '-'])
      expect(
        growth((n) => readStyle(part.repeat(n)), 5_000),
        part,
      ).toBeLessThan(LINEAR)
  })
})
