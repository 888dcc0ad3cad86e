import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useEffect } from 'react'

export const ROW = 38
export const CARD = 98
const HEAD = 36

/** The rows in sight, and always the active one: it may hold the focus. */
export function useRows(options: {
  count: number
  scroller: RefObject<HTMLDivElement | null>
  active: number
  phone: boolean
  cardHeight: number
  /** Of the row at a place: the height of a card goes with its row when the list changes. Kept the same while the list is. */
  keyAt: (index: number) => string | number
  onEnd: (() => void) | undefined
}) {
  const { count, scroller, active, phone, cardHeight, onEnd } = options
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => (phone ? cardHeight : ROW),
    overscan: 12,
    scrollPaddingStart: HEAD,
    getItemKey: options.keyAt,
    rangeExtractor: (range) => {
      const indexes = defaultRangeExtractor(range)
      if (active >= range.count || indexes.includes(active)) return indexes
      return [...indexes, active].sort((a, b) => a - b)
    },
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: the sizes change with the layout
  useEffect(() => virtual.measure(), [phone])
  const last = virtual.range?.endIndex ?? 0
  useEffect(() => {
    if (count > 0 && last >= count - 40) onEnd?.()
  }, [last, count, onEnd])
  return virtual
}
