-- How long what is kept: one document, a new version with every change.
create table retention_version (
  tenant_id uuid not null,
  version integer not null,
  retention jsonb not null,
  at timestamptz not null default now(),
  by text not null,
  primary key (tenant_id, version)
);
select recourse_tenant_table('retention_version');
