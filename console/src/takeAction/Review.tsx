import { MessageBar, MessageBarBody, Spinner } from '@fluentui/react-components'
import type { Reason, TakePreview, TakeWish } from '../api/types.ts'
import { NeedsApproval } from '../parts/NeedsApproval.tsx'
import { Facts } from '../parts/Page.tsx'
import { Problem } from '../parts/Problem.tsx'
import { Time } from '../parts/Time.tsx'
import { visible } from '../parts/text.ts'
import { actionLabel, ENTRY_KIND, othersLine, plural, reasonsIn, SEVERITY, wordFor } from '../words.ts'
import { usePreview } from './data.ts'
import type { Choice } from './fit.ts'

/** What will happen, counted by the server; execution looks again at each mailbox. */
export function Review({ choice, wish, problem }: { choice: Choice | null; wish: TakeWish; problem: unknown }) {
  const preview = usePreview(wish)
  return (
    <div className="stack">
      {problem ? <Problem error={problem} title="The action was not submitted" /> : null}
      {preview.error ? (
        <Problem error={preview.error} title="The preview failed" onRetry={() => void preview.refetch()} />
      ) : null}
      {preview.isPending ? <Spinner size="small" label="Counting" /> : null}
      {preview.data ? <PreviewView preview={preview.data} /> : null}
      <Facts
        facts={[
          choice ? ['Action', actionLabel(choice.kind, choice.target)] : null,
          ['Name', <bdi key="name">{visible(wish.name ?? '', 200)}</bdi>],
          wish.severity ? ['Severity', wordFor(SEVERITY, wish.severity)] : null,
          wish.description ? ['Description', <bdi key="why">{visible(wish.description, 2000)}</bdi>] : null,
        ]}
      />
    </div>
  )
}

function PreviewView({ preview }: { preview: TakePreview }) {
  const { refused, approval, submit, entries } = preview
  return (
    <div className="stack">
      {refused ? (
        <MessageBar intent="error" layout="multiline">
          <MessageBarBody className="wrap">
            {refused.message} {refused.cure}
          </MessageBarBody>
        </MessageBar>
      ) : null}
      {preview.actions.map((planned) => (
        <Planned key={`${planned.kind} ${planned.target}`} planned={planned} />
      ))}
      {preview.others ? <p className="plan-line">{othersLine(preview.others)}</p> : null}
      {submit ? (
        <p className="plan-line">{`${plural(submit.messages, 'message is', 'messages are')} submitted as ${submit.as}.`}</p>
      ) : null}
      {entries.length > 0 ? (
        <section className="stack-tight" aria-label="Entries">
          <strong>{plural(entries.length, 'entry is', 'entries are')} made</strong>
          <ul className="sentences">
            {entries.map((entry) => (
              <li key={`${entry.kind} ${entry.value}`}>
                {entry.action === 'block' ? 'Block' : 'Allow'} {wordFor(ENTRY_KIND, entry.kind).toLowerCase()}{' '}
                <bdi>{visible(entry.value, 120)}</bdi>
                {entry.expiresAt ? (
                  <>
                    , until <Time at={entry.expiresAt} />
                  </>
                ) : null}
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <NeedsApproval approval={approval} />
      <p className="muted">
        Recorded state of <Time at={preview.at} seconds />. Each mailbox is read again before anything is moved.
      </p>
    </div>
  )
}

type PlannedAction = TakePreview['actions'][number]

function Planned({ planned }: { planned: PlannedAction }) {
  const impossible = planned.impossible.reduce((sum, r) => sum + r.count, 0)
  return (
    <div className="stack">
      <p className="plan-line">{sentence(planned, impossible)}</p>
      <ul className="plain counts" aria-label="Copies by what will happen">
        <Count label="will be acted on" value={planned.copies} tone="info" />
        <Count label="already there" value={planned.alreadyThere} />
        <Count label="place unknown" value={planned.notFound} tone={planned.notFound > 0 ? 'warn' : 'plain'} />
        <Count label="cannot be acted on" value={impossible} tone={impossible > 0 ? 'warn' : 'plain'} />
      </ul>
      {planned.senderCopies > 0 ? (
        <p className="muted">{plural(planned.senderCopies, 'sender’s copy', 'senders’ copies')} in Sent among them.</p>
      ) : null}
      <Reasons title="Cannot be acted on" reasons={planned.impossible} />
      <Reasons title="Cannot be undone exactly afterwards" reasons={planned.notExact} />
      {planned.byFolder.length > 0 ? (
        <Facts
          facts={planned.byFolder
            .slice(0, 12)
            .map((f) => [`From ${visible(f.folder, 60)}`, plural(f.count, 'copy', 'copies')] as const)}
        />
      ) : null}
    </div>
  )
}

const VERB: Record<Choice['kind'], string> = {
  move: 'moved in',
  'soft-delete': 'soft deleted from',
  'hard-delete': 'hard deleted from',
  quarantine: 'taken to quarantine from',
  release: 'released to',
}

/** "214 copies of 3 messages are released to 214 mailboxes, 3 cannot: account gone." */
function sentence(planned: PlannedAction, cannot: number): string {
  const head = `${plural(planned.copies, 'copy', 'copies')} of ${plural(planned.messages, 'message')} ${planned.copies === 1 ? 'is' : 'are'} ${VERB[planned.kind]} ${plural(planned.mailboxes, 'mailbox', 'mailboxes')}`
  return cannot > 0 ? `${head}, ${cannot} cannot: ${reasonsIn(planned.impossible)}.` : `${head}.`
}

export function Count({ label, value, tone = 'plain' }: { label: string; value: number; tone?: string }) {
  return (
    <li className={`count ${tone}`}>
      <strong>{value.toLocaleString()}</strong>
      <span>{label}</span>
    </li>
  )
}

export function Reasons({ title, reasons }: { title: string; reasons: readonly Reason[] }) {
  if (reasons.length === 0) return null
  return (
    <section className="stack-tight" aria-label={title}>
      <strong>{title}</strong>
      <ul className="sentences">
        {reasons.map((r) => (
          <li key={r.reason}>
            {r.count.toLocaleString()} × {r.reason}
          </li>
        ))}
      </ul>
    </section>
  )
}
