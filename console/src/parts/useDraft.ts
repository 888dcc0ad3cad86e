import { useState } from 'react'

interface Versioned {
  readonly version: number
}

export interface Draft<T> {
  readonly draft: T
  readonly set: (part: Partial<T>) => void
  readonly changed: boolean
  /** Somebody has saved another version since; what is written here has not been touched. */
  readonly meanwhile: boolean
  /** Takes what is saved now; what was written is gone. */
  readonly take: (saved: T) => void
}

const same = (a: Versioned, b: Versioned): boolean =>
  JSON.stringify({ ...a, version: 0 }) === JSON.stringify({ ...b, version: 0 })

/** A document that is being changed. What others save is taken over as long as nothing is written, and never over what is. */
export function useDraft<T extends Versioned>(saved: T): Draft<T> {
  const [base, setBase] = useState(saved)
  const [draft, setDraft] = useState(saved)
  const take = (next: T) => {
    setBase(next)
    setDraft(next)
  }
  const changed = !same(draft, base)
  if (saved.version > base.version && (!changed || same(draft, saved))) take(saved)
  return {
    draft,
    set: (part) => setDraft((before) => ({ ...before, ...part })),
    changed,
    meanwhile: changed && saved.version > base.version,
    take,
  }
}
