-- Nobody looks for an item by what it takes back: it is asked by its own id, by its action or by its copy.
drop index action_item_undoes;
-- Items of one mailbox lie together and are begun together, and a take's grow by where their bytes are kept: with less room in its
-- page one change in nine moved an item to another page, and was told to every index again.
alter table action_item set (fillfactor = 33);
