-- Nobody looks for an item by what it takes back: it is asked by its own id, by its action or by its copy.
drop index action_item_undoes;
