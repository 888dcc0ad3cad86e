-- What somebody asked for in one go: moves, a release, submissions, list entries, under one name and one approval ID.
create table plan (
  tenant_id uuid not null,
  id uuid not null,
  approval_id text not null,
  name text not null,
  description text not null,
  severity text not null check (severity in ('low', 'medium', 'high')),
  source text not null,
  requested_by jsonb not null,
  created_at timestamptz not null,
  -- how the targets were chosen, frozen: by hand, by query (its text), from an earlier action; with the time and the counts
  selection jsonb not null,
  -- the same key from the same person is the same wish, told the same answer
  asked_by text not null,
  idempotency_key text,
  request_hash text not null,
  answer jsonb,
  primary key (tenant_id, id)
);
create unique index plan_key on plan (tenant_id, asked_by, idempotency_key) where idempotency_key is not null;
create index plan_approval on plan (tenant_id, approval_id);
select recourse_tenant_table('plan');

alter table action drop constraint action_kind_check;
-- submit, list-entry: steps of a plan that have no copies; `about` says what they did
alter table action add constraint action_kind_check check (kind in
  ('move', 'soft-delete', 'hard-delete', 'quarantine', 'release', 'undo', 'submit', 'list-entry'));
alter table action
  add column plan_id uuid,
  add column approval_id text not null default '',
  add column severity text,
  add column source text not null default 'api',
  add column about jsonb,
  -- how many different people have to approve before it runs
  add column approvals_needed smallint not null default 0,
  add column decided_by text,
  add column decided_at timestamptz,
  add column expires_at timestamptz,
  add column warned_at timestamptz,
  add column derived_from uuid,
  add column classification jsonb;

alter table action no force row level security;
update action set approval_id = right(id::text, 6), decided_by = approvals -> -1 ->> 'name',
  decided_at = (approvals -> -1 ->> 'at')::timestamptz,
  approvals_needed = (state = 'pending-approval')::int,
  expires_at = case when state = 'pending-approval' then created_at + interval '7 days' end;
alter table action force row level security;

create index action_approval on action (tenant_id, approval_id);
create index action_plan on action (tenant_id, plan_id) where plan_id is not null;
create index action_pending on action (tenant_id, expires_at) where state = 'pending-approval';
create index action_derived on action (tenant_id, derived_from) where derived_from is not null;

-- The sender's own copy in Sent, of the message of item `same_as`: another mailbox, no delivery of its own.
alter table action_item add column sender_copy boolean not null default false;

-- A UUID version 7 for the n-th item of an action made at this millisecond: items stay in their order without being numbered by us.
create function recourse_item_id(ms bigint, n bigint) returns uuid language sql volatile as $$
  select (lpad(to_hex(ms), 12, '0') || '7' || substr(lpad(to_hex(n), 8, '0'), 1, 3) || '8' || substr(lpad(to_hex(n), 8, '0'), 4, 5)
    || right(gen_random_uuid()::text, 10))::uuid
$$;
