import { Field, Radio, RadioGroup } from '@fluentui/react-components'

export type FolderGone = 'recreate' | 'inbox'

/** What becomes of a message whose folder is not there any more. */
export const FolderGoneChoice = ({ value, onChange }: { value: FolderGone; onChange: (value: FolderGone) => void }) => (
  <Field label="If the folder of a message is gone">
    <RadioGroup value={value} onChange={(_, data) => onChange(data.value === 'inbox' ? 'inbox' : 'recreate')}>
      <Radio value="recreate" label="Make the folder again" />
      <Radio value="inbox" label="Put the message into the Inbox" />
    </RadioGroup>
  </Field>
)
