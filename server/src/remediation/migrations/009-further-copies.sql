-- Further copies of a message that its user made; those that a redo has taken are looked for with every undo.
create index action_item_further on action_item (tenant_id, action_id) where same_as is not null and undoes is null;
