import { MessageBar, MessageBarBody } from '@fluentui/react-components'

/** Of a preview: that it will wait for other people, and why. */
export function NeedsApproval({ approval }: { approval: { readonly needed: number; readonly why: string | null } }) {
  if (approval.needed === 0) return null
  return (
    <MessageBar intent="info" layout="multiline">
      <MessageBarBody className="wrap">
        It waits in the Action center until {approval.needed === 1 ? 'somebody approves' : 'two people approve'} it
        {approval.why ? `: ${approval.why}` : '.'}
      </MessageBarBody>
    </MessageBar>
  )
}
