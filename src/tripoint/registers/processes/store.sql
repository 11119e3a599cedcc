-- name: seen
-- A process is seen, and says what it counts.
insert into processes as p (process, kind, figures) values (%(process)s, %(kind)s, %(figures)s)
on conflict (process) do update set seen_at = now(), figures = excluded.figures

-- name: forget_the_silent
-- Removes processes that have not been seen for a time.
delete from processes where seen_at < now() - %(after)s::interval or seen_at > now() + %(after)s::interval

-- name: leave
-- A process has ended.
delete from processes where process = %(process)s

-- name: alive
-- The processes seen lately: what each is, for how many seconds it has not been seen, what it counts.
select process, kind, greatest(0, extract(epoch from now() - seen_at))::float8 as seconds, figures
from processes
where seen_at between now() - %(within)s::interval and now() + %(within)s::interval
order by process
