-- Policies for some recipients have names of their own: the verdict says by which one it was held.
create or replace function recourse_hold(copy delivery, by_hand boolean, again boolean) returns void language plpgsql as $$
declare
  m record;
  why text;
  policy text;
begin
  select x.received_at, x.threat, x.technology, x.parse_state, v.verdict->>'policy' as mode,
      v.inputs->'policy'->>'name' as name into m
    from message x left join verdict v on v.tenant_id = x.tenant_id and v.id = x.verdict_id
    where x.tenant_id = copy.tenant_id and x.id = copy.message_id;
  why := case
    when by_hand then 'admin-action'
    when m.threat <> 'none' then m.threat
    when m.parse_state = 'unparsable' then 'unparsable'
    else 'transport-rule' end;
  policy := case
    when by_hand then ''
    when m.technology = 'list-entry' then 'Tenant Allow/Block List'
    else coalesce(m.name, initcap(coalesce(m.mode, ''))) end;
  insert into held_copy (tenant_id, delivery_id, message_id, received_at, reason, policy_type, policy_name, held_at, expires_at, state)
  values (copy.tenant_id, copy.id, copy.message_id, m.received_at, why, recourse_policy_type(why), policy, now(),
    now() + recourse_quarantine_days(copy.tenant_id, m.threat) * interval '1 day', 'held')
  on conflict (tenant_id, delivery_id) do update set
    reason = case when again then held_copy.reason else excluded.reason end,
    policy_type = case when again then held_copy.policy_type else excluded.policy_type end,
    policy_name = case when again then held_copy.policy_name else excluded.policy_name end,
    held_at = excluded.held_at, expires_at = excluded.expires_at, state = 'held', state_at = null, state_by = null,
    extended_by = null, clearing = false;
end
$$;
