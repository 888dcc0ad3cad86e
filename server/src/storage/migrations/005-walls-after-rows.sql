-- A migration that makes a table and fills it with the rows of all tenants could not write them: its own new wall stood in its way. While
-- a migration runs (`recourse.migrating`), the owner passes; at its end the wall is closed for him as well (storage/migrate.ts).
create or replace function recourse_tenant_table(name regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', name);
  if current_setting('recourse.migrating', true) is distinct from 'on' then
    execute format('alter table %s force row level security', name);
  end if;
  execute format(
    'create policy tenant on %s using (tenant_id = (select nullif(current_setting(''recourse.tenant_id'', true), '''')::uuid))', name);
end
$$;
