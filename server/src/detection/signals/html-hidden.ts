import type { Signal } from '../../judgement/index.ts'
import type { HtmlFacts, ParsedMail } from '../../mail/index.ts'
import { type Finding, signalOf } from '../findings.ts'
import { listOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'

/**
 * Text that filters read and people do not: without size, in the colour of its ground, outside the window, after a hundred empty lines; letters
 * without width inside words; look-alike letters. Newsletters hide a preview line and a second layout for telephones; both are left out.
 */
export function htmlHidden({ mail }: SignalInput): Signal[] {
  const found: Finding[] = [...(mail.html === null ? [] : inHtml(mail.html, mail)), ...inText(mail)]
  const weighed = listOf(mail)?.shown === true ? found.map((f) => ({ ...f, weight: f.weight * 0.4 })) : found
  return signalOf(
    {
      id: 'html-hidden',
      threat: 'phish',
      technology: 'content',
      lead: 'The message holds',
      most: 6,
      evidence: evidence(mail),
    },
    weighed,
  )
}

const evidence = ({ html, writing }: ParsedMail) => ({
  ...(html === null || html.hidden === 0 ? {} : { hidden: html.hiddenBy, sample: html.hiddenSample }),
  ...(writing.invisibleWords.length === 0 ? {} : { split: writing.invisibleWords }),
  ...(writing.mixed.length === 0 ? {} : { mixed: writing.mixed }),
})

const SAYS: Readonly<Record<HtmlFacts['hiddenBy'][number]['how'], readonly [string, number]>> = {
  'zero-font': ['without size', 2],
  'tiny-font': ['too small to read', 1.8],
  'same-colour': ['in the colour of its ground', 1.8],
  'off-screen': ['outside the window', 2.5],
  'no-room': ['in a box without room', 1],
  'not-shown': ['that is not shown', 1],
}

function inHtml(html: HtmlFacts, mail: ParsedMail): Finding[] {
  const out: Finding[] = []
  // The same words again are a second layout, for telephones or for Outlook.
  const start = html.hiddenSample.slice(0, 40)
  const again = start.length > 15 && mail.text.includes(start)
  for (const { how, characters } of html.hiddenBy) {
    const [says, weight] = SAYS[how]
    const mild = how === 'not-shown' || how === 'no-room'
    if (characters < (mild ? 300 : 20) || (mild && (again || html.visible > characters * 4))) continue
    out.push({
      what: `${characters} characters ${says}`,
      weight: weight * (characters > 500 ? 1.5 : characters < 60 ? 0.6 : 1),
    })
  }
  if (html.comments > 3_000 && html.comments > html.visible * 4)
    out.push({ what: `${html.comments} characters in comments, more than it shows`, weight: 0.8 })
  if (html.size > 60_000 && html.visible < 300 && html.images.data === 0)
    out.push({ what: `${html.size} characters of HTML around ${html.visible} that are shown`, weight: 0.6 })
  return out
}

function inText({ writing }: ParsedMail): Finding[] {
  const out: Finding[] = []
  if (writing.afterGap > 40) out.push({ what: `${writing.afterGap} characters after a long gap`, weight: 1.5 })
  if (writing.invisible >= 3) {
    // Soft hyphens in long words help to break lines; nobody breaks short ones.
    const short = writing.invisibleWords.filter((w) => w.length < 12).length
    if (short > 0)
      out.push({
        what: `words split by invisible characters (${writing.invisibleWords.slice(0, 3).join(', ')})`,
        weight: Math.min(3.5, 1.2 + short * 0.4),
      })
  }
  if (writing.mixed.length > 0)
    out.push({
      what: `words with letters that only look alike (${writing.mixed.slice(0, 3).join(', ')})`,
      weight: Math.min(4, 1.6 + writing.mixed.length * 0.4),
    })
  const rightToLeft = writing.language !== null && ['ar', 'he', 'fa', 'ur'].includes(writing.language)
  if (writing.turning > 0 && !rightToLeft && writing.language !== null)
    out.push({ what: 'characters that turn the direction of text', weight: 0.8 })
  return out
}
