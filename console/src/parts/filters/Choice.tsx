import { Dropdown, Option } from '@fluentui/react-components'
import './filters.css'

/** One of a few, as a dropdown in a bar of filters. */
export function Choice(props: {
  label: string
  value: string
  options: Readonly<Record<string, string>>
  onChoose: (key: string) => void
}) {
  return (
    <Dropdown
      className="range"
      aria-label={props.label}
      value={props.options[props.value] ?? ''}
      selectedOptions={[props.value]}
      onOptionSelect={(_, data) => {
        if (data.optionValue !== undefined) props.onChoose(data.optionValue)
      }}
    >
      {Object.entries(props.options).map(([key, label]) => (
        <Option key={key} value={key}>
          {label}
        </Option>
      ))}
    </Dropdown>
  )
}
