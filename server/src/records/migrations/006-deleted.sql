-- What retention looks for: copies that were deleted, mailbox by mailbox; and delivered mail without a threat whose bytes are still kept.
create index delivery_deleted on delivery (tenant_id, mailbox_id, id) where latest_location in ('soft-deleted', 'hard-deleted');
create index message_clean on message (tenant_id, received_at) where threat = 'none' and blob_key <> '';
