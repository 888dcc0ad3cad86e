import { Button, Spinner, Tab, TabList } from '@fluentui/react-components'
import { ArrowDownload20Regular, PersonFeedback20Regular, ShieldTask20Regular } from '@fluentui/react-icons'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { MessageDetail } from '../../api/types.ts'
import { Page } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { visible } from '../../parts/text.ts'
import { TakeAction } from '../../takeAction/TakeAction.tsx'
import { targetsOf } from '../../takeAction/targets.ts'
import { UndoByCauseButton } from '../../undo/UndoByCause.tsx'
import { Analysis } from './Analysis.tsx'
import { Attachments } from './Attachments.tsx'
import { Copies } from './Copies.tsx'
import { useMessage } from './data.ts'
import './entity.css'
import { Headers } from './Headers.tsx'
import { Preview } from './Preview.tsx'
import { ReportDialog } from './ReportDialog.tsx'
import { Similar } from './Similar.tsx'
import { Summary } from './Summary.tsx'
import { Timeline } from './Timeline.tsx'
import { isTab, TABS, type TabKey } from './tabs.ts'
import { Urls } from './Urls.tsx'

/** Everything about one message. */
export function EmailEntity() {
  const { id } = useParams({ from: '/inside/messages/$id' })
  const message = useMessage(id)
  if (message.error)
    return (
      <Page title="Email entity" crumb={<Crumb />}>
        <Problem error={message.error} title="The message cannot be shown" onRetry={() => void message.refetch()} />
      </Page>
    )
  if (!message.data)
    return (
      <Page title="Email entity" crumb={<Crumb />}>
        <Spinner size="small" label="Loading" />
      </Page>
    )
  return <Entity message={message.data} />
}

const Crumb = () => (
  <>
    <Link to="/explorer" search={{}} className="link">
      Explorer
    </Link>
    <span aria-hidden>›</span>
    <span>Email entity</span>
  </>
)

function Entity({ message }: { message: MessageDetail }) {
  const { tab = 'analysis' } = useSearch({ from: '/inside/messages/$id' })
  const navigate = useNavigate({ from: '/messages/$id' })
  const choose = (value: unknown) => {
    if (isTab(value)) void navigate({ search: value === 'analysis' ? {} : { tab: value }, replace: true })
  }
  return (
    <Page
      title={visible(message.subject || '(no subject)', 100)}
      heading={<SafeText text={message.subject} max={160} empty="(no subject)" />}
      crumb={<Crumb />}
      actions={<Actions message={message} />}
    >
      <div className="entity">
        <div className="stack entity-side">
          <Summary message={message} />
          <Similar message={message} />
        </div>
        <div className="stack entity-main">
          <div className="tabs-scroll">
            <TabList selectedValue={tab} onTabSelect={(_, data) => choose(data.value)} aria-label="About this message">
              {TABS.map((key) => (
                <Tab key={key} value={key} id={`tab-${key}`} aria-controls={`panel-${key}`}>
                  {tabLabel(key, message)}
                </Tab>
              ))}
            </TabList>
          </div>
          <div role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`} className="stack">
            {panel(tab, message)}
          </div>
        </div>
      </div>
    </Page>
  )
}

function tabLabel(key: TabKey, message: MessageDetail): string {
  switch (key) {
    case 'analysis':
      return 'Analysis'
    case 'recipients':
      return `Recipients (${message.copies.length})`
    case 'timeline':
      return 'Timeline'
    case 'url':
      return `URL (${message.urlList.length})`
    case 'attachments':
      return `Attachments (${message.attachmentList.length})`
    case 'headers':
      return 'Headers'
    case 'preview':
      return 'Email preview'
  }
}

function panel(tab: TabKey, message: MessageDetail): ReactNode {
  switch (tab) {
    case 'analysis':
      return <Analysis message={message} />
    case 'recipients':
      return <Copies message={message} />
    case 'timeline':
      return <Timeline id={message.id} />
    case 'url':
      return <Urls messageId={message.id} urls={message.urlList} />
    case 'attachments':
      return <Attachments messageId={message.id} attachments={message.attachmentList} />
    case 'headers':
      return <Headers message={message} />
    case 'preview':
      return <Preview id={message.id} />
  }
}

function Actions({ message }: { message: MessageDetail }) {
  const can = useCan()
  const [open, setOpen] = useState<'action' | 'report' | null>(null)
  const close = () => setOpen(null)
  return (
    <>
      {can('remediation.propose') || can('remediation.approve') ? (
        <Button appearance="primary" icon={<ShieldTask20Regular />} onClick={() => setOpen('action')}>
          Take action
        </Button>
      ) : null}
      {message.actions.length > 0 ? (
        <UndoByCauseButton
          text="Undo"
          what="all that was done to this message"
          select={{ messageIds: [message.id] }}
          source="message"
        />
      ) : null}
      {message.copies.some((copy) => copy.latestLocation === 'quarantine') ? (
        <Link to="/quarantine" search={{ messageId: [message.id], received: 'all' }} className="link">
          Go to quarantined email
        </Link>
      ) : null}
      {can('submission.write') ? (
        <Button icon={<PersonFeedback20Regular />} onClick={() => setOpen('report')}>
          Report
        </Button>
      ) : null}
      {can('mail.content') ? (
        <Button as="a" href={`/api/v1/messages/${message.id}/raw`} download icon={<ArrowDownload20Regular />}>
          Download
        </Button>
      ) : null}
      {open === 'action' ? (
        <TakeAction source={{ kind: 'targets', targets: targetsOf([message]) }} onClose={close} onDone={close} />
      ) : null}
      {open === 'report' ? <ReportDialog message={message} onClose={close} /> : null}
    </>
  )
}
