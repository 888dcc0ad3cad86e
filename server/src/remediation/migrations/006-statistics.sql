-- Tables that grow by thousands of rows a second and are asked by keys: a small sample is enough for the planner.
do $$
declare
  c record;
begin
  for c in select a.attrelid::regclass as name, a.attname, case when a.attrelid = 'action_item'::regclass then 30 else 10 end as target
    from pg_attribute a where a.attnum > 0 and not a.attisdropped
      and a.attrelid in ('action_item'::regclass, 'item_seen'::regclass, 'item_history'::regclass, 'item_due'::regclass, 'vault'::regclass)
  loop
    execute format('alter table %s alter column %I set statistics %s', c.name, c.attname, c.target);
  end loop;
end
$$;
