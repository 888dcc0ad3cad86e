-- Indexes that every move of a copy had to be told of. What is held stands in the quarantine's own table; of a mailbox's copies the
-- mailbox alone is looked for; the timeline's key is in the order in which it is read.
drop index delivery_held;
drop index delivery_mailbox;
create index delivery_mailbox on delivery (tenant_id, mailbox_id);
alter table message_event drop constraint message_event_pkey;
alter table message_event add primary key (tenant_id, message_id, at, id);
drop index message_event_message;

-- Tables that are asked by keys: a small sample is enough for the planner, and nothing is planned by what is in such columns.
alter table message_event alter column detail set statistics 0, alter column summary set statistics 0, alter column actor set statistics 0,
  alter column id set statistics 10, alter column message_id set statistics 10, alter column delivery_id set statistics 10,
  alter column at set statistics 10, alter column kind set statistics 10, alter column tenant_id set statistics 10;
