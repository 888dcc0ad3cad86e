import { withCrlf } from './identity.ts'

export interface Split {
  readonly fields: readonly string[]
  readonly body: Buffer
}

/** Header fields with their folded lines, and the body behind the empty line. */
export function split(bytes: Buffer): Split {
  const whole = withCrlf(bytes)
  const end = whole.indexOf('\r\n\r\n')
  const head = end < 0 ? whole : whole.subarray(0, end)
  const body = end < 0 ? Buffer.alloc(0) : whole.subarray(end + 4)
  return { fields: head.toString('latin1').split(/\r\n(?![ \t])/), body }
}

const MOST_NAMED = 5
const nameOf = (field: string): string =>
  field.slice(0, Math.max(0, field.indexOf(':'))).slice(0, 60) || 'a line without a name'

/** What is not the same in two messages, for people: header fields by name, and the body from which byte on. Pure. */
export function differences(one: Buffer, other: Buffer): string {
  const [a, b] = [split(one), split(other)]
  const lacking = (these: Split, those: Split) => these.fields.filter((f) => !those.fields.includes(f)).map(nameOf)
  const names = [...new Set([...lacking(a, b), ...lacking(b, a)])]
  const parts: string[] = []
  if (names.length > 0) {
    const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''
    parts.push(`the header (${names.slice(0, MOST_NAMED).join(', ')}${more})`)
  }
  if (!a.body.equals(b.body)) parts.push(`the body from byte ${firstDifference(a.body, b.body)} on`)
  if (parts.length === 0) parts.push('the order of header fields or the line ends')
  return `${parts.join(' and ')}; ${one.length} and ${other.length} bytes`
}

function firstDifference(a: Buffer, b: Buffer): number {
  const most = Math.min(a.length, b.length)
  for (let at = 0; at < most; at++) if (a[at] !== b[at]) return at
  return most
}
