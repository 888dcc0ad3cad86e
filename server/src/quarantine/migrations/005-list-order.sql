-- A page of the list is found by this alone, however much is held.
drop index held_copy_received;
create index held_copy_received on held_copy (tenant_id, received_at desc, message_id desc);
