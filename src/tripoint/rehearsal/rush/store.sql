-- name: backends
-- Who is connected: the process of each backend and the name the client gave.
select pid, application_name from pg_stat_activity where pid is not null and backend_type = 'client backend';

-- name: extent
-- Bytes of the database on disk and where the write-ahead log stands, in bytes since the beginning.
select pg_database_size(current_database()) as bytes, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint as wal;

-- name: fates
-- What has become of the staged lists: state, what each waits for, its tax, when it was decided, the codes told about it.
select a.order_no, a.marketplace_code, c.state as outcome, c.waits_for, c.tax, c.decided_at,
       coalesce((select string_agg(distinct f.code, ',')
                 from findings as f
                 where f.order_no = c.order_no and f.marketplace_code = c.marketplace_code), '') as codes
from asked_lists as a
join clearings as c on c.order_no = a.order_no and c.marketplace_code = a.marketplace_code;

-- name: releases
-- How often each of the staged lists was released.
select a.order_no, a.marketplace_code, count(*)::integer as times
from asked_lists as a
join decisions as d on d.order_no = a.order_no and d.marketplace_code = a.marketplace_code
where d.state = 'released'
group by a.order_no, a.marketplace_code;

-- name: faults
-- The codes told about papers by themselves, of the staged lists' orders.
select a.order_no, string_agg(distinct p.code, ',') as codes
from asked_lists as a
join paper_faults as p on p.order_no = a.order_no
group by a.order_no;

-- name: known
-- How many of the staged lists are on the docket already.
select count(*)::integer as lists
from asked_lists as a
join clearings as c on c.order_no = a.order_no and c.marketplace_code = a.marketplace_code;
