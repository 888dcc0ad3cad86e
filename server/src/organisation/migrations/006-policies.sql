-- Policies for some recipients beside the one for everybody: one document, a new version with every change.
create table mail_policies_version (
  tenant_id uuid not null,
  version integer not null,
  policies jsonb not null,
  at timestamptz not null default now(),
  by text not null,
  primary key (tenant_id, version)
);
select recourse_tenant_table('mail_policies_version');
