import { useEffect, useState } from 'react'

/** What was typed, when typing pauses; meanwhile `settled` is what it was before. */
export function useSettled(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 350)
    return () => clearTimeout(timer)
  }, [text])
  return settled
}
