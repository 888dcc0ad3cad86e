import { Link } from '@tanstack/react-router'
import type { MessageDetail } from '../../api/types.ts'
import { Card, Facts } from '../../parts/Page.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { DeliveryStatus, placeName, ThreatStatus } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { bytes, visible } from '../../parts/text.ts'
import { DIRECTIONALITY, TECHNOLOGY, wordFor } from '../../words.ts'

/** The constant pane: what was found, where the copies are, who sent it. */
export function Summary({ message }: { message: MessageDetail }) {
  const applied = message.verdict.overrides.filter((override) => override.applied)
  return (
    <>
      <Card title="Detection details">
        <Facts
          facts={[
            ['Threat', <ThreatStatus key="t" threat={message.threat} />],
            ['Detection technology', wordFor(TECHNOLOGY, message.technology)],
            [
              'Delivery action',
              <Tally
                key="a"
                values={message.copies.map((c) => c.action)}
                show={(a) => <DeliveryStatus action={a} />}
              />,
            ],
            [
              'Original location',
              <Tally key="o" values={message.copies.map((c) => placeName(c.originalLocation, null))} show={(p) => p} />,
            ],
            [
              'Latest location',
              <Tally
                key="l"
                values={message.copies.map((c) => placeName(c.latestLocation, c.latestFolder))}
                show={(p) => visible(p, 60)}
              />,
            ],
            [
              'Primary override',
              applied[0] ? `${applied[0].action === 'allow' ? 'Allowed' : 'Blocked'} by organization policy` : 'None',
            ],
          ]}
        />
      </Card>
      <Card title="Email details">
        <Facts
          facts={[
            ['Sender', <Sender key="s" message={message} />],
            ['Recipients', <Recipients key="r" message={message} />],
            ['Came by', <CameBy key="c" source={message.source} />],
            ['Received', <Time key="d" at={message.receivedAt} seconds />],
            ['Directionality', wordFor(DIRECTIONALITY, message.direction)],
            ['Sender IP', <SafeText key="i" text={message.clientIp} />],
            ['Mail from', <SafeText key="m" text={message.mailFrom} />],
            ['Size', bytes(message.size)],
            ['Internet message ID', <SafeText key="im" text={message.internetMessageId} max={200} />],
            [
              'Network message ID',
              <span key="nm" className="mono">
                {message.id}
              </span>,
            ],
          ]}
        />
      </Card>
    </>
  )
}

const SOURCE = { gateway: 'Gateway', import: 'Import', mailbox: 'Found in a mailbox' } as const

/** What a watched mailbox held was delivered past us and judged where it lay. */
function CameBy({ source }: Pick<MessageDetail, 'source'>) {
  return (
    <>
      {SOURCE[source]}
      {source === 'mailbox' ? (
        <div className="muted small">Delivered by somebody else, and judged where it lay</div>
      ) : null}
    </>
  )
}

function Sender({ message }: { message: MessageDetail }) {
  return (
    <>
      <SafeText text={message.senderName} max={120} empty="" />
      {message.senderName ? <br /> : null}
      {message.senderAddress ? (
        <Link to="/explorer" search={{ sender: [message.senderAddress] }} className="link">
          <SafeText text={message.senderAddress} max={200} />
        </Link>
      ) : (
        <span className="muted">No readable address</span>
      )}
    </>
  )
}

function Recipients({ message }: { message: MessageDetail }) {
  const first = message.copies.slice(0, 3)
  return (
    <>
      {first.map((copy) => (
        <div key={copy.id}>
          <SafeText text={copy.recipient} max={120} />
        </div>
      ))}
      {message.copies.length > 3 ? <span className="muted">and {message.copies.length - 3} more</span> : null}
    </>
  )
}

/** Each value with how many copies have it, the commonest first. */
function Tally<V extends string>({ values, show }: { values: readonly V[]; show: (value: V) => React.ReactNode }) {
  const counts = [...Map.groupBy(values, (v) => v)].map(([value, all]) => [value, all.length] as const)
  counts.sort((a, b) => b[1] - a[1])
  if (counts.length === 0) return <span className="muted">–</span>
  return counts.map(([value, count]) => (
    <div key={value}>
      {show(value)}
      {values.length > 1 ? <span className="muted"> × {count}</span> : null}
    </div>
  ))
}
