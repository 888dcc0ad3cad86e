-- What users told their mailboxes: Safe Senders and Blocked Senders.
create table user_sender (
  tenant_id uuid not null,
  mailbox_id uuid not null,
  list text not null check (list in ('safe', 'blocked')),
  -- An address or a domain, lower case.
  value text not null,
  at timestamptz not null default now(),
  primary key (tenant_id, mailbox_id, list, value),
  foreign key (tenant_id, mailbox_id) references mailbox (tenant_id, id)
);
select recourse_tenant_table('user_sender');
create index user_sender_value on user_sender (tenant_id, value);
