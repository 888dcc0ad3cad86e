-- What an action brings into a mailbox waits as one row for hundreds of its items. `item_due` has what comes or comes back by itself: further
-- copies, and what failed.
create table action_due (
  tenant_id uuid not null,
  seq bigint generated always as identity,
  action_id uuid not null,
  mailbox_id uuid not null,
  -- the first of its items: what was submitted first is worked on first
  first uuid not null,
  -- also those that have ended already: the row goes with the last of them
  items uuid[] not null,
  primary key (tenant_id, seq)
);
alter table action_due alter column items set storage external;
create index action_due_mailbox on action_due (tenant_id, mailbox_id);
create index action_due_of on action_due (tenant_id, action_id);
select recourse_tenant_table('action_due');
