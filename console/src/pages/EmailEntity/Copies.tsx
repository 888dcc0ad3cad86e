import type { Copy, MessageDetail } from '../../api/types.ts'
import { Grid } from '../../parts/Grid/Grid.tsx'
import type { GridColumn } from '../../parts/Grid/types.ts'
import { Empty } from '../../parts/Page.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { DeliveryStatus, placeName } from '../../parts/Status.tsx'
import { visible } from '../../parts/text.ts'

const COLUMNS: readonly GridColumn<Copy>[] = [
  {
    id: 'recipient',
    header: 'Recipient',
    width: 'minmax(180px, 1.6fr)',
    phone: 'title',
    cell: (c) => <SafeText text={c.recipient} />,
  },
  {
    id: 'action',
    header: 'Delivery action',
    width: '130px',
    phone: 'detail',
    cell: (c) => <DeliveryStatus action={c.action} />,
  },
  {
    id: 'original',
    header: 'Original location',
    width: 'minmax(130px, 1fr)',
    phone: 'detail',
    cell: (c) => placeName(c.originalLocation, null),
  },
  {
    id: 'latest',
    header: 'Latest location',
    width: 'minmax(130px, 1fr)',
    phone: 'detail',
    cell: (c) => <bdi>{visible(placeName(c.latestLocation, c.latestFolder), 80)}</bdi>,
  },
]
const idOf = (copy: Copy) => copy.id
const nameOf = (copy: Copy) => visible(copy.recipient, 80)

/** Each recipient's copy: what was done with it, where it was put and where it is. */
export function Copies({ message }: { message: MessageDetail }) {
  return (
    <>
      <div className="grid-box">
        <Grid
          label="Recipients"
          rows={message.copies}
          columns={COLUMNS}
          rowId={idOf}
          rowName={nameOf}
          total={message.copies.length}
          cardHeight={64}
          empty={<Empty title="No recipient" />}
        />
      </div>
      <p className="muted">
        The latest location is what Recourse recorded last. What people do in their mailboxes since then is seen when an
        action reads the mailbox.
      </p>
    </>
  )
}
