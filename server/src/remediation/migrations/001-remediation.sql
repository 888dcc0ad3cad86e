-- Actions, their items, who moved an item from state to state, the vault's directory, and what automation may not take again.

create table action (
  tenant_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('move', 'soft-delete', 'hard-delete', 'quarantine', 'release', 'undo')),
  target text check (target in ('inbox', 'junk', 'deleted-items')),
  params jsonb not null,
  name text not null,
  description text not null,
  -- (kind, id, version) of what made somebody ask for this; null = nothing but the person
  cause jsonb,
  requested_by jsonb not null,
  approvals jsonb not null default '[]',
  decision text check (decision in ('rejected', 'cancelled', 'expired')),
  undo_of uuid,
  state text not null,
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  -- the way back: null = not needed or not tried yet
  proof jsonb,
  proven boolean not null default false,
  blocked_until timestamptz,
  problem text,
  n_total integer not null default 0,
  n_planned integer not null default 0,
  n_approved integer not null default 0,
  n_executing integer not null default 0,
  n_done integer not null default 0,
  n_already_there integer not null default 0,
  n_not_found integer not null default 0,
  n_skipped integer not null default 0,
  n_ambiguous integer not null default 0,
  n_failed integer not null default 0,
  n_verified integer not null default 0,
  n_retrying integer not null default 0,
  n_reverted integer not null default 0,
  primary key (tenant_id, id),
  foreign key (tenant_id, undo_of) references action (tenant_id, id)
);
create index action_newest on action (tenant_id, created_at desc, id desc);
create index action_undo_of on action (tenant_id, undo_of) where undo_of is not null;
select recourse_tenant_table('action');

create table action_item (
  tenant_id uuid not null,
  id uuid not null,
  action_id uuid not null,
  delivery_id uuid not null,
  message_id uuid not null,
  mailbox_id uuid,
  recipient text not null,
  state text not null check (state in
    ('planned', 'approved', 'executing', 'done', 'already-there', 'not-found', 'skipped', 'ambiguous', 'failed')),
  reason text,
  -- the item that this one takes back; the item whose message this one is another copy of
  undoes uuid,
  same_as uuid,
  reverted_by uuid,
  via text check (via in ('move', 'append', 'deliver', 'record')),
  -- where to: known when the plan is made
  target_kind text not null check (target_kind in ('folder', 'hold', 'store')),
  target_location text not null,
  target_folder text,
  target_folder_id text,
  -- the copy it is about, where that is known beforehand
  source_ref jsonb,
  source_state jsonb,
  -- flags and date to come back to
  wanted jsonb,
  -- before and after: plain where plans count them
  before_kind text,
  before_location text,
  before_folder text,
  before_ref jsonb,
  before_state jsonb,
  after_location text,
  after_folder text,
  after_ref jsonb,
  after_state jsonb,
  restorable boolean not null default true,
  -- what could not be put back as it was, in words
  lost jsonb,
  -- where the target folder's next message was to go, written before the move
  hold_position jsonb,
  vault_id uuid,
  epoch bigint,
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  verified_at timestamptz,
  updated_at timestamptz not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, action_id) references action (tenant_id, id)
);
create index action_item_of on action_item (tenant_id, action_id, id);
create index action_item_delivery on action_item (tenant_id, delivery_id);
create index action_item_undoes on action_item (tenant_id, undoes) where undoes is not null;
create index action_item_due on action_item (tenant_id, mailbox_id, id) where state in ('approved', 'executing');
create index action_item_retry on action_item (tenant_id, next_attempt_at) where state = 'failed' and next_attempt_at is not null;
select recourse_tenant_table('action_item');

create table item_transition (
  tenant_id uuid not null,
  seq bigint generated always as identity,
  item_id uuid not null,
  action_id uuid not null,
  at timestamptz not null,
  who text not null,
  from_state text,
  to_state text not null,
  why text,
  primary key (tenant_id, item_id, seq)
);
select recourse_tenant_table('item_transition');

-- How to build the exact bytes of a copy that was taken: `prefix` and then the blob.
create table vault (
  tenant_id uuid not null,
  id uuid not null,
  delivery_id uuid not null,
  prefix bytea not null,
  blob_key text not null,
  sha256 text not null,
  size bigint not null,
  created_at timestamptz not null,
  retention_until timestamptz not null,
  primary key (tenant_id, id)
);
create index vault_blob on vault (tenant_id, blob_key);
create index vault_delivery on vault (tenant_id, delivery_id);
create index vault_retention on vault (tenant_id, retention_until);
select recourse_tenant_table('vault');

-- Automation never takes this delivery again for this cause; a person may.
create table guard (
  tenant_id uuid not null,
  delivery_id uuid not null,
  cause_kind text not null,
  cause_id text not null,
  cause_version integer not null,
  set_by uuid not null,
  at timestamptz not null,
  primary key (tenant_id, delivery_id, cause_kind, cause_id, cause_version)
);
select recourse_tenant_table('guard');
