-- A sender is looked for among both addresses, the one shown and the one of the envelope.
create index message_mail_from on message (tenant_id, mail_from, received_at desc);
