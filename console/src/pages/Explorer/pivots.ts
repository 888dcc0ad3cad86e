import type { Pivot } from '../../api/types.ts'
import { DELIVERY, DIRECTIONALITY, LOCATION, TECHNOLOGY, THREAT } from '../../words.ts'

interface About {
  readonly label: string
  readonly words: Readonly<Record<string, string>>
}

/** What a chart can be grouped by; each is a filter of the same name. The first is the usual one. */
export const PIVOTS: Readonly<Record<Pivot, About>> = {
  action: { label: 'Delivery action', words: DELIVERY },
  threat: { label: 'Threat type', words: THREAT },
  technology: { label: 'Detection technology', words: TECHNOLOGY },
  location: { label: 'Latest location', words: LOCATION },
  direction: { label: 'Directionality', words: DIRECTIONALITY },
  senderDomain: { label: 'Sender domain', words: {} },
  ip: { label: 'Sender IP', words: {} },
}

export const isPivot = (value: unknown): value is Pivot => typeof value === 'string' && Object.hasOwn(PIVOTS, value)
