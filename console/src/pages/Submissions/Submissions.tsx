import { Button, Tab, TabList } from '@fluentui/react-components'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { SubmissionRow } from '../../api/types.ts'
import { Grid } from '../../parts/Grid/Grid.tsx'
import type { GridColumn } from '../../parts/Grid/types.ts'
import { Empty, Page } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { Status } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { visible } from '../../parts/text.ts'
import { THREAT } from '../../words.ts'
import { useSubmissions } from './data.ts'
import { type SubmissionSearch, TABS } from './search.ts'

const COLUMNS: readonly GridColumn<SubmissionRow>[] = [
  {
    id: 'at',
    header: 'Date submitted',
    width: '134px',
    phone: 'detail',
    sort: 'descending',
    cell: (s) => <Time at={s.createdAt} />,
  },
  {
    id: 'subject',
    header: 'Subject',
    width: 'minmax(200px, 2fr)',
    phone: 'title',
    cell: (s) => (
      <Link to="/messages/$id" params={{ id: s.messageId }} search={{}} className="link" tabIndex={-1}>
        <SafeText text={s.subject} max={200} empty="(no subject)" />
      </Link>
    ),
  },
  {
    id: 'opinion',
    header: 'Reason for submitting',
    width: '240px',
    phone: 'detail',
    cell: (s) =>
      s.opinion === 'should-have-been-blocked' ? (
        <Status tone="bad">Should have been blocked{s.threat ? ` (${THREAT[s.threat].toLowerCase()})` : ''}</Status>
      ) : (
        <Status tone="good">Should not have been blocked</Status>
      ),
  },
  {
    id: 'result',
    header: 'Result',
    width: 'minmax(160px, 1.4fr)',
    phone: 'detail',
    cell: (s) => (
      <span title={visible(s.resultDetail, 600)}>
        <SafeText text={s.result} max={160} />
      </span>
    ),
  },
  {
    id: 'as',
    header: 'Submitted as',
    width: '116px',
    phone: 'none',
    cell: (s) => (s.as === 'analyst' ? 'Analyst' : 'User report'),
  },
  {
    id: 'by',
    header: 'Submitted by',
    width: 'minmax(120px, 1fr)',
    phone: 'detail',
    cell: (s) => <SafeText text={s.by} max={120} />,
  },
  {
    id: 'reason',
    header: 'Why',
    width: 'minmax(140px, 1.4fr)',
    phone: 'none',
    cell: (s) => <SafeText text={s.reason} max={300} />,
  },
]
const idOf = (row: SubmissionRow) => row.id
const nameOf = (row: SubmissionRow) => visible(row.subject || '(no subject)', 80)

/** What people said about messages. */
export function Submissions() {
  const search = useSearch({ from: '/inside/submissions' })
  const submissions = useSubmissions(search)
  const navigate = useNavigate()
  const show = (next: SubmissionSearch) => void navigate({ to: '/submissions', search: next })
  return (
    <Page
      title="Submissions"
      note="Reports of users and submissions of analysts: what should, or should not, have been blocked."
      fill
    >
      {search.id === undefined ? (
        <div className="tabs-scroll">
          <TabList
            aria-label="Show submissions"
            selectedValue={search.as ?? 'all'}
            onTabSelect={(_, { value }) => show(value === 'user' || value === 'analyst' ? { as: value } : {})}
          >
            {Object.entries(TABS).map(([value, name]) => (
              <Tab key={value} value={value}>
                {name}
              </Tab>
            ))}
          </TabList>
        </div>
      ) : (
        <div className="row">
          <span>One submission is shown.</span>
          <Button size="small" onClick={() => show({})}>
            Show all
          </Button>
        </div>
      )}
      {submissions.error ? <Problem error={submissions.error} onRetry={submissions.reload} /> : null}
      <Grid
        label="Submissions"
        rows={submissions.rows}
        columns={COLUMNS}
        rowId={idOf}
        rowName={nameOf}
        onOpen={(row) => void navigate({ to: '/messages/$id', params: { id: row.messageId }, search: {} })}
        onEnd={submissions.loadMore}
        total={submissions.more ? undefined : submissions.rows.length}
        loading={submissions.loading}
        stale={submissions.stale}
        empty={
          search.id !== undefined || search.as !== undefined ? (
            <Empty title="Nothing like this was reported">Show all of them.</Empty>
          ) : (
            <Empty title="Nothing was reported">Open a message and choose Report.</Empty>
          )
        }
      />
    </Page>
  )
}
