import { Button } from '@fluentui/react-components'
import { Eye20Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import { Card, Empty } from '../../parts/Page.tsx'

/** The message as its reader would see it, in a frame that can neither run nor load anything. */
export function Preview({ id }: { id: string }) {
  const [shown, setShown] = useState(false)
  const can = useCan()
  if (!can('mail.content'))
    return (
      <Empty title="You may not read the content of mail">Ask an administrator for the permission mail.content.</Empty>
    )
  if (!shown)
    return (
      <Card>
        <div className="empty">
          <strong>The content of mail is private</strong>
          <span>
            Each look is recorded in the audit log. Nothing in the message can run, and nothing is loaded from outside.
          </span>
          <Button icon={<Eye20Regular />} onClick={() => setShown(true)}>
            Show preview
          </Button>
        </div>
      </Card>
    )
  return (
    <Card>
      <iframe
        className="preview"
        title="Email preview"
        sandbox=""
        referrerPolicy="no-referrer"
        src={`/preview/${encodeURIComponent(id)}`}
      />
    </Card>
  )
}
