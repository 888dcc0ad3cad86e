-- An index that speaks of a copy's place makes every move of the copy write into all indexes of the table. What was deleted is found by the
-- facts, and in a mailbox by the mailbox; and a page keeps room for the copies in it to move.
drop index delivery_deleted;
alter table delivery set (fillfactor = 80);
