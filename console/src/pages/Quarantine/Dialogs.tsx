import { Checkbox, Dropdown, Field, Input, Option, Radio, RadioGroup } from '@fluentui/react-components'
import { useState } from 'react'
import { Ask } from '../../parts/Ask.tsx'
import { visible } from '../../parts/text.ts'
import { plural } from '../../words.ts'
import { type Select, useBlock, useDecision, useDelete, useDownload } from './data.ts'
import { Outcome } from './Outcome.tsx'
import { usePlanText } from './Plan.tsx'

export interface DialogProps {
  readonly select: Select
  /** For people: `3 messages`, or the subject of one. */
  readonly what: string
  readonly onClose: () => void
  readonly onDone: () => void
}

export function DeleteHeld({ select, what, onClose, onDone }: DialogProps) {
  const [permanently, setPermanently] = useState(false)
  const remove = useDelete()
  const { text, ready } = usePlanText({ do: 'delete', permanently, select })
  return (
    <Ask
      title={`Delete ${what} from quarantine`}
      yes="Delete"
      busy={remove.isPending}
      blocked={!ready}
      error={remove.error}
      outcome={remove.data ? <Outcome done={remove.data} verb="Being deleted" /> : null}
      onYes={() => remove.mutate({ select, permanently }, { onSuccess: onDone })}
      onClose={onClose}
    >
      {text}
      <Checkbox
        checked={permanently}
        onChange={(_, data) => setPermanently(data.checked === true)}
        label="Permanently delete the message from quarantine"
      />
      <span className="muted">
        {permanently
          ? 'Nobody but an analyst who undoes this action can bring it back, and only until its retention ends.'
          : 'It can be brought back by an undo until its retention ends. The recipient never gets it.'}
      </span>
    </Ask>
  )
}

export function DenyHeld({ select, what, onClose, onDone }: DialogProps) {
  const deny = useDecision('deny')
  return (
    <Ask
      title={`Deny release of ${what}`}
      yes="Deny release"
      busy={deny.isPending}
      error={deny.error}
      outcome={deny.data ? <Outcome done={deny.data} verb="Release denied" /> : null}
      onYes={() => deny.mutate({ select }, { onSuccess: onDone })}
      onClose={onClose}
    >
      <span>
        It is marked as looked at, for all its recipients, and stays in quarantine until it expires. It can still be
        released.
      </span>
    </Ask>
  )
}

const LONGER = [7, 14, 30, 60, 90] as const

export function ExtendHeld({ select, what, onClose, onDone }: DialogProps) {
  const [days, setDays] = useState<number>(30)
  const extend = useDecision('extend')
  return (
    <Ask
      title={`Keep ${what} longer`}
      yes="Keep"
      busy={extend.isPending}
      error={extend.error}
      outcome={extend.data ? <Outcome done={extend.data} verb="Kept longer" /> : null}
      onYes={() => extend.mutate({ select, days }, { onSuccess: onDone })}
      onClose={onClose}
    >
      <Field label="Expires, from now, in" hint="Never later than 90 days after it was held, never earlier than it is.">
        <Dropdown
          value={plural(days, 'day')}
          selectedOptions={[String(days)]}
          onOptionSelect={(_, data) => setDays(Number(data.optionValue))}
        >
          {LONGER.map((n) => (
            <Option key={n} value={String(n)} text={plural(n, 'day')}>
              {plural(n, 'day')}
            </Option>
          ))}
        </Dropdown>
      </Field>
    </Ask>
  )
}

export function BlockHeld({ select, what, onClose, onDone, senders }: DialogProps & { senders: readonly string[] }) {
  const [kind, setKind] = useState<'sender' | 'sender-domain'>('sender')
  const [days, setDays] = useState('30')
  const block = useBlock()
  return (
    <Ask
      title={`Block the sender of ${what}`}
      yes="Block"
      busy={block.isPending}
      error={block.error}
      outcome={
        block.data ? (
          <ul className="sentences" role="status">
            {block.data.entries.map((e) => (
              <li key={e.value}>
                Blocked <bdi className="mono">{visible(e.value, 200)}</bdi>
              </li>
            ))}
            {block.data.refused.map((r) => (
              <li key={r.value}>{r.says}</li>
            ))}
          </ul>
        ) : null
      }
      onYes={() =>
        block.mutate({ select, what: kind, days: days === 'never' ? null : Number(days) }, { onSuccess: onDone })
      }
      onClose={onClose}
    >
      {senders.length > 0 ? (
        <ul className="sentences">
          {senders.slice(0, 10).map((sender) => (
            <li key={sender}>
              <bdi className="mono">{visible(sender, 200)}</bdi>
            </li>
          ))}
          {senders.length > 10 ? <li>and {senders.length - 10} more</li> : null}
        </ul>
      ) : null}
      <Field label="Block">
        <RadioGroup
          value={kind}
          onChange={(_, data) => setKind(data.value === 'sender-domain' ? 'sender-domain' : 'sender')}
        >
          <Radio value="sender" label="The address" />
          <Radio value="sender-domain" label="The whole domain" />
        </RadioGroup>
      </Field>
      <Field
        label="Remove entry after"
        hint="For the whole organisation, in the Tenant Allow/Block List. Later mail is held."
      >
        <Dropdown
          value={days === 'never' ? 'Never' : plural(Number(days), 'day')}
          selectedOptions={[days]}
          onOptionSelect={(_, data) => setDays(data.optionValue ?? '30')}
        >
          {['7', '30', '90', 'never'].map((n) => (
            <Option key={n} value={n} text={n === 'never' ? 'Never' : plural(Number(n), 'day')}>
              {n === 'never' ? 'Never' : plural(Number(n), 'day')}
            </Option>
          ))}
        </Dropdown>
      </Field>
    </Ask>
  )
}

/** Named on the page, so that who gets the archive knows it: it keeps scanners and accidents away, not people. */
const USUAL = 'infected'

export function DownloadHeld({ ids, what, onClose }: { ids: readonly string[]; what: string; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const [password, setPassword] = useState(USUAL)
  const [cipher, setCipher] = useState<'aes-256' | 'zipcrypto'>('aes-256')
  const load = useDownload(onClose)
  return (
    <Ask
      title={`Download ${what}`}
      yes="Download"
      busy={load.isPending}
      blocked={reason.trim() === '' || password === ''}
      error={load.error}
      onYes={() => load.mutate({ messageIds: ids, password, reason: reason.trim(), cipher })}
      onClose={onClose}
    >
      <Field label="Reason for downloading" required hint="Kept in the audit log.">
        <Input value={reason} maxLength={1000} onChange={(_, data) => setReason(data.value)} />
      </Field>
      <Field
        label="Password"
        required
        hint={`“${USUAL}” is what analysts usually take; it is no secret. Choose one that is where it matters.`}
      >
        <Input value={password} maxLength={128} autoComplete="off" onChange={(_, data) => setPassword(data.value)} />
      </Field>
      <Field label="Encryption">
        <RadioGroup
          value={cipher}
          onChange={(_, data) => setCipher(data.value === 'zipcrypto' ? 'zipcrypto' : 'aes-256')}
        >
          <Radio value="aes-256" label="AES-256 (7-Zip and most others)" />
          <Radio value="zipcrypto" label="ZipCrypto (weak; opens everywhere)" />
        </RadioGroup>
      </Field>
    </Ask>
  )
}
