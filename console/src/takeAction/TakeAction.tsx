import {
  Button,
  DrawerBody,
  DrawerFooter,
  DrawerHeader,
  DrawerHeaderTitle,
  OverlayDrawer,
} from '@fluentui/react-components'
import { Dismiss24Regular } from '@fluentui/react-icons'
import { useMemo, useState } from 'react'
import type { ApiFilter } from '../api/types.ts'
import type { Selection } from '../parts/Grid/types.ts'
import { useReturnFocus } from '../parts/useReturnFocus.ts'
import { plural } from '../words.ts'
import { ChooseAction } from './ChooseAction.tsx'
import { ChooseTargets } from './ChooseTargets.tsx'
import { useStart } from './data.ts'
import { Extra } from './Extra.tsx'
import { type Choice, misfit } from './fit.ts'
import { NameStep } from './NameStep.tsx'
import { Review } from './Review.tsx'
import './takeAction.css'
import type { Target } from './targets.ts'
import { type Extras, isWished, NO_EXTRAS, suggestName, wishOf, wrongWith } from './wish.ts'

export type Source =
  | { readonly kind: 'targets'; readonly targets: readonly Target[] }
  | {
      readonly kind: 'filter'
      readonly filter: ApiFilter
      readonly copies: number | null
    }
  /** What an earlier action touched, at its latest place. */
  | { readonly kind: 'action'; readonly actionId: string; readonly name: string; readonly copies: number }

const STEPS = ['Choose response action', 'Choose target entities', 'Name', 'Review and submit'] as const

interface Props {
  readonly source: Source
  readonly startWith?: Choice
  readonly onClose: () => void
  readonly onDone: () => void
}

/** The wizard: action → targets → name → review with the server's preview → submit. */
export function TakeAction({ source, startWith, onClose, onDone }: Props) {
  useReturnFocus()
  const [step, setStep] = useState(startWith ? 1 : 0)
  const [choice, setChoice] = useState<Choice | null>(startWith ?? null)
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [name, setName] = useState<string | null>(null)
  const [description, setDescription] = useState('')
  const [extras, setExtras] = useState<Extras>(NO_EXTRAS)
  const start = useStart(onDone)
  const fitting = useMemo(() => fits(source, choice), [source, choice])
  const chosen = fitting.filter((target) => !left.has(target.id))
  const wished = choice !== null || isWished(extras)
  const wrong = wrongWith(choice, extras)
  const suggested = wished ? suggestName(choice, source, chosen, extras) : ''
  const request = wished ? wishOf(choice, source, chosen, name ?? suggested, description, extras) : null
  const ready = [
    wished && wrong === null,
    source.kind !== 'targets' || chosen.length > 0,
    (name ?? suggested).trim() !== '',
    true,
  ]
  return (
    <OverlayDrawer open position="end" size="large" onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DrawerHeader>
        <DrawerHeaderTitle
          heading={{ as: 'h2' }}
          action={<Button appearance="subtle" aria-label="Close" icon={<Dismiss24Regular />} onClick={onClose} />}
        >
          Take action
        </DrawerHeaderTitle>
        <ol className="plain steps" aria-label="Steps">
          {STEPS.map((title, index) => (
            <li key={title} aria-current={index === step ? 'step' : undefined} className={index < step ? 'past' : ''}>
              {title}
            </li>
          ))}
        </ol>
      </DrawerHeader>
      <DrawerBody>
        <div className="wizard" key={step}>
          <h3 ref={focusHeading} tabIndex={-1}>
            {STEPS[step]}
          </h3>
          {step === 0 ? (
            <>
              <ChooseAction
                source={source}
                choice={choice}
                onChoose={(next) => {
                  setChoice(next)
                  setLeft(new Set())
                }}
              />
              <Extra
                source={source}
                choice={choice}
                extras={extras}
                onChange={(part) => setExtras({ ...extras, ...part })}
              />
              {wrong ? <p role="alert">{wrong}</p> : null}
            </>
          ) : null}
          {step === 1 && !choice ? (
            <p role="status">
              {source.kind !== 'targets'
                ? 'Nothing is moved; it is about the messages that were chosen.'
                : `Nothing is moved; it is about ${plural(new Set(chosen.map((t) => t.messageId)).size, 'message')}.`}
            </p>
          ) : null}
          {step === 1 && choice ? (
            <ChooseTargets
              source={source}
              choice={choice}
              fitting={fitting}
              selection={asSelection(chosen)}
              onSelect={(selection) => setLeft(new Set(fitting.flatMap((t) => (selection[t.id] ? [] : t.id))))}
            />
          ) : null}
          {step === 2 ? (
            <NameStep
              name={name ?? suggested}
              description={description}
              onName={setName}
              onDescription={setDescription}
              severity={extras.severity}
              onSeverity={(severity) => setExtras({ ...extras, severity })}
            />
          ) : null}
          {step === 3 && request ? <Review choice={choice} wish={request} problem={start.error} /> : null}
        </div>
      </DrawerBody>
      <DrawerFooter>
        {step > 0 ? <Button onClick={() => setStep(step - 1)}>Back</Button> : null}
        {step < STEPS.length - 1 ? (
          <Button appearance="primary" disabled={!ready[step]} onClick={() => setStep(step + 1)}>
            Next
          </Button>
        ) : (
          <Button
            appearance="primary"
            disabled={request === null}
            disabledFocusable={start.isPending}
            onClick={() => request && start.mutate(request)}
          >
            {start.isPending ? 'Submitting…' : 'Submit'}
          </Button>
        )}
        <Button appearance="subtle" onClick={onClose}>
          Cancel
        </Button>
      </DrawerFooter>
    </OverlayDrawer>
  )
}

/** Each step begins at its heading, for the keyboard and the screen reader. */
function focusHeading(heading: HTMLHeadingElement | null): void {
  heading?.focus({ preventScroll: true })
}

function fits(source: Source, choice: Choice | null): readonly Target[] {
  if (source.kind !== 'targets') return []
  if (!choice) return source.targets
  return source.targets.filter((target) => misfit(choice, target.latestLocation) === null)
}

const asSelection = (targets: readonly Target[]): Selection =>
  Object.fromEntries(targets.map((t) => [t.id, true] as const))
