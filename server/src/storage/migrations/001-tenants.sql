-- Enables and forces row-level security on a table (or partition) of ours: only the rows of the tenant that the transaction
-- has set can be seen or written, by the owner as well. Call it in the migration that creates the table.
create function recourse_tenant_table(name regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', name);
  execute format('alter table %s force row level security', name);
  execute format(
    'create policy tenant on %s using (tenant_id = nullif(current_setting(''recourse.tenant_id'', true), '''')::uuid)', name);
end
$$;

create table tenant (
  tenant_id uuid primary key,
  name text not null,
  created_at timestamptz not null default now()
);
select recourse_tenant_table('tenant');
-- The list of tenants, for the server itself: dispatch, sweeps, sign-in.
create policy system on tenant using (current_setting('recourse.system', true) = 'on');
