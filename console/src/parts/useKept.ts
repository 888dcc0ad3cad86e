import { useState } from 'react'
import { useSession } from '../api/session.ts'

/** A choice that this browser keeps for whoever is signed in: which of the `known` are in it, in the order of `known`. */
export function useKept<T extends string>(
  name: string,
  known: readonly T[],
  usual: readonly T[],
): readonly [readonly T[], (chosen: readonly T[] | null) => void] {
  const user = useSession()?.user.id ?? ''
  const key = `recourse.${name}.${user}`
  const [chosen, setChosen] = useState(() => read(key, known) ?? usual)
  const keep = (next: readonly T[] | null) => {
    const value = known.filter((one) => (next ?? usual).includes(one))
    setChosen(value)
    try {
      if (next === null) localStorage.removeItem(key)
      else localStorage.setItem(key, JSON.stringify(value))
    } catch {
      // A browser that keeps nothing begins anew each time.
    }
  }
  return [chosen, keep]
}

function read<T extends string>(key: string, known: readonly T[]): readonly T[] | null {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? 'null')
    return Array.isArray(kept) ? known.filter((one) => kept.includes(one)) : null
  } catch {
    return null
  }
}
