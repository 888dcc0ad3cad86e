-- Items change state several times; what a copy looks like is written once. Apart, a change of state rewrites a short row that no index
-- has to be told of. What is due stands in a small table of its own.

create table item_copy (
  tenant_id uuid not null,
  item_id uuid not null,
  -- source: the copy that the item is about, known beforehand. before, after: as it was and as it came to be.
  side text not null check (side in ('source', 'before', 'after')),
  ref jsonb,
  state json,
  -- before: where the target folder's next message was to go, written before the move
  position json,
  primary key (tenant_id, item_id, side)
);
select recourse_tenant_table('item_copy');

create table item_due (
  tenant_id uuid not null,
  item_id uuid not null,
  action_id uuid not null,
  mailbox_id uuid not null,
  -- failed, to be tried again then; null: waits or is under way
  retry_at timestamptz,
  primary key (tenant_id, item_id)
);
create index item_due_mailbox on item_due (tenant_id, mailbox_id) where retry_at is null;
create index item_due_retry on item_due (tenant_id, retry_at) where retry_at is not null;
select recourse_tenant_table('item_due');

-- The item whose copy this one gives back, where it is not an undo of it.
alter table action_item add column back_of uuid;

alter table action_item no force row level security;
insert into item_copy (tenant_id, item_id, side, ref, state)
  select tenant_id, id, 'source', source_ref, source_state from action_item where source_ref is not null;
insert into item_copy (tenant_id, item_id, side, ref, state, position)
  select tenant_id, id, 'before', before_ref, before_state, hold_position from action_item where before_ref is not null;
insert into item_copy (tenant_id, item_id, side, ref, state)
  select tenant_id, id, 'after', after_ref, after_state from action_item where after_ref is not null;
insert into item_due (tenant_id, item_id, action_id, mailbox_id, retry_at)
  select tenant_id, id, action_id, mailbox_id, next_attempt_at from action_item
  where mailbox_id is not null and (state in ('approved', 'executing') or (state = 'failed' and next_attempt_at is not null));
alter table action_item force row level security;

drop index action_item_due;
drop index action_item_retry;
alter table action_item drop column source_ref, drop column source_state, drop column wanted, drop column before_ref,
  drop column before_state, drop column after_ref, drop column after_state, drop column hold_position;
alter table action_item set (fillfactor = 50);
-- Items are only ever written together with their action, in one transaction; a check per row costs more than the row.
alter table action_item drop constraint action_item_tenant_id_action_id_fkey;
