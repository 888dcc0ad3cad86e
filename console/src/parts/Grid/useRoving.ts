import { type KeyboardEvent, type RefObject, useCallback, useRef, useState } from 'react'

const PAGE = 12

/** One tab stop for the whole grid: which row has it, and the keys that move it. */
export function useRoving(options: {
  count: number
  scroller: RefObject<HTMLDivElement | null>
  toggle: (index: number, range: boolean) => void
  selectAll: () => void
  open: (index: number) => void
}) {
  const [chosen, setActive] = useState(0)
  const active = Math.min(chosen, Math.max(options.count - 1, 0))
  const scrollTo = useRef<(index: number) => void>(() => undefined)

  const go = (index: number) => {
    const next = Math.max(0, Math.min(options.count - 1, index))
    setActive(next)
    scrollTo.current(next)
    focusRow(options.scroller.current, next, 8)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (!(event.target instanceof Element) || !event.target.matches('[role=row]')) return
    const moves: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + PAGE,
      PageUp: active - PAGE,
      Home: 0,
      End: options.count - 1,
    }
    const to = moves[event.key]
    if (to !== undefined) go(to)
    else if (event.key === ' ') options.toggle(active, event.shiftKey)
    else if (event.key === 'Enter') options.open(active)
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) options.selectAll()
    else return
    event.preventDefault()
  }
  return { active, setActive: useCallback((index: number) => setActive(index), []), onKeyDown, scrollTo }
}

/** The row may not be in the page before the scroll has been drawn: tries for a few frames. */
function focusRow(scroller: HTMLElement | null, index: number, frames: number): void {
  requestAnimationFrame(() => {
    const row = scroller?.querySelector<HTMLElement>(`[data-index="${index}"]`)
    if (row) row.focus({ preventScroll: true })
    else if (frames > 0) focusRow(scroller, index, frames - 1)
  })
}
