-- Items that ended in doubt with a copy in each of two folders that the user reaches: where both are, so that an analyst can say which one stays.
create table item_both (
  tenant_id uuid not null,
  item_id uuid not null,
  -- {"ref", "state", "location"} of the copy where the message was, and of the one where it should have gone
  source json not null,
  target json not null,
  primary key (tenant_id, item_id)
);
select recourse_tenant_table('item_both');

-- Items that take the other one away, and what takes those back: of which item in doubt, and which of its copies stays.
create table item_keep (
  tenant_id uuid not null,
  item_id uuid not null,
  of_id uuid not null,
  kept text not null check (kept in ('source', 'target')),
  primary key (tenant_id, item_id)
);
create index item_keep_of on item_keep (tenant_id, of_id);
select recourse_tenant_table('item_keep');
