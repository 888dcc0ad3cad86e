import type { ReactNode } from 'react'

/** What is wider than the page scrolls here, not the page; the keyboard can reach it to scroll. */
export function ScrollRegion({
  label,
  className,
  children,
}: {
  label: string
  className?: string
  children: ReactNode
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section aria-label={label} tabIndex={0} className={`scroll-x ${className ?? ''}`}>
      {children}
    </section>
  )
}
