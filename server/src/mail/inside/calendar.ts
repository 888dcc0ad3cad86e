import { oneLine } from '../text.ts'
import type { CalendarFacts } from '../types.ts'
import { urlsInText } from '../urls.ts'
import type { Budget } from './budget.ts'

const MAX_TEXT = 1024 * 1024
const MAX_LINES = 50_000

/** An invitation or calendar (RFC 5545), as far as it can lure; null when it is none. */
export function readCalendar(text: string, budget: Budget): CalendarFacts | null {
  const source = text.slice(0, MAX_TEXT)
  if (!/^\s*BEGIN\s*:\s*VCALENDAR/im.test(source)) return null
  const found = { method: null as string | null, organiser: null as string | null, summary: '', events: 0, alarms: 0 }
  const lines = source.replace(/\r?\n[ \t]/g, '').split(/\r?\n/, MAX_LINES)
  for (const line of lines) {
    const [name, value] = property(line)
    if (name === 'BEGIN' && /^VEVENT$/i.test(value)) found.events++
    else if (name === 'BEGIN' && /^VALARM$/i.test(value)) found.alarms++
    else if (name === 'METHOD') found.method ??= oneLine(value.toUpperCase(), 40)
    else if (name === 'ORGANIZER') found.organiser ??= oneLine(value.replace(/^"?mailto:|"$/gi, '').toLowerCase(), 320)
    else if (name === 'SUMMARY') found.summary ||= oneLine(unescaped(value), 500)
    if (
      /^(DESCRIPTION|LOCATION|SUMMARY|URL|COMMENT|ATTACH|CONFERENCE|X-ALT-DESC|X-[A-Z-]*URL|X-MICROSOFT-SKYPETEAMSMEETINGURL)$/.test(
        name,
      )
    )
      links(value, budget)
  }
  return found
}

function links(value: string, budget: Budget): void {
  for (const url of urlsInText(unescaped(value), 'attachment', 50))
    if (budget.urls.length < 1_000) budget.urls.push(url)
}

function property(line: string): [string, string] {
  // Parameters may be quoted and hold colons: `ORGANIZER;CN="a:b":mailto:c@d.example`.
  let quoted = false
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '"') quoted = !quoted
    else if (line[i] === ':' && !quoted) {
      const name = line.slice(0, i).split(';', 1)[0] ?? ''
      return [name.trim().toUpperCase(), line.slice(i + 1).trim()]
    }
  }
  return ['', '']
}

const unescaped = (text: string): string =>
  text.replace(/\\([nN,;\\])/g, (_, c: string) => (c === 'n' || c === 'N' ? '\n' : c))
