import { MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { useState } from 'react'
import type { ActionDetail, ResultClass } from '../../api/types.ts'
import { Card } from '../../parts/Page.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import '../../takeAction/takeAction.css'
import './action.css'
import { ActionFacts } from './ActionFacts.tsx'
import { Items } from './Items.tsx'
import { Results } from './Results.tsx'

/** What there is to know of an action: on its page, and in the flyout of the list. */
export function ActionBody({ action, narrow = false }: { action: ActionDetail; narrow?: boolean }) {
  const [cls, setCls] = useState<ResultClass | null>(null)
  const copies = action.kind !== 'submit' && action.kind !== 'list-entry'
  return (
    <div className="stack">
      {action.problem ? (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody className="wrap">
            <MessageBarTitle>It does not go on</MessageBarTitle>
            <SafeText text={action.problem} max={1000} />
          </MessageBarBody>
        </MessageBar>
      ) : null}
      {action.expiring ? (
        <MessageBar intent="warning">
          <MessageBarBody>It expires within a day if nobody decides.</MessageBarBody>
        </MessageBar>
      ) : null}
      <div className={narrow ? 'stack' : 'action-top'}>
        {copies ? (
          <Card title="Results">
            <Results action={action} chosen={cls} onChoose={setCls} />
          </Card>
        ) : null}
        <Card title="Details">
          <ActionFacts action={action} />
        </Card>
      </div>
      {copies ? <Items action={action} cls={cls} onClass={setCls} /> : null}
    </div>
  )
}
