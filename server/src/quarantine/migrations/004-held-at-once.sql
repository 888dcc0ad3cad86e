-- What comes into quarantine and leaves it, once for all copies of a statement; told by whoever moves them what is happening
-- (`recourse.event`: kind, actor, id of the action). Looking that up in the timeline for each copy took longer than everything else, and
-- ever longer for a message with many copies.
create function recourse_held_or_left() returns trigger language plpgsql as $$
declare
  e json := nullif(current_setting('recourse.event', true), '')::json;
  by_hand boolean := false;
  again boolean := coalesce(e->>'kind' = 'restored', false);
  -- As arrays: of the rows of a statement the planner thinks that they are few, and would compare each with each.
  held uuid[] := array(select o.id from were o where o.latest_location = 'quarantine');
  days jsonb;
begin
  if exists (select from went n where n.latest_location = 'quarantine' and n.id <> all (held)) then
    if e->>'kind' = 'quarantined' then
      select a.requested_by->>'id' is not null into by_hand from action a
        where a.tenant_id = recourse_tenant() and a.id = nullif(e->>'actionId', '')::uuid;
      by_hand := coalesce(by_hand, false);
    end if;
    select jsonb_object_agg(x.threat, recourse_quarantine_days(recourse_tenant(), x.threat)) into days from (
      select 'none' as threat union
      select m.threat from went n join message m on m.tenant_id = n.tenant_id and m.id = n.message_id union
      select h.reason from went n join held_copy h on h.tenant_id = n.tenant_id and h.delivery_id = n.id where again) x;
    insert into held_copy (tenant_id, delivery_id, message_id, received_at, reason, policy_type, policy_name, held_at, expires_at, state)
    select c.tenant_id, c.id, c.message_id, c.received_at, c.why, recourse_policy_type(c.why), c.policy, now(),
      now() + (days->>(case when c.why in ('admin-action', 'unparsable', 'transport-rule') then 'none' else c.why end))::integer
        * interval '1 day', 'held'
    from (
      -- Brought back by an undo it is held for what it was held for before, but its time begins anew: nothing expires unseen.
      select n.tenant_id, n.id, n.message_id, x.received_at,
        coalesce((select h.reason from held_copy h where again and h.tenant_id = n.tenant_id and h.delivery_id = n.id),
          case when by_hand then 'admin-action' when x.threat <> 'none' then x.threat
            when x.parse_state = 'unparsable' then 'unparsable' else 'transport-rule' end) as why,
        coalesce((select h.policy_name from held_copy h where again and h.tenant_id = n.tenant_id and h.delivery_id = n.id),
          case when by_hand then '' when x.technology = 'list-entry' then 'Tenant Allow/Block List'
            else (select coalesce(v.inputs->'policy'->>'name', initcap(coalesce(v.verdict->>'policy', '')))
              from verdict v where v.tenant_id = x.tenant_id and v.id = x.verdict_id) end, '') as policy
      from went n join message x on x.tenant_id = n.tenant_id and x.id = n.message_id
      where n.latest_location = 'quarantine' and n.id <> all (held)
    ) c
    on conflict (tenant_id, delivery_id) do update set
      reason = excluded.reason, policy_type = excluded.policy_type, policy_name = excluded.policy_name, held_at = excluded.held_at,
      expires_at = excluded.expires_at, state = 'held', state_at = null, state_by = null, extended_by = null, clearing = false;
  end if;
  if exists (select from were o where o.latest_location in ('quarantine', 'soft-deleted', 'hard-deleted', 'dropped')) then
    update held_copy h set state_at = now(), state_by = e->>'actor', state = case
        when n.latest_location in ('soft-deleted', 'hard-deleted') then 'deleted'
        when n.latest_location = 'dropped' then 'expired'
        when n.id = any (held) and e->>'kind' in ('released', 'moved') then 'released'
        else 'elsewhere' end
      from went n
      where h.tenant_id = n.tenant_id and h.delivery_id = n.id and n.latest_location <> 'quarantine'
        and n.id = any (array(select o.id from were o where o.latest_location in ('quarantine', 'soft-deleted', 'hard-deleted', 'dropped')))
        and (n.id = any (held) or h.state in ('deleted', 'expired'))
        and n.id::text || n.latest_location <> all (array(select o.id::text || o.latest_location from were o));
  end if;
  return null;
end
$$;

drop trigger held_or_left on delivery;
create trigger held_or_left after update on delivery referencing old table as were new table as went
  for each statement execute function recourse_held_or_left();
