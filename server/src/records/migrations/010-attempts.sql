-- Of an attempt whose recipients are judged in groups, the key that all of its messages share; each group has an `attempt_key` of its own.
-- Null: the message is the whole attempt, and its `attempt_key` is the attempt's.
alter table message add column attempt text;
create index message_attempt_group on message (tenant_id, attempt) where attempt is not null;
