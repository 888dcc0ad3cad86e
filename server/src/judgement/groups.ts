/**
 * ## Evidence that says the same thing twice counts once and a bit
 * Signals of one group look at one fact from several sides: a brand in the name, in the subject and in the text is one pretence;
 * a missing Date and a missing Message-ID are one careless program. Within a group (and a family of threat) the strongest counts whole, the
 * next half, the next a quarter …: at most twice the strongest, and more evidence never counts less.
 * A signal that is not named here is a group of its own.
 */
export const GROUP_OF: Readonly<Record<string, string>> = {
  // Who the sender is: each of these is one way to find that the name is not theirs.
  'authentication-failure': 'sender-proof',
  unauthenticated: 'sender-proof',
  'sender-disagreement': 'sender-proof',
  // Whom the sender pretends to be.
  'display-name-impersonation': 'pretence',
  'look-alike-domain': 'pretence',
  'brand-impersonation': 'pretence',
  'from-oddity': 'pretence',
  // Where the sender sits.
  'sender-domain': 'origin',
  'transport-oddity': 'origin',
  // What the links are made of.
  'link-mismatch': 'links',
  'url-host': 'links',
  'url-service': 'links',
  'url-redirect': 'links',
  'url-brand': 'links',
  'url-scheme': 'links',
  'url-sender': 'links',
  'qr-code': 'links',
  // How the message is made.
  'html-hidden': 'making',
  'html-form': 'making',
  'image-only': 'making',
  'mime-oddity': 'making',
  // What its files are and hold.
  'dangerous-attachment': 'files',
  'page-attachment': 'files',
  'file-contents': 'files',
  'pdf-lure': 'files',
  'calendar-trap': 'files',
  // What is asked of the reader.
  lure: 'content',
  // It reads the same words.
  classifier: 'content',
  'advance-fee': 'content',
  callback: 'content',
  'spam-content': 'content',
  'text-tricks': 'content',
}

/** Sum with diminishing weight of what is in one group, in whole hundredths; order does not matter. */
export function diminished(points: readonly number[]): number {
  let share = 1
  let sum = 0
  for (const p of [...points].sort((a, b) => b - a)) {
    sum += p * share
    share /= 2
  }
  return sum
}

/** Feeds (`feed:NAME`) copy from each other: two that list the same thing have seen it once. */
export const groupOf = (id: string): string => GROUP_OF[id] ?? (id.startsWith('feed:') ? 'feed' : id)
