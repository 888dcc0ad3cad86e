import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { growth, LINEAR } from '../../test/rig/growth.ts'
import { parsedMail } from '../../test/rig/parsed-mail.ts'
import type { ParsedMail } from '../mail/index.ts'
import { phoneIn } from './signals/callback.ts'
import { gather } from './signals/index.ts'
import { compilePhrases } from './text/phrases.ts'
import { stylised } from './text/tricks.ts'
import { ownText, wordsOf } from './text/words.ts'

const CONTEXT = { mailFrom: null, clientIp: null, helo: null }
const NOBODY = { domains: [], protectedDomains: [], people: [] }
const find = (id: string, part: Partial<ParsedMail>) =>
  gather({
    mail: parsedMail({ to: [{ name: '', address: 'a@b.example', raw: '' }], ...part }),
    context: CONTEXT,
    organisation: NOBODY,
  }).filter((s) => s.id === id)
const weight = (id: string, part: Partial<ParsedMail>) => find(id, part).reduce((sum, s) => sum + s.weight, 0)
const LINK: Partial<ParsedMail> = {
  urls: [{ url: 'https://x.example/a', host: 'x.example', domain: 'x.example', place: 'link', anchor: 'here' }],
}

describe('phrases', () => {
  const { find: look } = compilePhrases({ a: 'verify your | account ~ suspend*', b: '本人確認 | bitcoin' })
  const said = (text: string) => {
    const { words, text: read } = wordsOf(text)
    return Object.fromEntries(look(words, read))
  }
  it('finds words, beginnings, gaps of up to three words and scripts without blanks', () => {
    expect(said('Please VÉRIFY your data')).toEqual({ a: ['verify your'] })
    expect(said('your account has been temporarily suspended')).toEqual({ a: ['account ~ suspend*'] })
    expect(said('account is now, for a very long time, suspended')).toEqual({})
    expect(said('至急、本人確認をお願いします')).toEqual({ b: ['本人確認'] })
    expect(said('Vеrify yоur wallet')).toEqual({ a: ['verify your'] }) // Cyrillic е and о
    expect(said('verifying yourself')).toEqual({})
  })
  it('refuses a phrase that begins with nothing', () =>
    expect(() => compilePhrases({ a: '~ x' })).toThrow(/begins with nothing/))
  it('never throws, and gives each phrase once', () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: 'grapheme' }), (text) => {
        const found = said(`${text} bitcoin ${text} bitcoin`)
        expect(found['b']).toContain('bitcoin')
        expect(new Set(found['b']).size).toBe(found['b']?.length)
      }),
    ))
  it('a word of a page of blanks or marks costs no more than a page', () => {
    for (const word of ['account ', 'a ', '\u0301', 'account ~ '])
      expect(
        growth((n) => said(word.repeat(n / word.length)), 50_000),
        word,
      ).toBeLessThan(LINEAR)
  })
  it('what others wrote is not what the sender says', () =>
    expect(ownText('Hello\n> verify your account\n-- \nwe never ask to verify your account')).toBe('Hello'))
})

it('hostile text costs no more than a page of text', () => {
  const headers = [{ name: 'In-Reply-To', value: '<1@a.example>' }]
  for (const piece of ['\n', 'x', '@', '1', ' ', '\n>', 'account ', 'www.', '+1 ', 'é', 'а', '!', 'a.', 'x@'])
    expect(
      growth((n) => {
        const text = piece.repeat(n / piece.length)
        gather({ mail: parsedMail({ subject: `Re: ${text}`, text, headers }), context: CONTEXT, organisation: NOBODY })
      }, 16_000),
      piece,
    ).toBeLessThan(LINEAR)
})

describe('lure', () => {
  it.each([
    [
      'en',
      'Your account has been suspended',
      'Dear customer, please verify your account within 24 hours or it will be closed. Click here',
    ],
    [
      'de',
      'Ihr Konto wurde gesperrt',
      'Sehr geehrter Kunde, bitte Ihre Daten bestätigen, andernfalls wird das Konto gelöscht. Hier klicken, umgehend.',
    ],
    [
      'fr',
      'Votre compte est suspendu',
      'Cher client, veuillez confirmer votre identité sous 24 heures, sinon il sera définitivement fermé. Cliquez ici',
    ],
    [
      'es',
      'Su cuenta ha sido bloqueada',
      'Estimado cliente, verifique su identidad en 24 horas o será cancelada. Haga clic',
    ],
    [
      'it',
      'Il tuo conto è stato sospeso',
      'Gentile cliente, aggiorna i tuoi dati entro 24 ore, in caso contrario verrà chiuso. Clicca qui',
    ],
    [
      'pt',
      'Sua conta foi bloqueada',
      'Prezado cliente, atualize seus dados em 24 horas, caso contrário será encerrada. Clique aqui',
    ],
    [
      'nl',
      'Uw rekening is geblokkeerd',
      'Geachte klant, bevestig uw gegevens binnen 24 uur, anders wordt deze geblokkeerd. Klik hier',
    ],
    [
      'pl',
      'Twoje konto zostało zablokowane',
      'Szanowny kliencie, potwierdź dane w ciągu 24 godzin, inaczej zostanie usunięte. Kliknij tutaj',
    ],
    [
      'ja',
      '【重要】アカウントが停止されました',
      'お客様各位 24時間以内に本人確認をお願いします。期限後は削除されます。こちらをクリック',
    ],
    ['zh', '您的账户已被冻结', '尊敬的客户，请立即点击链接验证您的身份，否则账户将被停用'],
  ])('%s', (_, subject, text) => {
    const [found] = find('lure', { subject, text, ...LINK })
    expect(found).toMatchObject({ threat: 'phish', technology: 'content' })
    expect(found?.weight).toBeGreaterThan(3)
    expect(Object.keys(Object(found?.evidence['said'])).length).toBeGreaterThanOrEqual(3)
    expect(weight('lure', { subject, text })).toBeLessThan(found?.weight ?? 0)
  })
  it.each([
    ['Lunch', 'Shall we meet on Thursday? Bring the invoice of the caterer.'],
    ['Release 2.4', 'The new version is out. Click here for the list of changes. The account page is faster.'],
    ['Protokoll', 'Im Anhang das Protokoll der Sitzung. Bitte bis Freitag durchsehen.'],
    ['会议', '明天下午三点开会，请准时参加。'],
  ])('%s is none', (subject, text) => expect(weight('lure', { subject, text, ...LINK })).toBeLessThan(1))
  it('counts less in a long letter', () => {
    const text = 'Your account is suspended. Verify your account within 24 hours, click here.'
    expect(weight('lure', { text: `${text} ${'and so it goes on '.repeat(300)}`, ...LINK })).toBeLessThan(
      weight('lure', { text, ...LINK }) / 2,
    )
  })
})

describe('advance-fee', () => {
  it('somebody else’s millions', () => {
    const text =
      'I am a barrister. My late client, deceased without next of kin, left the sum of 12 million dollars. Your percentage: 40. Strictly confidential. Reply to my private email.'
    const [found] = find('advance-fee', { text })
    expect(found?.weight).toBeGreaterThan(5)
    expect(found?.summary).toContain('money that belongs to others')
  })
  it('a film of you', () => {
    const text =
      'I hacked your device and recorded you with your camera on adult sites. Transfer 900 $ to my bitcoin wallet or all your contacts get the video.'
    expect(find('advance-fee', { text })[0]?.weight).toBeGreaterThan(4)
  })
  it('one such word in the news is nothing', () =>
    expect(
      weight('advance-fee', {
        text: 'The deceased was a writer from Ghana, as his publisher said yesterday. '.replace('from Ghana', ''),
      }),
    ).toBe(0))
})

describe('callback', () => {
  const text =
    'Your subscription has been renewed and $349.99 was charged. To cancel call our support at +1 (808) 555-0143.'
  it('a charge and a number', () => {
    const [found] = find('callback', { text })
    expect(found?.weight).toBeGreaterThan(3)
    expect(found?.evidence['phone']).toBe('+1 (808) 555-0143')
  })
  it('no number, no callback; and no charge, none', () => {
    expect(weight('callback', { text: text.replace(/\+1.*/, 'the number below.') })).toBe(0)
    expect(weight('callback', { text: 'Call me at +1 (808) 555-0143 about lunch.' })).toBe(0)
  })
  it('letters that stand for digits', () => {
    expect(phoneIn('+1 (8O8) 555-O143')).toMatchObject({ odd: true })
    expect(phoneIn('+49 30 1234567')).toMatchObject({ odd: false })
    expect(phoneIn('on 2026-03-01 at 10:00, order 12345')).toBeNull()
  })
})

describe('spam-content', () => {
  it.each([
    ['health', 'Buy viagra and cialis without prescription from our online pharmacy'],
    ['income', 'Make money working from home! Financial freedom, be your own boss, residual income'],
    ['gambling', 'Online casino: free spins and a no deposit bonus, jackpot!'],
    ['services', 'We offer SEO services: first page of Google, backlinks, more traffic'],
    ['prize', 'Herzlichen Glückwunsch! Sie haben gewonnen: Ihr Gutschein im Gewinnspiel wartet'],
  ])('%s', (kind, text) => {
    const [found] = find('spam-content', { text })
    expect(found).toMatchObject({ threat: 'spam' })
    expect(found?.evidence['kinds']).toContain(kind)
    expect(found?.weight).toBeGreaterThan(1.5)
  })
  it('a word in a letter is nothing', () =>
    expect(weight('spam-content', { text: 'He lost money at the casino, they say.' })).toBeLessThan(1))
})

describe('text-tricks', () => {
  it.each([
    'Yоur pаckage', // Cyrillic о and а
    '𝗬𝗼𝘂𝗿 𝗽𝗮𝗰𝗸𝗮𝗴𝗲',
    'P\u0336e\u0336n\u0336d\u0336i\u0336n\u0336g',
    'pass\u200bword',
    'message pending kJ8vXq2',
    'YOUR INVOICE IS READY',
    'Re: your order',
    'Win!!! $$$',
    '🎁 For you 🎁',
    'Hello anna@b.example',
  ])('%s', (subject) => {
    const [found] = find('text-tricks', { subject, to: [{ name: '', address: 'anna@b.example', raw: '' }] })
    expect(found?.weight).toBeGreaterThanOrEqual(1)
    expect(found?.evidence['found']).not.toEqual([])
  })
  it.each([
    'Meeting on Thursday',
    'Протокол собрания',
    '会議の議事録',
    'Release 2.4.1 of the API',
    'Größe und Maße',
    'Re: [dev] patch v2',
  ])('%s', (subject) =>
    expect(
      weight('text-tricks', {
        subject,
        text: 'On Monday Anna wrote:\n> something\nthat we talked about for quite some time in the hall',
      }),
    ).toBe(0),
  )
  it('takes no longer for a subject that is made to be read in many ways', () => {
    const before = process.cpuUsage()
    expect(find('text-tricks', { subject: `${'aaaaaaa0'.repeat(60)}a9` })).toBeDefined()
    // Read in every way it would take longer than anybody lives.
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(20_000)
  })
  it('names what it sees', () => {
    expect(stylised('\u202egnp.exe')?.what).toContain('direction')
    expect(stylised('ＡＢＣ株式会社')).toBeNull()
  })
})
