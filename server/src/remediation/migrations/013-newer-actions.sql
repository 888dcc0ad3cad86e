-- Before an item goes on it is asked whether something that was decided later has begun.
create index action_started on action (tenant_id, started_at) where started_at is not null;
