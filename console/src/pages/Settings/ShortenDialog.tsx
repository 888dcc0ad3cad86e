import { Spinner } from '@fluentui/react-components'
import type { Retention, RetentionEffect } from '../../api/types.ts'
import { Ask } from '../../parts/Ask.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { plural } from '../../words.ts'
import { useRetentionEffect } from './data.ts'

/** What a shortening would end by now, counted by the server before it is saved. */
export function ShortenDialog(props: { draft: Retention; busy: boolean; onYes: () => void; onClose: () => void }) {
  const { draft, busy, onYes, onClose } = props
  const effect = useRetentionEffect(draft)
  const lines = effect.data ? linesOf(effect.data) : []
  return (
    <Ask
      title="Shorten the retention?"
      yes={lines.length > 0 ? 'Save and let it end' : 'Save'}
      busy={busy}
      blocked={!effect.data}
      error={null}
      onYes={onYes}
      onClose={onClose}
    >
      {effect.error ? <Problem error={effect.error} onRetry={() => void effect.refetch()} /> : null}
      {effect.isFetching && !effect.data ? <Spinner size="small" label="Counting" /> : null}
      {effect.data ? (
        lines.length > 0 ? (
          <>
            <span>With the shorter days the time of these is over already. They end within about fifteen minutes:</span>
            <ul className="sentences" aria-label="What ends">
              {lines.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
            <strong>What has ended cannot be brought back; making the days longer again does not help.</strong>
          </>
        ) : (
          <span>Nothing that is kept now ends by this. From now on everything ends earlier.</span>
        )
      ) : null}
    </Ask>
  )
}

function linesOf({ ends }: RetentionEffect): string[] {
  const line = (count: number, text: string) => (count > 0 ? [text] : [])
  return [
    ...line(
      ends.softDeleted,
      `${plural(ends.softDeleted, 'soft-deleted copy', 'soft-deleted copies')}: no undo, no recovery by the user`,
    ),
    ...line(ends.hardDeleted, `${plural(ends.hardDeleted, 'hard-deleted copy', 'hard-deleted copies')}: no undo`),
    ...line(ends.clean, `${plural(ends.clean, 'clean message')}: no preview, no download; mailboxes keep their copies`),
  ]
}
