import type { Authentication, AuthResult } from '../../api/types.ts'
import { Card, Facts } from '../../parts/Page.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { Status } from '../../parts/Status.tsx'
import { AUTH_RESULT } from '../../words.ts'

const SOURCE = {
  'trusted-header': 'Authentication-Results of a trusted server',
  'own-check': 'Checked here at receipt',
  none: 'Nobody said',
} as const

export function AuthenticationCard({ authentication }: { authentication: Authentication }) {
  const { spf, dkim, dmarc, arc, aligned } = authentication
  return (
    <Card title="Authentication">
      <Facts
        facts={[
          [
            'DMARC',
            <Result key="d" result={dmarc.result} domain={dmarc.domain} more={dmarc.policy && `p=${dmarc.policy}`} />,
          ],
          [
            'DKIM',
            dkim.length === 0 ? (
              <Result key="k" result="none" domain={null} />
            ) : (
              dkim.map((one) => (
                <div key={`${one.domain}-${one.selector}-${one.result}`}>
                  <Result
                    result={one.result}
                    domain={one.domain}
                    more={one.selector && `selector ${one.selector}`}
                    reason={one.reason}
                  />
                </div>
              ))
            ),
          ],
          ['SPF', <Result key="s" result={spf.result} domain={spf.domain} reason={spf.reason} />],
          ['ARC', <Result key="a" result={arc} domain={null} />],
          [
            'Aligned',
            <Status key="l" tone={aligned ? 'good' : 'warn'}>
              {aligned ? 'Yes: the From address is proved' : 'No: the From address is not proved'}
            </Status>,
          ],
          ['Source', SOURCE[authentication.source]],
        ]}
      />
    </Card>
  )
}

interface ResultProps {
  readonly result: AuthResult
  readonly domain: string | null
  readonly more?: string | null
  /** In the words of whoever checked. */
  readonly reason?: string | undefined
}

function Result({ result, domain, more, reason }: ResultProps) {
  const tone = result === 'pass' ? 'good' : result === 'fail' || result === 'permerror' ? 'bad' : 'plain'
  return (
    <>
      <Status tone={tone}>{AUTH_RESULT[result]}</Status> {domain ? <SafeText text={domain} max={200} /> : null}
      {more ? (
        <span className="muted">
          {' '}
          <SafeText text={more} max={100} />
        </span>
      ) : null}
      {reason ? (
        <div className="muted">
          <SafeText text={reason} max={300} />
        </div>
      ) : null}
    </>
  )
}
