import { Fragment } from 'react'
import { Status } from '../../parts/Status.tsx'
import type { Finding } from './inside.ts'

/** Findings as facts; what is unusual has a dot, its words say what. */
export function Findings({ findings }: { findings: readonly Finding[] }) {
  return (
    <dl className="facts">
      {findings.map(({ label, values, tone }) => (
        <div key={label} className="fact">
          <dt>{tone === 'plain' ? label : <Status tone={tone}>{label}</Status>}</dt>
          <dd>
            {values.slice(0, MOST).map((value, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the same word may be there twice
              <Fragment key={index}>
                {index > 0 ? <br /> : null}
                <bdi>{value}</bdi>
              </Fragment>
            ))}
            {values.length > MOST ? <span className="muted"> and {values.length - MOST} more</span> : null}
          </dd>
        </div>
      ))}
    </dl>
  )
}

const MOST = 12
