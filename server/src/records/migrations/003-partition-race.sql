-- As before, but the lock is the table's own: only locking a relation makes a session notice the partitions that others have made
-- since it looked. It stands in nobody's way but that of another maker of partitions.
create or replace function recourse_copy_fact_partition(instant timestamptz) returns void language plpgsql as $$
declare
  day timestamp := date_trunc('day', instant at time zone 'UTC');
  daily_from timestamp;
  first timestamp;
  last timestamp;
  partition text := 'copy_fact_' || to_char(day, 'YYYYMMDD');
begin
  if day < '1990-01-01' or to_regclass(partition) is not null then return; end if;
  select date_trunc('month', applied_at at time zone 'UTC') into daily_from
    from schema_migration where room = 'records' and number = 1;
  if day >= daily_from then
    first := day;
    last := day + interval '1 day';
  else
    first := date_trunc('month', day);
    last := first + interval '1 month';
    partition := 'copy_fact_' || to_char(first, 'YYYYMM');
    if to_regclass(partition) is not null then return; end if;
  end if;
  lock table copy_fact in share update exclusive mode;
  if to_regclass(partition) is not null then return; end if;
  execute format('create table %I (like copy_fact including defaults including constraints)', partition);
  perform recourse_tenant_table(partition::regclass);
  execute format('alter table copy_fact attach partition %I for values from (%L) to (%L)',
    partition, first at time zone 'UTC', last at time zone 'UTC');
end
$$;
