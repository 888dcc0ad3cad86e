import { Button, Spinner, Tab, TabList, Toolbar } from '@fluentui/react-components'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import type { HeldRecipient, MessageDetail, QuarantineRow } from '../../api/types.ts'
import { ItemFlyout } from '../../parts/ItemFlyout.tsx'
import { Card, Facts } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ScrollRegion } from '../../parts/ScrollRegion.tsx'
import { Time } from '../../parts/Time.tsx'
import { bytes, visible } from '../../parts/text.ts'
import { useCopy } from '../../parts/useCopy.ts'
import { DIRECTION, POLICY_TYPE, TECHNOLOGY, wordFor } from '../../words.ts'
import { AuthenticationCard } from '../EmailEntity/AuthenticationCard.tsx'
import { useMessage } from '../EmailEntity/data.ts'
import '../EmailEntity/entity.css'
import { Headers } from '../EmailEntity/Headers.tsx'
import { Preview } from '../EmailEntity/Preview.tsx'
import { ReasonStatus, RecipientStatus } from './columns.tsx'
import { useHeldMessage } from './data.ts'

interface Props {
  readonly id: string
  /** The buttons for this message, when it is known. */
  readonly actions: (row: QuarantineRow) => ReactNode
  readonly previous: string | null
  readonly next: string | null
  readonly onGo: (id: string) => void
  readonly onClose: () => void
}

type Part = 'details' | 'headers' | 'preview'

/** The flyout of one message: why it is held, until when, what became of each copy; its headers, and a safe look at it. */
export function Details({ id, actions, ...steps }: Props) {
  const [part, setPart] = useState<Part>('details')
  const held = useHeldMessage(id)
  const message = useMessage(id)
  const row = held.data
  return (
    <ItemFlyout
      {...steps}
      label="Details of the message"
      title={row ? <SafeText text={row.subject} max={200} empty="(no subject)" /> : 'Quarantined message'}
      toolbar={
        <>
          {row ? (
            <Toolbar aria-label="This message" className="list-bar held-actions">
              {actions(row)}
            </Toolbar>
          ) : null}
          <div className="tabs-scroll">
            <TabList
              aria-label="Parts"
              size="small"
              selectedValue={part}
              onTabSelect={(_, data) =>
                setPart(data.value === 'headers' || data.value === 'preview' ? data.value : 'details')
              }
            >
              <Tab value="details">Details</Tab>
              <Tab value="headers">Message headers</Tab>
              <Tab value="preview">Preview</Tab>
            </TabList>
          </div>
        </>
      }
    >
      <div className="stack held-details">
        {held.error ? <Problem error={held.error} onRetry={() => void held.refetch()} /> : null}
        {message.error ? <Problem error={message.error} onRetry={() => void message.refetch()} /> : null}
        {held.isPending || message.isPending ? <Spinner size="small" label="Loading" /> : null}
        {part === 'details' && row ? <Quarantined row={row} message={message.data} /> : null}
        {part === 'headers' && message.data ? <MessageHeaders message={message.data} /> : null}
        {part === 'preview' ? <Preview key={id} id={id} /> : null}
      </div>
    </ItemFlyout>
  )
}

function MessageHeaders({ message }: { message: MessageDetail }) {
  const { says, copy } = useCopy()
  const text = message.headers.map((h) => `${h.name}: ${h.value}`).join('\r\n')
  return (
    <>
      <div className="row">
        <Button size="small" onClick={() => copy(text)}>
          Copy message header
        </Button>
        <span role="status">{says}</span>
      </div>
      <Headers message={message} />
    </>
  )
}

const names = (recipients: readonly HeldRecipient[]) =>
  recipients.length === 0 ? (
    <span className="muted">–</span>
  ) : (
    <bdi>{visible(recipients.map((r) => r.address).join(', '), 2000)}</bdi>
  )

function Quarantined({ row, message }: { row: QuarantineRow; message: MessageDetail | undefined }) {
  const waiting = row.recipients.filter((r) => r.status === 'needs-review' || r.status === 'denied')
  const released = row.recipients.filter((r) => r.status === 'released')
  const by = [...new Set(released.flatMap((r) => r.releasedBy ?? []))]
  return (
    <>
      <Card title="Quarantine details">
        <Facts
          facts={[
            ['Received', <Time key="r" at={row.receivedAt} seconds />],
            ['Expires', <Time key="e" at={row.expiresAt} seconds />],
            ['Quarantine reason', <ReasonStatus key="q" reason={row.reason} />],
            ['Policy type', wordFor(POLICY_TYPE, row.policyType)],
            ['Policy name', <SafeText key="p" text={row.policyName} />],
            ['Sender address override', override(message)],
            ['Not yet released to', names(waiting)],
            ['Released to', names(released)],
            [
              'Released by',
              by.length > 0 ? <SafeText key="b" text={by.join(', ')} max={300} /> : <SafeText key="b" text={null} />,
            ],
          ]}
        />
      </Card>
      <Card title="Recipients">
        <ScrollRegion label="Recipients">
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">Recipient</th>
                <th scope="col">Release status</th>
                <th scope="col">Since</th>
                <th scope="col">By</th>
                <th scope="col">Expires</th>
              </tr>
            </thead>
            <tbody>
              {row.recipients.map((r) => (
                <tr key={r.deliveryId}>
                  <td>
                    <SafeText text={r.address} max={120} />
                    {r.recipient.toLowerCase() === r.address.toLowerCase() ? null : (
                      <div className="muted">
                        sent to <SafeText text={r.recipient} max={120} />
                      </div>
                    )}
                    {r.taken ? <div className="muted">taken from the mailbox</div> : null}
                  </td>
                  <td>
                    <RecipientStatus status={r.status} />
                  </td>
                  <td>
                    <Time at={r.statusAt} />
                  </td>
                  <td>
                    <SafeText text={r.statusBy} max={80} />
                  </td>
                  <td>
                    <Time at={r.expiresAt} />
                    {r.extendedBy ? (
                      <div className="muted">
                        extended by <SafeText text={r.extendedBy} max={60} />
                      </div>
                    ) : null}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      </Card>
      {message ? (
        <>
          <Card title="Why it is held">
            <ul className="sentences">
              {message.verdict.because.map((text) => (
                <li key={text}>
                  <SafeText text={text} max={600} />
                </li>
              ))}
            </ul>
          </Card>
          <EmailFacts row={row} message={message} />
          <AuthenticationCard authentication={message.authentication} />
        </>
      ) : null}
    </>
  )
}

function override(message: MessageDetail | undefined): string {
  const blocked = message?.verdict.overrides.some(
    (o) => o.applied && o.action === 'block' && o.entity.kind.startsWith('sender'),
  )
  return blocked ? 'Message sender is blocked by administrator settings' : 'None'
}

function EmailFacts({ row, message }: { row: QuarantineRow; message: MessageDetail }) {
  return (
    <Card
      title="Email details"
      actions={
        <Link to="/messages/$id" params={{ id: row.messageId }} className="link">
          Open email entity
        </Link>
      }
    >
      <Facts
        facts={[
          ['Sender', <SafeText key="s" text={row.sender} />],
          ['Sender name', <SafeText key="n" text={row.senderName} />],
          ['Return path', <SafeText key="m" text={message.mailFrom} />],
          ['Sender IP', <SafeText key="i" text={message.clientIp} />],
          ['Mail direction', wordFor(DIRECTION, row.direction)],
          ['Detection technology', wordFor(TECHNOLOGY, message.technology)],
          [
            'Network message ID',
            <span key="nm" className="mono wrap">
              {row.messageId}
            </span>,
          ],
          ['Internet message ID', <SafeText key="im" text={row.internetMessageId} />],
          ['URLs', String(message.urls)],
          [
            'Attachments',
            message.attachmentList.length === 0 ? (
              '0'
            ) : (
              <bdi key="a">{visible(message.attachmentList.map((a) => a.name).join(', '), 500)}</bdi>
            ),
          ],
          ['Message size', bytes(row.size)],
        ]}
      />
    </Card>
  )
}
