import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react'

const nowhere = (): boolean => document.activeElement === null || document.activeElement === document.body

/** Where somebody is whose button has gone: in the dialog that is open, else on the page. */
const around = (): HTMLElement | null =>
  document.querySelector<HTMLElement>('[role=dialog]') ?? document.getElementById('main')

/** For dialogs: when this one goes away, the focus is again where it was before it came. */
export function useReturnFocus(): void {
  const before = useRef(document.activeElement)
  useEffect(() => {
    const element = before.current
    return () => {
      setTimeout(() => {
        if (!nowhere()) return
        if (element instanceof HTMLElement && element.isConnected) element.focus()
        else around()?.focus()
      })
    }
  }, [])
}

/** For buttons that go away with what they do: the focus does not go with them. To be called by what shows them. */
export function useKeptFocus(group: RefObject<HTMLElement | null>): void {
  const last = useRef<Element | null>(null)
  useEffect(() => {
    const element = group.current
    const remember = (event: FocusEvent) => {
      last.current = event.target instanceof Element ? event.target : null
    }
    element?.addEventListener('focusin', remember)
    return () => element?.removeEventListener('focusin', remember)
  }, [group])
  useLayoutEffect(() => {
    if (last.current === null || last.current.isConnected) return
    last.current = null
    if (nowhere()) around()?.focus()
  })
}
