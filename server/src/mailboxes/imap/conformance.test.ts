/* Rows that the suite shows here, named in its tests (../conformance):
   mailbox #1, #2, #3, #4, #6, #7, #8, #9, #10, #17, #21, #23, #25, #26, #29, #42, #44, #47, #48, #49, #51, #52, #53, #55, #57, #58, #60, #63, #66, #77, #79, #80, #91 */
import { type DovecotOptions, startDovecot } from '../../../test/rig/dovecot.ts'
import { dovecotOwner, dovecotProvider } from '../conformance/dovecot.ts'
import { describeConformance, type Owner, type Subject } from '../conformance/index.ts'

function subject(name: string, options: DovecotOptions, differs: NonNullable<Subject['differs']>): Subject {
  return {
    name,
    differs,
    start: async () => {
      const dovecot = await startDovecot(options)
      const provider = dovecotProvider(dovecot)
      const owners: Awaited<ReturnType<typeof dovecotOwner>>[] = []
      return {
        provider,
        owner: async (login): Promise<Owner> => {
          const owner = await dovecotOwner(dovecot, login)
          owners.push(owner)
          return owner
        },
        stop: async () => {
          for (const owner of owners) owner.client.close()
          await provider.close()
          await dovecot.stop()
        },
      }
    },
  }
}

describeConformance(subject('Dovecot with a hold namespace', {}, {}))
describeConformance(
  subject(
    'Dovecot without MOVE, UIDPLUS and CONDSTORE, and without a hold namespace',
    { capability: 'IMAP4rev1 LITERAL+ IDLE', hold: false },
    { marksOnly: true, holdVisible: true, noNul: true },
  ),
)
describeConformance(
  subject('Dovecot without MOVE', { capability: 'IMAP4rev1 LITERAL+ UIDPLUS NAMESPACE', hold: true }, { noNul: true }),
)
