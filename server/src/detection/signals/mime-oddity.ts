import type { Signal } from '../../judgement/index.ts'
import type { ParsedMail } from '../../mail/index.ts'
import { type Finding, signalOf } from '../findings.ts'
import { listOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'

/**
 * How the message was put together: forms that say different things, text packed so that nobody reads it on the way, letters of one country
 * announced as another's. Mail programs do not write so; programs for mass mail do, some of them honest, hence small points.
 */
export function mimeOddity({ mail }: SignalInput): Signal[] {
  const { writing } = mail
  const found: Finding[] = []
  const add = (weight: number, what: string) => found.push({ weight, what })
  if (typeof writing.agreement === 'number' && writing.agreement < 25)
    add(
      writing.agreement < 8 ? 1.8 : 0.8,
      `a plain form that says something else than the HTML (${writing.agreement} % of the words)`,
    )
  if (writing.packed === true) add(0.8, 'plain letters packed as base64')
  const charset = foreign(mail)
  if (charset !== null) add(0.8, charset)
  if (mail.defects.some((d) => d.startsWith('unknown charset'))) add(0.8, 'a charset that does not exist')
  if (mail.defects.includes('multipart without parts')) add(0.6, 'parts that are not there')
  const weighed = listOf(mail)?.shown === true ? found.map((f) => ({ ...f, weight: f.weight * 0.4 })) : found
  return signalOf(
    { id: 'mime-oddity', threat: 'spam', technology: 'content', lead: 'The message has', most: 3 },
    weighed,
  )
}

/** Charsets of one alphabet, and the languages written in it. */
const HOMES: readonly (readonly [RegExp, ReadonlySet<string>])[] = [
  [/^(?:koi8-[ru]|windows-1251|iso-8859-5|cp866)$/, new Set(['ru', 'uk', 'bg', 'sr', 'mk', 'be'])],
  [/^(?:gb2312|gbk|gb18030|big5|hz-gb-2312)$/, new Set(['zh', 'ja'])],
  [/^(?:iso-2022-jp|shift_jis|euc-jp)$/, new Set(['ja', 'zh'])],
  [/^(?:euc-kr|ks_c_5601-1987|iso-2022-kr)$/, new Set(['ko'])],
  [/^(?:windows-1256|iso-8859-6)$/, new Set(['ar', 'fa', 'ur'])],
  [/^(?:windows-1255|iso-8859-8(?:-i)?)$/, new Set(['he'])],
]

/** People in those countries write English as well, with programs that keep their charset: a hint, and only where there is enough text. */
function foreign({ writing, text }: ParsedMail): string | null {
  const { language } = writing
  if (language === null || text.length < 200) return null
  for (const charset of writing.charsets) {
    const home = HOMES.find(([pattern]) => pattern.test(charset))
    if (home !== undefined && !home[1].has(language))
      return `the charset ${charset} for a text in another language (${language})`
  }
  return null
}
