-- Questions that people of an organisation ask again and again, under a name.
create table saved_query (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  -- in lower case: no two names differ by that only
  name_key text not null,
  filter json not null,
  -- the last so many days; null: the filter says from when
  days integer,
  tracked boolean not null,
  author text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  last_run_at timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, name_key)
);
select recourse_tenant_table('saved_query');
