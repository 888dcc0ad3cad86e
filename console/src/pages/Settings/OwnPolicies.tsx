import { Button, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger, Spinner, Switch } from '@fluentui/react-components'
import { Add20Regular, ArrowDown20Regular, ArrowUp20Regular, Edit20Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { MailPolicies, MailPolicy } from '../../api/types.ts'
import { Card } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { RemoveButton } from '../../parts/RemoveButton.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { SaveProblem } from '../../parts/SaveProblem.tsx'
import { visible } from '../../parts/text.ts'
import { usePolicies, useSaveDocument } from './data.ts'
import { PolicyDialog } from './PolicyDialog.tsx'
import { KIND, MODE, moved, newPolicy, says, without, withPolicy } from './policies.ts'

/** Policies by recipient, group or domain: the first one that fits judges a message, never two merged. */
export function OwnPolicies() {
  const policies = usePolicies()
  const save = useSaveDocument<MailPolicies>('policies')
  const write = useCan()('settings.write')
  const [open, setOpen] = useState<MailPolicy | null>(null)
  const [reloads, setReloads] = useState(0)
  const again = async () => {
    await policies.refetch()
    save.reset()
  }
  if (policies.error) return <Problem error={policies.error} onRetry={() => void policies.refetch()} />
  if (!policies.data) return <Spinner size="small" label="Loading" />
  const document = policies.data
  const put = (next: MailPolicies | null) => (next ? save.mutate(next) : undefined)
  return (
    <Card
      title={`Policies for some recipients (${document.policies.length})`}
      actions={write ? <Add document={document} onAdd={setOpen} /> : null}
    >
      <div className="stack">
        <span className="muted">
          Asked from the top: the first that fits a recipient judges the mail. Presets come first; their settings are
          fixed.
        </span>
        <SaveProblem error={save.error} title="The policies were not saved" onReload={() => void again()} />
        <ol className="plain policies" aria-label="Policies in their order">
          {document.policies.map((policy, index) => (
            <li key={policy.id} className="policy">
              <span className="policy-place" aria-hidden>
                {index + 1}
              </span>
              <span className="policy-text">
                <strong>
                  <SafeText text={policy.name} max={100} />
                </strong>
                <span className="muted small">
                  {policy.kind === 'custom' ? MODE[policy.mode] : `${KIND[policy.kind]}, fixed settings`}
                  {policy.thresholds
                    ? ` · from ${policy.thresholds.suspicious} and ${policy.thresholds.high} points`
                    : ''}
                </span>
                <span className="wrap">{visible(says(policy), 400)}</span>
              </span>
              <Acts
                policy={policy}
                write={write}
                busy={save.isPending}
                up={moved(document, policy.id, -1)}
                down={moved(document, policy.id, 1)}
                onPut={put}
                onToggle={(enabled) => put(withPolicy(document, { ...policy, enabled }))}
                onEdit={() => setOpen(policy)}
                onRemove={() => put(without(document, policy.id))}
              />
            </li>
          ))}
          <li className="policy last">
            <span className="policy-place" aria-hidden>
              {document.policies.length + 1}
            </span>
            <span className="policy-text">
              <strong>Default policy</strong>
              <span className="muted small">Everybody else: see below</span>
            </span>
          </li>
        </ol>
      </div>
      {open ? (
        <PolicyDialog
          key={reloads}
          document={document}
          policy={document.policies.find((p) => p.id === open.id) ?? open}
          onReload={() => void policies.refetch().then(() => setReloads(reloads + 1))}
          onClose={() => setOpen(null)}
        />
      ) : null}
    </Card>
  )
}

function Add({ document, onAdd }: { document: MailPolicies; onAdd: (policy: MailPolicy) => void }) {
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button icon={<Add20Regular />}>Add policy</Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {(['strict', 'standard', 'custom'] as const).map((kind) => (
            <MenuItem
              key={kind}
              disabled={kind !== 'custom' && document.policies.some((p) => p.kind === kind)}
              onClick={() => onAdd(newPolicy(kind, document))}
            >
              {KIND[kind]}
            </MenuItem>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}

function Acts(props: {
  policy: MailPolicy
  write: boolean
  busy: boolean
  up: MailPolicies | null
  down: MailPolicies | null
  onPut: (next: MailPolicies | null) => void
  onToggle: (enabled: boolean) => void
  onEdit: () => void
  onRemove: () => void
}) {
  const { policy, write, busy } = props
  const name = visible(policy.name, 60)
  return (
    <span className="policy-acts">
      <Switch
        checked={policy.enabled}
        disabled={!write || busy}
        label={policy.enabled ? 'On' : 'Off'}
        aria-label={`${name} is in force`}
        onChange={(_, data) => props.onToggle(data.checked)}
      />
      {write ? (
        <>
          {policy.kind === 'custom' ? (
            <>
              <Button
                size="small"
                appearance="subtle"
                icon={<ArrowUp20Regular />}
                aria-label={`Ask ${name} earlier`}
                disabledFocusable={props.up === null || busy}
                onClick={() => props.onPut(props.up)}
              />
              <Button
                size="small"
                appearance="subtle"
                icon={<ArrowDown20Regular />}
                aria-label={`Ask ${name} later`}
                disabledFocusable={props.down === null || busy}
                onClick={() => props.onPut(props.down)}
              />
            </>
          ) : null}
          <Button
            size="small"
            appearance="subtle"
            icon={<Edit20Regular />}
            aria-label={`Edit ${name}`}
            onClick={props.onEdit}
          />
          <RemoveButton what={policy.name} onRemove={props.onRemove} />
        </>
      ) : null}
    </span>
  )
}
