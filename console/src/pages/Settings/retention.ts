import type { Retention } from '../../api/types.ts'

export type Class = 'softDeleted' | 'hardDeleted' | 'moved' | 'clean'

export const CLASSES: Readonly<
  Record<Class, { readonly label: string; readonly least: number; readonly most: number }>
> = {
  softDeleted: { label: 'Soft-deleted mail', least: 1, most: 30 },
  hardDeleted: { label: 'Hard-deleted mail', least: 1, most: 3650 },
  moved: { label: 'Bytes of copies that were moved', least: 1, most: 3650 },
  clean: { label: 'Bytes of clean delivered mail', least: 0, most: 3650 },
}

export type HeldReason = keyof Retention['quarantine']
export const HELD: readonly HeldReason[] = [
  'malware',
  'high-confidence-phish',
  'phish',
  'high-confidence-spam',
  'spam',
  'bulk',
  'spoof',
  'impersonation',
  'none',
]

const within = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most

export const fits = (r: Retention): boolean =>
  (Object.keys(CLASSES) as Class[]).every((key) => within(r[key], CLASSES[key].least, CLASSES[key].most)) &&
  HELD.every((reason) => within(r.quarantine[reason], 1, 90))

/** Whether the change ends something that is there already; what is held or moved was given its day when it came. */
export const reachesBack = (before: Retention, after: Retention): boolean =>
  after.softDeleted < before.softDeleted || after.hardDeleted < before.hardDeleted || after.clean < before.clean

const DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' })
const date = (days: number, now: Date): string => DATE.format(new Date(now.getTime() + days * 86_400_000))

/** What ends when, by the example of today. */
export function whatEnds(key: Class, days: number, now: Date): string {
  const until = date(days, now)
  switch (key) {
    case 'softDeleted':
      return `What is soft-deleted today can be brought back, by its user and by analysts, until ${until}. Then the copy and its bytes are destroyed.`
    case 'hardDeleted':
      return `What is hard-deleted today can be brought back by analysts until ${until}. Then the copy and its bytes are destroyed.`
    case 'moved':
      return `Of a copy that an action moves today, the bytes are kept until ${until} as insurance for an undo. The copy itself stays in its mailbox. Counts for copies that are moved from now on.`
    case 'clean':
      return days === 0
        ? 'Not kept after delivery: no preview and no download of clean mail. Mailboxes keep their copies.'
        : `Of clean mail that arrives today, preview and download work until ${until}. Mailboxes keep their copies.`
  }
}
