import { Button, Checkbox, Field, Input, Radio, RadioGroup, Select } from '@fluentui/react-components'
import { Dismiss12Regular } from '@fluentui/react-icons'
import { useId, useState } from 'react'
import { visible } from '../text.ts'
import { type Condition, type Operator, TEXT } from './conditions.ts'
import { wordOf } from './FilterChip.tsx'

interface Props<K extends string> {
  readonly condition: Condition<K>
  readonly operators: readonly Operator<K>[]
  readonly wrong: string | undefined
  readonly onChange: (operator: Operator<K>, values: readonly string[]) => void
  readonly onDone: () => void
}

/** Operator and values of one condition. */
export function ChipEditor<K extends string>({ condition, operators, wrong, onChange, onDone }: Props<K>) {
  const { property, values } = condition
  // Before there are values, the operator is chosen here only.
  const [chosen, setChosen] = useState(condition.operator)
  const operator = values.length > 0 ? condition.operator : chosen
  const choose = (word: string) => {
    const next = operators.find((o) => o.word === word)
    if (!next) return
    setChosen(next)
    if (values.length > 0) onChange(next, values)
  }
  const set = (next: readonly string[]) => onChange(operator, next)
  const what = `${property.label}, ${operator.word}`
  return (
    <div className="stack">
      {operators.length > 1 ? (
        <Select
          size="small"
          aria-label={`${property.label}: operator`}
          value={operator.word}
          onChange={(_, data) => choose(data.value)}
        >
          {operators.map((o) => (
            <option key={o.word}>{o.word}</option>
          ))}
        </Select>
      ) : null}
      {property.yesNo ? (
        <YesNo what={what} options={property.options ?? {}} values={values} onChange={set} />
      ) : property.options ? (
        <Choices what={what} options={property.options} values={values} onChange={set} />
      ) : (
        <Typed
          what={what}
          property={property}
          values={values}
          single={property.under !== undefined || property.key === TEXT.key}
          wrong={wrong}
          onChange={set}
          onDone={onDone}
        />
      )}
    </div>
  )
}

interface Values {
  readonly what: string
  readonly values: readonly string[]
  readonly onChange: (values: readonly string[]) => void
}

function YesNo({ what, options, values, onChange }: Values & { options: Readonly<Record<string, string>> }) {
  return (
    <Field label={what}>
      <RadioGroup value={values[0] ?? ''} onChange={(_, data) => onChange([data.value])}>
        {Object.entries(options).map(([value, word]) => (
          <Radio key={value} value={value} label={word} />
        ))}
      </RadioGroup>
    </Field>
  )
}

function Choices({ what, options, values, onChange }: Values & { options: Readonly<Record<string, string>> }) {
  return (
    <fieldset className="bare stack-tight">
      <legend>{what}</legend>
      {Object.entries(options).map(([value, word]) => (
        <Checkbox
          key={value}
          label={word}
          checked={values.includes(value)}
          onChange={(_, data) => onChange(data.checked ? [...values, value] : values.filter((v) => v !== value))}
        />
      ))}
    </fieldset>
  )
}

interface TypedProps extends Values {
  readonly property: Condition<string>['property']
  readonly single: boolean
  readonly wrong: string | undefined
  readonly onDone: () => void
}

/** Values are typed or pasted, several with commas or on lines. */
function Typed({ what, property, values, single, wrong, onChange, onDone }: TypedProps) {
  const [text, setText] = useState(single ? (values.map((v) => wordOf(property, v, 200))[0] ?? '') : '')
  const id = useId()
  const apply = () => {
    const parts = single ? [text.trim()] : text.split(/[,\n]/).map((part) => part.trim())
    const found = parts.filter((part) => part !== '').map((part) => property.read?.(part) ?? part)
    if (found.length > 0) onChange(single ? found : [...new Set([...values, ...found])])
    setText('')
    if (found.length > 0) onDone()
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        apply()
      }}
    >
      <Field
        label={what}
        hint={single ? (property.hint ?? '') : 'Several values: with commas'}
        validationState={wrong ? 'error' : 'none'}
        validationMessage={wrong ?? null}
      >
        <Input
          id={id}
          value={text}
          placeholder={single ? '' : (property.hint ?? '')}
          onChange={(_, data) => setText(data.value)}
        />
      </Field>
      {single ? null : <Listed property={property} values={values} onChange={onChange} />}
      <div>
        <Button type="submit" appearance="primary" size="small" disabled={text.trim() === ''}>
          Apply
        </Button>
      </div>
    </form>
  )
}

function Listed({ property, values, onChange }: Pick<TypedProps, 'property' | 'values' | 'onChange'>) {
  if (values.length === 0) return null
  return (
    <ul className="plain stack-tight">
      {values.map((value) => (
        <li key={value} className="row">
          <bdi className="grow wrap">{wordOf(property, value, 200)}</bdi>
          <Button
            size="small"
            appearance="subtle"
            icon={<Dismiss12Regular />}
            aria-label={`Remove ${visible(value, 60)}`}
            onClick={() => onChange(values.filter((v) => v !== value))}
          />
        </li>
      ))}
    </ul>
  )
}
