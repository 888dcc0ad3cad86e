-- Moves whose answer was lost and that had not happened when they were looked at: the server may carry the command out yet. Looked for again
-- a few times, so that no item that was cancelled or given up lies where nobody knows of it.
create table item_late (
  tenant_id uuid not null,
  item_id uuid not null,
  mailbox_id uuid not null,
  delivery_id uuid not null,
  -- the copy as it was, and where the target folder's next message was to go, as they were written down before the command
  ref json not null,
  state json not null,
  position json not null,
  -- the user reaches both folders: what comes there may be his own doing
  shared boolean not null,
  looks smallint not null default 0,
  look_at timestamptz not null,
  primary key (tenant_id, item_id)
);
create index item_late_mailbox on item_late (tenant_id, mailbox_id);
create index item_late_look on item_late (tenant_id, look_at);
select recourse_tenant_table('item_late');
