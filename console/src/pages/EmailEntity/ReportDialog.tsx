import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Radio,
  RadioGroup,
  Textarea,
} from '@fluentui/react-components'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { MessageDetail } from '../../api/types.ts'
import { Problem } from '../../parts/Problem.tsx'
import { useReturnFocus } from '../../parts/useReturnFocus.ts'
import { type Report, useReport } from './data.ts'
import { Reported } from './Reported.tsx'

const THREATS = [
  { value: 'phish', label: 'Phish' },
  { value: 'malware', label: 'Malware' },
  { value: 'spam', label: 'Spam' },
] as const

/** Somebody says that the verdict is wrong: what, why; then what today's lists and signals say and what can be done. */
export function ReportDialog({ message, onClose }: { message: MessageDetail; onClose: () => void }) {
  useReturnFocus()
  const blocked = message.copies.some((copy) => copy.action === 'blocked' || copy.action === 'junked')
  const [opinion, setOpinion] = useState<Report['opinion']>(
    blocked ? 'should-not-have-been-blocked' : 'should-have-been-blocked',
  )
  const [threat, setThreat] = useState<NonNullable<Report['threat']>>('phish')
  const [reason, setReason] = useState('')
  const report = useReport(message.id)
  const as = useCan()('remediation.propose') ? 'analyst' : 'user'
  const send = () =>
    report.mutate({
      as,
      opinion,
      ...(opinion === 'should-have-been-blocked' ? { threat } : {}),
      ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
    })
  return (
    <Dialog open onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DialogSurface className="report">
        <DialogBody>
          <DialogTitle>{report.data ? 'Reported' : 'Report this message'}</DialogTitle>
          <DialogContent>
            {report.data ? (
              <Reported made={report.data} onDone={onClose} />
            ) : (
              <div className="stack">
                {report.error ? <Problem error={report.error} title="The report was not taken" /> : null}
                <Field label="What should have happened?">
                  <RadioGroup value={opinion} onChange={(_, data) => setOpinion(data.value as Report['opinion'])}>
                    <Radio
                      value="should-not-have-been-blocked"
                      label="It should not have been blocked (false positive)"
                    />
                    <Radio value="should-have-been-blocked" label="It should have been blocked (false negative)" />
                  </RadioGroup>
                </Field>
                {opinion === 'should-have-been-blocked' ? (
                  <Field label="What is it?">
                    <RadioGroup
                      layout="horizontal"
                      value={threat}
                      onChange={(_, data) => {
                        const found = THREATS.find((t) => t.value === data.value)
                        if (found) setThreat(found.value)
                      }}
                    >
                      {THREATS.map((t) => (
                        <Radio key={t.value} value={t.value} label={t.label} />
                      ))}
                    </RadioGroup>
                  </Field>
                ) : null}
                <Field label="Why?" hint="What you know about the sender or the content.">
                  <Textarea value={reason} rows={3} maxLength={2000} onChange={(_, data) => setReason(data.value)} />
                </Field>
              </div>
            )}
          </DialogContent>
          <DialogActions>
            {report.data ? null : (
              <Button appearance="primary" disabledFocusable={report.isPending} onClick={send}>
                {report.isPending ? 'Reporting…' : 'Report'}
              </Button>
            )}
            <Button onClick={onClose}>{report.data ? 'Close' : 'Cancel'}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}
