import { type ReactNode, useEffect } from 'react'
import './signIn.css'

/** The card that people see before they are signed in. */
export function Front({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} – Recourse`
  }, [title])
  return (
    <main className="front">
      <div className="front-card">
        <div className="brand front-brand">
          <img src="/favicon.svg" alt="" />
          Recourse
        </div>
        <h1>{title}</h1>
        {note ? <p className="muted">{note}</p> : null}
        {children}
      </div>
    </main>
  )
}
