create table list_entry (
  tenant_id uuid not null,
  id uuid not null,
  version integer not null,
  action text not null check (action in ('allow', 'block')),
  kind text not null,
  value text not null,
  -- What an entity asks by: see lists/keys.ts.
  key text not null,
  origin text not null check (origin in ('direct', 'submission')),
  submission_id uuid,
  note text not null,
  expires_at timestamptz,
  created_by text not null,
  created_by_name text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  removed_at timestamptz,
  last_matched_at timestamptz,
  matches bigint not null default 0,
  primary key (tenant_id, id)
);
-- One entry a value and action; a removed one stays for its history.
create unique index list_entry_value on list_entry (tenant_id, kind, value, action) where removed_at is null;
create index list_entry_key on list_entry (tenant_id, kind, key) where removed_at is null;
select recourse_tenant_table('list_entry');

-- What an entry said at each version, and who made it say so. Append-only.
create table list_entry_version (
  tenant_id uuid not null,
  entry_id uuid not null,
  version integer not null,
  change text not null check (change in ('added', 'edited', 'renewed', 'removed')),
  at timestamptz not null,
  actor_id text not null,
  actor_name text not null,
  origin text not null,
  note text not null,
  expires_at timestamptz,
  primary key (tenant_id, entry_id, version),
  foreign key (tenant_id, entry_id) references list_entry (tenant_id, id)
);
select recourse_tenant_table('list_entry_version');
