import { Radio, RadioGroup } from '@fluentui/react-components'
import { CHOICES, type Choice, misfit } from './fit.ts'
import type { Source } from './TakeAction.tsx'

interface Props {
  readonly source: Source
  readonly choice: Choice | null
  readonly onChoose: (choice: Choice) => void
}

/** Every action; those that fit none of the targets cannot be chosen and say why. */
export function ChooseAction({ source, choice, onChoose }: Props) {
  return (
    <RadioGroup
      aria-label="Response action"
      value={choice?.id ?? ''}
      onChange={(_, data) => {
        const found = CHOICES.find((c) => c.id === data.value)
        if (found) onChoose(found)
      }}
    >
      {(['Move or delete', 'Quarantine'] as const).map((group) => (
        <div key={group} className="choice-group">
          <strong>{group}</strong>
          {CHOICES.filter((c) => c.group === group).map((c) => (
            <Option key={c.id} choice={c} source={source} />
          ))}
        </div>
      ))}
    </RadioGroup>
  )
}

function Option({ choice, source }: { choice: Choice; source: Source }) {
  const { fit, why } = count(choice, source)
  return (
    <Radio
      value={choice.id}
      disabled={fit === 0}
      label={
        <span className="choice">
          <span>{choice.label}</span>
          <span className="muted">{fit === 0 ? why : choice.effect}</span>
          {source.kind === 'targets' && fit !== null && fit > 0 && fit < source.targets.length ? (
            <span className="muted">
              Fits {fit} of {source.targets.length} copies.
            </span>
          ) : null}
        </span>
      }
    />
  )
}

function count(choice: Choice, source: Source): { fit: number | null; why: string } {
  if (source.kind !== 'targets') return { fit: null, why: '' }
  const reasons = source.targets.map((target) => misfit(choice, target.latestLocation))
  return {
    fit: reasons.filter((reason) => reason === null).length,
    why: [...new Set(reasons.filter((reason) => reason !== null))].join(' '),
  }
}
