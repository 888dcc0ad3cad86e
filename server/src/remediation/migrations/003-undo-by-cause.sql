-- Undo by cause: one undo may take back what several actions did; which causes of a verdict moved an item; which items lie on others.

create table action_undoes (
  tenant_id uuid not null,
  undo_id uuid not null,
  action_id uuid not null,
  primary key (tenant_id, undo_id, action_id)
);
create index action_undoes_action on action_undoes (tenant_id, action_id);
select recourse_tenant_table('action_undoes');

-- A copy that was taken twice goes back to where it was first in one step: the undo's item names the upper layer, and here the lower ones.
create table item_together (
  tenant_id uuid not null,
  item_id uuid not null,
  of_id uuid not null,
  primary key (tenant_id, item_id, of_id)
);
create index item_together_of on item_together (tenant_id, of_id);
select recourse_tenant_table('item_together');

-- The causes of a verdict, once for all verdicts that have the same ones. An item of an action that a verdict started names its set.
create table cause_set (
  tenant_id uuid not null,
  id uuid not null,
  kind text not null,
  cause_id text not null,
  version integer not null,
  primary key (tenant_id, id, kind, cause_id, version)
);
create index cause_set_cause on cause_set (tenant_id, kind, cause_id, version);
select recourse_tenant_table('cause_set');
create table action_cause_set (
  tenant_id uuid not null,
  action_id uuid not null,
  cause_set uuid not null,
  primary key (tenant_id, action_id, cause_set)
);
create index action_cause_set_set on action_cause_set (tenant_id, cause_set);
select recourse_tenant_table('action_cause_set');

alter table action_item add column cause_set uuid;
-- There was an item of the same delivery already when this one was written down: only such ones can lie on another.
alter table action_item add column layered boolean not null default false;
-- Retention of what it took has ended: the copy in our hold is destroyed, or the vault's bytes are.
alter table action_item add column expired_at timestamptz;
-- Ended in doubt or failed, with a copy in (or perhaps in) our hold: an undo may look for it.
alter table action add column n_doubtful integer not null default 0;

alter table action_item no force row level security;
alter table action no force row level security;
alter table item_copy no force row level security;
insert into action_undoes (tenant_id, undo_id, action_id) select tenant_id, id, undo_of from action where undo_of is not null;
update action_item i set layered = true where exists (select 1 from action_item e
  where e.tenant_id = i.tenant_id and e.delivery_id = i.delivery_id and e.id < i.id);
update action a set n_doubtful = d.n from (
  select i.tenant_id, i.action_id, count(*)::int as n from action_item i join item_copy c
    on c.tenant_id = i.tenant_id and c.item_id = i.id and c.side = 'after' and c.ref is not null
  where i.state in ('ambiguous', 'failed', 'skipped') group by 1, 2) d
  where d.tenant_id = a.tenant_id and d.action_id = a.id;
alter table action_item force row level security;
alter table action force row level security;
alter table item_copy force row level security;

create index action_item_layered on action_item (tenant_id, delivery_id) where layered;
create index action_cause on action (tenant_id, (cause->>'kind'), (cause->>'id'));

-- Ids that sort by time, made by the database (PostgreSQL has such a function from 18 on).
create function recourse_uuidv7(at timestamptz) returns uuid language sql volatile parallel safe as $$
  select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(r, 2, 3)
    || to_hex(8 + (get_byte(decode(substr(r, 5, 2), 'hex'), 0) & 3)) || substr(r, 8, 15))::uuid
  from (select replace(gen_random_uuid()::text, '-', '') as r) x
$$;
