import type { MessageDetail } from '../../api/types.ts'
import { defang, visible } from '../../parts/text.ts'
import { plural } from '../../words.ts'
import type { Finding, Tone } from './inside.ts'

type Html = NonNullable<MessageDetail['html']>
type Writing = NonNullable<MessageDetail['writing']>

const HOW: Readonly<Record<string, string>> = {
  'not-shown': 'not shown',
  'zero-font': 'font of no size',
  'tiny-font': 'tiny font',
  'same-colour': 'colour of the background',
  'off-screen': 'outside the window',
  'no-room': 'in a box without room',
}

const line = (there: boolean, label: string, value: string | readonly string[], tone: Tone = 'warn'): Finding[] =>
  there
    ? [{ label, values: (typeof value === 'string' ? [value] : value).map((text) => visible(text, 300)), tone }]
    : []

/** What an analyst should know about how the HTML is made; what every letter has is left out. */
export function htmlFindings(h: Html): Finding[] {
  const { images } = h
  return [
    ...line(h.hidden > 0, 'Text that no reader sees', [
      `${plural(h.hidden, 'character')} of ${(h.hidden + h.visible).toLocaleString()}: ${h.hiddenBy.map((b) => HOW[b.how] ?? b.how).join(', ')}`,
      ...(h.hiddenSample === '' ? [] : [`“${h.hiddenSample}…”`]),
    ]),
    ...line(h.passwords > 0, 'Password fields', h.passwords.toLocaleString(), 'bad'),
    ...line(
      h.forms.length > 0,
      'Forms',
      h.forms.map((f) => `sent to ${f.host ? defang(f.host) : 'nowhere on the network'}, ${plural(f.fields, 'field')}`),
    ),
    ...line(h.scripts + h.handlers > 0, 'Scripts', plural(h.scripts + h.handlers, 'script')),
    ...line(h.frames > 0, 'Frames', h.frames.toLocaleString()),
    ...line(h.refreshes > 0, 'Leads elsewhere by itself', 'Yes', 'bad'),
    ...line(
      h.odd.length > 0,
      'Links that are no web address',
      h.odd.map((o) => `${o.scheme}: ${defang(o.sample)}`),
    ),
    ...line(h.base !== null, 'Links start at', defang(h.base ?? '')),
    ...line(h.drawn > 0, 'Picture drawn with a table', `${h.drawn.toLocaleString()} cells, as a code would be`),
    ...line(images.pixels > 0, 'Pictures that count readers', images.pixels.toLocaleString(), 'plain'),
    ...line(
      images.remote + images.inline + images.data > 0,
      'Pictures',
      `${images.remote.toLocaleString()} from elsewhere, ${images.inline.toLocaleString()} sent along, ${images.data.toLocaleString()} in the text`,
      'plain',
    ),
  ]
}

const LANGUAGES = new Intl.DisplayNames('en', { type: 'language', fallback: 'code' })

/** And about how its text is written. */
export function writingFindings(w: Writing): Finding[] {
  return [
    ...line(
      w.language !== null,
      'Language',
      w.language === null ? '' : (LANGUAGES.of(w.language) ?? w.language),
      'plain',
    ),
    ...line(w.charsets.length > 0, 'Character sets', w.charsets.join(', '), 'plain'),
    ...line(w.mixed.length > 0, 'Words with look-alike letters', w.mixed),
    ...line(w.invisible > 0, 'Invisible characters inside words', [
      w.invisible.toLocaleString(),
      ...(w.invisibleWords.length > 0 ? [`They split ${w.invisibleWords.join(', ')}`] : []),
    ]),
    ...line(w.turning > 0, 'Characters that turn the direction', w.turning.toLocaleString()),
    ...line(w.afterGap > 0, 'Text after a long gap', plural(w.afterGap, 'character')),
    ...line(
      typeof w.agreement === 'number' && w.agreement < 50,
      'Plain and HTML form disagree',
      `${w.agreement ?? 0} % of the words are in both`,
    ),
    ...line(w.packed === true, 'Packed without need', 'Plain text as base64'),
  ]
}
