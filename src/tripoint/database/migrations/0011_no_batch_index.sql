-- No statement looks sealed lists up by the round that sealed them; keeping an index of it cost each of them.

drop index sealed_lists_by_batch;
