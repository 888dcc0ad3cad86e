import { type ReactNode, useEffect } from 'react'

/** Heading, one line about the page, its actions at the right, and what follows. */
export function Page({
  title,
  heading,
  note,
  crumb,
  actions,
  fill = false,
  children,
}: {
  title: string
  heading?: ReactNode
  note?: ReactNode
  crumb?: ReactNode
  actions?: ReactNode
  fill?: boolean
  children: ReactNode
}) {
  useEffect(() => {
    document.title = `${title.slice(0, 120)} – Recourse`
  }, [title])
  return (
    <div className={fill ? 'page fill' : 'page'}>
      <div className="page-head">
        <div className="grow">
          {crumb ? (
            <nav className="crumb" aria-label="Breadcrumb">
              {crumb}
            </nav>
          ) : null}
          <h1>{heading ?? title}</h1>
          {note ? <div className="page-note">{note}</div> : null}
        </div>
        {actions ? <div className="row">{actions}</div> : null}
      </div>
      {children}
    </div>
  )
}

export function Card({ title, actions, children }: { title?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="card">
      {title ? (
        <div className="card-head">
          <h2 className="grow">{title}</h2>
          {actions}
        </div>
      ) : null}
      <div className="card-body">{children}</div>
    </section>
  )
}

export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode] | null)[] }) {
  return (
    <dl className="facts">
      {facts.map((fact) =>
        fact ? (
          <div key={fact[0]} className="fact">
            <dt>{fact[0]}</dt>
            <dd>{fact[1]}</dd>
          </div>
        ) : null,
      )}
    </dl>
  )
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <strong>{title}</strong>
      {children ? <span>{children}</span> : null}
    </div>
  )
}
