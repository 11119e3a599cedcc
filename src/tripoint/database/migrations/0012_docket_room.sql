-- A list on the docket is ruled on several times before it leaves it, and no index knows of what a ruling changes: with room
-- beside it on its page the indexes are left alone.

alter table live_clearings set (fillfactor = 40);
