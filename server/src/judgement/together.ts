import { groupOf } from './groups.ts'
import { FAMILY_OF, MAX_FAVOUR } from './table.ts'
import type { Tally } from './tally.ts'
import type { DecideInput, Signal } from './types.ts'

/** The sentence on what the signals amount to, and why that is not the plain sum of their points where it is not. */
export function together(input: DecideInput, signals: readonly Signal[], raw: Tally): string {
  const { suspicious, high } = input.policy.thresholds
  if (signals.length === 0) return 'No signal was found.'
  const limits = `suspicious from ${suspicious}, high confidence from ${high}`
  const sum = `Together ${raw.score} points${lessened(signals, raw)}`
  return raw.threat === 'none'
    ? `${sum}: not enough for any threat (${limits}).`
    : `${sum}: ${raw.threat.replaceAll('-', ' ')} (${limits}).${raw.renamed ? RENAMED : ''}`
}

const RENAMED =
  ' It could be phish by how it is made and is placed as such; nothing in it pretends or asks for what phish is after, and it speaks as spam does.'

/** The rules of `tally` that made it another sum, as far as they could apply; nothing where it is the plain sum. */
function lessened(signals: readonly Signal[], raw: Tally): string {
  const plain = signals.reduce((sum, s) => sum + Math.round(s.weight * 100), 0) / 100
  if (Math.abs(plain - raw.score) < 0.01) return ''
  const against = signals.filter((s) => s.weight > 0)
  const favour = signals.filter((s) => s.weight < 0)
  const families = new Set(against.map((s) => (s.threat === 'none' ? null : FAMILY_OF[s.threat])))
  const kinds = (some: readonly Signal[]) => new Set(some.map((s) => groupOf(s.id))).size
  const why = [
    families.size > 1 && 'what speaks of another threat counts half',
    kinds(against) + kinds(favour) < against.length + favour.length && 'further evidence of one kind counts less',
    against.some((s) => s.threat === 'malware') && favour.length > 0 && 'nothing speaks for malware',
    favour.reduce((sum, s) => sum - s.weight, 0) > MAX_FAVOUR && `at most ${MAX_FAVOUR} points speak for a message`,
  ].filter((rule) => rule !== false)
  return why.length === 0 ? '' : `, since ${why.join(', ')}`
}
