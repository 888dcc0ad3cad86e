import { Button, Popover, PopoverSurface, PopoverTrigger } from '@fluentui/react-components'
import { Dismiss12Regular, ErrorCircle16Regular } from '@fluentui/react-icons'
import { useRef, useState } from 'react'
import { visible } from '../text.ts'
import { ChipEditor } from './ChipEditor.tsx'
import type { Condition, Operator } from './conditions.ts'

interface Props<K extends string> {
  readonly condition: Condition<K>
  readonly operators: readonly Operator<K>[]
  /** What the server found wrong with it. */
  readonly wrong: string | undefined
  readonly startOpen: boolean
  readonly onChange: (operator: Operator<K>, values: readonly string[]) => void
  readonly onRemove: () => void
  readonly onClosed: () => void
}

/** One condition: opens to be changed, × removes it. */
export function FilterChip<K extends string>(props: Props<K>) {
  const { condition, wrong, startOpen, onClosed } = props
  const [open, setOpen] = useState(startOpen)
  const { label } = condition.property
  const chip = useRef<HTMLButtonElement>(null)
  const close = () => {
    setOpen(false)
    onClosed()
  }
  // What was typed into goes away: the keyboard goes on at the condition, which stays the same chip when the address has it.
  const applied = () => {
    setOpen(false)
    setTimeout(() => chip.current?.focus())
  }
  return (
    <span className={wrong ? 'chip wrong' : 'chip'}>
      <Popover
        trapFocus
        open={open}
        positioning="below-start"
        onOpenChange={(_, data) => (data.open ? setOpen(true) : close())}
      >
        <PopoverTrigger disableButtonEnhancement>
          <button ref={chip} type="button" className="chip-text">
            {wrong ? <ErrorCircle16Regular className="chip-wrong" title="Not valid" /> : null}
            {named(condition)}
          </button>
        </PopoverTrigger>
        <PopoverSurface aria-label={label} className="chip-editor">
          <ChipEditor
            condition={condition}
            operators={props.operators}
            wrong={wrong}
            onChange={props.onChange}
            onDone={applied}
          />
        </PopoverSurface>
      </Popover>
      <Button
        size="small"
        appearance="transparent"
        icon={<Dismiss12Regular />}
        aria-label={`Remove filter ${label}`}
        onClick={props.onRemove}
      />
    </span>
  )
}

const SHOWN = 3

/** `Threat type: Phish, Spam`; another operator than *any of* is named. */
function named<K extends string>({ property, operator, values }: Condition<K>) {
  const words = values.map((value) => wordOf(property, value, 40))
  const more = words.length > SHOWN ? ` +${words.length - SHOWN}` : ''
  const usual = operator.word === 'any of' || operator.word === 'is'
  return (
    <>
      {property.label}
      {usual ? ': ' : ` ${operator.word} `}
      <strong>{words.length === 0 ? '…' : words.slice(0, SHOWN).join(', ') + more}</strong>
    </>
  )
}

export const wordOf = ({ options, show }: Condition<string>['property'], value: string, max: number): string =>
  options?.[value] ?? visible(show ? show(value) : value, max)
