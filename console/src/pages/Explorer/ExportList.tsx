import { Button, Checkbox, MessageBar, MessageBarBody } from '@fluentui/react-components'
import { fileAt, saveFrom } from '../../api/client.ts'
import type { ApiFilter } from '../../api/types.ts'
import { Ask } from '../../parts/Ask.tsx'
import { useKept } from '../../parts/useKept.ts'
import { plural } from '../../words.ts'
import { COLUMN_LABELS, FILE_COLUMNS } from './columnLabels.ts'

/** Lines that the server writes at most, as the original. */
const MOST = 200_000

interface Props {
  readonly filter: ApiFilter
  /** Recipient copies that match; undefined: not counted yet. */
  readonly total: number | undefined
  readonly onClose: () => void
}

/** The list as a file, with columns that are remembered. */
export function ExportList({ filter, total, onClose }: Props) {
  const [columns, keep] = useKept('explorer.export', FILE_COLUMNS, FILE_COLUMNS)
  const save = () => {
    const all = columns.length === FILE_COLUMNS.length
    saveFrom(fileAt('/messages.csv', { ...filter, ...(all ? {} : { columns }) }), 'Email.csv')
    onClose()
  }
  return (
    <Ask
      title="Export email list"
      yes="Export"
      busy={false}
      blocked={columns.length === 0}
      error={null}
      onYes={save}
      onClose={onClose}
    >
      <p>
        A CSV file with a line for each recipient copy that matches, newest first
        {total === undefined ? '' : `: ${plural(Math.min(total, MOST), 'line')}`}. At most {MOST.toLocaleString()} are
        written.
      </p>
      {total !== undefined && total > MOST ? (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody className="wrap">
            {plural(total, 'copy matches', 'copies match')}: the older ones are left out. A narrower filter or time has
            all of them.
          </MessageBarBody>
        </MessageBar>
      ) : null}
      <fieldset className="bare">
        <legend>Columns</legend>
        <div className="export-columns">
          {FILE_COLUMNS.map((id) => (
            <Checkbox
              key={id}
              label={COLUMN_LABELS[id]}
              checked={columns.includes(id)}
              onChange={(_, data) => keep(data.checked ? [...columns, id] : columns.filter((c) => c !== id))}
            />
          ))}
        </div>
      </fieldset>
      <div>
        <Button size="small" appearance="subtle" onClick={() => keep(null)}>
          All columns
        </Button>
      </div>
    </Ask>
  )
}
