import type { Address, MessageDetail } from '../../api/types.ts'
import { Card, Facts } from '../../parts/Page.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ScrollRegion } from '../../parts/ScrollRegion.tsx'
import { visible, visibleLines } from '../../parts/text.ts'

/** Addresses as shown, as sent and as written; then every header line. */
export function Headers({ message }: { message: MessageDetail }) {
  const text = visibleLines(message.headers.map((line) => `${line.name}: ${line.value}`).join('\n'))
  return (
    <>
      <Card title="Addresses">
        <Facts
          facts={[
            ['From', <Addresses key="f" list={message.from} />],
            message.sender ? ['Sender', <Addresses key="s" list={[message.sender]} />] : null,
            message.replyTo.length > 0 ? ['Reply-To', <Addresses key="r" list={message.replyTo} />] : null,
            ['To', <Addresses key="t" list={message.to} />],
            message.cc.length > 0 ? ['Cc', <Addresses key="c" list={message.cc} />] : null,
            ['Return-Path', <SafeText key="p" text={message.returnPath} />],
            ...FINGERPRINTS.map(
              ([key, label]) =>
                [
                  label,
                  <span key={key} className="mono">
                    {message.fingerprints[key] ?? '–'}
                  </span>,
                ] as const,
            ),
          ]}
        />
      </Card>
      <Card title="Plain-text email header">
        <ScrollRegion label="Plain-text email header" className="source-box">
          <pre className="source">
            <bdi>{text}</bdi>
          </pre>
        </ScrollRegion>
      </Card>
    </>
  )
}

const FINGERPRINTS = [
  ['subject', 'Subject fingerprint'],
  ['body', 'Body fingerprint'],
  ['structure', 'Structure fingerprint'],
  ['urls', 'URL fingerprint'],
  ['image', 'Picture fingerprint'],
] as const

/** Characters of a list of addresses; the first one is shown however long it is. */
const MAX = 5_000

function shownOf(list: readonly Address[]): readonly Address[] {
  let length = 0
  const cut = list.findIndex((one) => {
    length += (one.name?.length ?? 0) + (one.address ?? one.raw).length
    return length > MAX
  })
  return cut === -1 ? list : list.slice(0, Math.max(1, cut))
}

function Addresses({ list }: { list: readonly Address[] }) {
  if (list.length === 0) return <span className="muted">–</span>
  const shown = shownOf(list)
  return (
    <>
      {shown.map((one, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one address may stand there twice, and none of them changes
        <div key={i}>
          {one.name ? (
            <>
              <bdi>{visible(one.name, 120)}</bdi>{' '}
            </>
          ) : null}
          {one.address ? (
            <span className="muted">
              &lt;<bdi>{visible(one.address, 200)}</bdi>&gt;
            </span>
          ) : (
            <span>
              <span className="muted">unreadable: </span>
              <SafeText text={one.raw} max={200} />
            </span>
          )}
        </div>
      ))}
      {list.length > shown.length ? <span className="muted">and {list.length - shown.length} more</span> : null}
    </>
  )
}
