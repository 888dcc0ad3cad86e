import type { Signal } from '../../judgement/index.ts'
import { isWithin } from '../hosts.ts'
import { isFreeMail, listOf, senderDomainOf, senderOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'

const DAY = 86_400_000
/** Records must reach back so far that not having heard of somebody means something. */
export const SETTLED = 14 * DAY

/**
 * What the organisation's own records know of the sender, as of the receipt. A first contact is a fact and hardly a fault; it makes other
 * evidence likelier. Who has written to the same people for a week and more, is proven, and was never convicted, is trusted a little: names that anybody
 * can write are not.
 */
export function firstContact({ mail, organisation, history, now }: SignalInput): Signal[] {
  const sender = senderOf(mail)
  const domain = senderDomainOf(mail)
  if (history === undefined || now === undefined || sender === null || domain === null) return []
  if (isWithin(domain, organisation.domains) || listOf(mail)?.shown) return []
  const at = now.getTime()
  if (history.since === null || at - Date.parse(history.since) < SETTLED) return []
  const found = weigh(history, at, mail.authentication.aligned, isFreeMail(domain))
  if (found === null) return []
  return [
    {
      id: 'first-contact',
      version: 1,
      weight: found.weight,
      threat: found.weight > 0 ? 'phish' : 'none',
      technology: 'content',
      summary: found.says.replace('%', found.whole ? domain : sender),
      evidence: { sender, ...history },
      entities: [{ kind: 'sender', value: sender }],
    },
  ]
}

interface Known {
  readonly fromSender: number
  readonly fromDomain: number
  readonly firstAt: string | null
  readonly toThese: boolean
}

function weigh(
  history: Known,
  now: number,
  proven: boolean,
  free: boolean,
): { readonly weight: number; readonly says: string; readonly whole?: true } | null {
  if (history.fromDomain === 0) return { weight: 0.9, says: 'Nobody here has had mail from % before', whole: true }
  if (history.fromSender === 0) return { weight: free ? 0.7 : 0.3, says: 'Nobody here has had mail from % before' }
  const days = history.firstAt === null ? 0 : (now - Date.parse(history.firstAt)) / DAY
  if (!proven || days < 7 || history.fromSender < 3)
    return { weight: 0, says: '% has written here before, rarely or not long' }
  return history.toThese
    ? { weight: -1.5, says: '% writes to the same people regularly, is proven, and nothing was ever found' }
    : { weight: -0.5, says: '% writes here regularly, is proven, and nothing was ever found' }
}
