import { useEffect, useRef } from 'react'

/** For dialogs: when this one goes away, the focus is again where it was before it came. */
export function useReturnFocus(): void {
  const before = useRef(document.activeElement)
  useEffect(() => {
    const element = before.current
    return () => {
      setTimeout(() => {
        const lost = document.activeElement === null || document.activeElement === document.body
        if (lost && element instanceof HTMLElement && element.isConnected) element.focus()
      })
    }
  }, [])
}
