-- What a worker writes for hundreds of copies at once is one row for all of them where nobody asks for the single one: the intent of a
-- batch, and who moved which items from state to state. What a copy looked like is one row, written when the item has ended.

-- The intent: committed before the command, so that after a kill at any moment each of its items can be settled. Its items are
-- `executing` and name it. Dropped when they have ended, or by the next batch of the mailbox.
create table item_batch (
  tenant_id uuid not null,
  id uuid not null,
  mailbox_id uuid not null,
  at timestamptz not null,
  items uuid[] not null,
  -- where the target folder's next message was to go, written before the move
  position json,
  -- in the order of `items`: [ref, state] of each copy as it was; JSON that only workers read
  before text not null,
  primary key (tenant_id, id)
);
alter table item_batch alter column before set storage external, alter column items set storage external;
create index item_batch_mailbox on item_batch (tenant_id, mailbox_id);
select recourse_tenant_table('item_batch');
alter table action_item add column batch_id uuid;

create table item_seen (
  tenant_id uuid not null,
  item_id uuid not null,
  -- source: the copy that the item is about, known beforehand. before, after: as it was and as it came to be.
  source_ref json,
  source_state json,
  before_ref json,
  before_state json,
  after_ref json,
  -- null: as before
  after_state json,
  primary key (tenant_id, item_id)
);
select recourse_tenant_table('item_seen');

create table item_history (
  tenant_id uuid not null,
  seq bigint generated always as identity,
  action_id uuid not null,
  mailbox_id uuid,
  at timestamptz not null,
  who text not null,
  from_state text,
  to_state text not null,
  why text,
  items uuid[] not null,
  primary key (tenant_id, seq)
);
alter table item_history alter column items set storage external;
create index item_history_of on item_history (tenant_id, action_id, mailbox_id);
select recourse_tenant_table('item_history');

alter table item_copy no force row level security;
alter table item_transition no force row level security;
alter table action_item no force row level security;
insert into item_seen (tenant_id, item_id, source_ref, source_state, before_ref, before_state, after_ref, after_state)
  select tenant_id, item_id, max(ref::text) filter (where side = 'source')::json, max(state::text) filter (where side = 'source')::json,
    max(ref::text) filter (where side = 'before')::json, max(state::text) filter (where side = 'before')::json,
    max(ref::text) filter (where side = 'after')::json, max(state::text) filter (where side = 'after')::json
  from item_copy group by tenant_id, item_id;
-- What was begun and not finished: a batch for each, under its own id.
insert into item_batch (tenant_id, id, mailbox_id, at, items, position, before)
  select i.tenant_id, i.id, i.mailbox_id, i.updated_at, array[i.id], c.position, json_build_array(json_build_array(c.ref, c.state))::text
  from action_item i join item_copy c on c.tenant_id = i.tenant_id and c.item_id = i.id and c.side = 'before'
  where i.state = 'executing' and i.mailbox_id is not null and c.ref is not null;
update action_item i set batch_id = i.id where exists (select 1 from item_batch b where b.tenant_id = i.tenant_id and b.id = i.id);
insert into item_history (tenant_id, action_id, at, who, from_state, to_state, why, items)
  select tenant_id, action_id, at, who, from_state, to_state, why, array[item_id] from item_transition order by seq;
alter table action_item force row level security;
drop table item_copy;
drop table item_transition;

-- By item, for those who ask so.
create view item_copy with (security_invoker = true) as
  select tenant_id, item_id, 'source' as side, source_ref::jsonb as ref, source_state as state from item_seen where source_ref is not null
  union all
  select tenant_id, item_id, 'before', before_ref::jsonb, before_state from item_seen where before_ref is not null
  union all
  select tenant_id, item_id, 'after', after_ref::jsonb, coalesce(after_state, before_state) from item_seen where after_ref is not null;
create view item_transition with (security_invoker = true) as
  select h.tenant_id, h.seq, i.item_id, h.action_id, h.at, h.who, h.from_state, h.to_state, h.why
  from item_history h cross join lateral unnest(h.items) as i(item_id);

-- Nobody looks for the vault's entries of a delivery: items name them.
drop index vault_delivery;
