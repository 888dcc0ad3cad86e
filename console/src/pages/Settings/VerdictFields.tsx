import { Checkbox, Dropdown, Field, Input, Option, Radio, RadioGroup } from '@fluentui/react-components'
import type { Policy } from '../../api/types.ts'
import { MODES, THRESHOLDS, UNPARSABLE } from './policies.ts'

type Thresholds = Policy['thresholds']
type Place = keyof typeof UNPARSABLE

export function ModeField(props: {
  mode: Policy['mode']
  disabled: boolean
  onChange: (mode: Policy['mode']) => void
}) {
  return (
    <Field label="What is done with a verdict">
      <RadioGroup
        value={props.mode}
        disabled={props.disabled}
        onChange={(_, data) => {
          const found = MODES.find((m) => m.value === data.value)
          if (found) props.onChange(found.value)
        }}
      >
        {MODES.map((m) => (
          <Radio
            key={m.value}
            value={m.value}
            label={
              <span className="choice">
                <span>{m.label}</span>
                <span className="muted">{m.what}</span>
              </span>
            }
          />
        ))}
      </RadioGroup>
    </Field>
  )
}

/** Points from which a message is convicted; without own ones those of the mode count. */
export function ThresholdFields(props: {
  mode: Policy['mode']
  thresholds: Thresholds
  disabled: boolean
  onChange: (thresholds: Thresholds) => void
}) {
  const { thresholds, mode, disabled, onChange } = props
  const own = THRESHOLDS[mode]
  const wrong = thresholds !== null && thresholds.high < thresholds.suspicious
  const points = (key: 'suspicious' | 'high', label: string) =>
    thresholds ? (
      <Field
        label={label}
        {...(key === 'high' && wrong
          ? { validationState: 'error', validationMessage: 'Not below the first number.' }
          : {})}
      >
        <Input
          type="number"
          className="number"
          min={0.1}
          max={1000}
          step="any"
          value={String(thresholds[key])}
          disabled={disabled}
          contentAfter="points"
          onChange={(_, data) => onChange({ ...thresholds, [key]: Number(data.value) })}
        />
      </Field>
    ) : null
  return (
    <div className="stack-tight">
      <Checkbox
        checked={thresholds !== null}
        disabled={disabled}
        label={`Thresholds of its own (otherwise convicted from ${own.suspicious} points, with high confidence from ${own.high})`}
        onChange={(_, data) => onChange(data.checked ? own : null)}
      />
      {thresholds ? (
        <div className="row indent">
          {points('suspicious', 'Convicted from')}
          {points('high', 'High confidence from')}
        </div>
      ) : null}
    </div>
  )
}

/** Where mail goes that could not be read; `otherwise` names what is done when nothing is chosen. */
export function UnparsableField(props: {
  place: Place | null
  otherwise?: string
  disabled: boolean
  onChange: (place: Place | null) => void
}) {
  const { place, otherwise, disabled, onChange } = props
  return (
    <Field label="Mail that cannot be read">
      <Dropdown
        value={place ? UNPARSABLE[place] : (otherwise ?? '')}
        selectedOptions={[place ?? '']}
        disabled={disabled}
        onOptionSelect={(_, data) => {
          const found = Object.keys(UNPARSABLE).find((key): key is Place => key === data.optionValue)
          if (found || otherwise) onChange(found ?? null)
        }}
      >
        {otherwise ? <Option value="">{otherwise}</Option> : null}
        {Object.entries(UNPARSABLE).map(([key, label]) => (
          <Option key={key} value={key}>
            {label}
          </Option>
        ))}
      </Dropdown>
    </Field>
  )
}
