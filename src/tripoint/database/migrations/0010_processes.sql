-- The processes that serve and work, so that each can tell of all of them. Unlogged: after a crash they say so again.

create unlogged table processes (
    process     text        primary key,
    kind        text        not null,
    started_at  timestamptz not null default now(),
    seen_at     timestamptz not null default now(),
    figures     text        not null
) with (fillfactor = 50);
comment on table processes is 'local. Each running process, when it was last seen, and its figures for Prometheus.';
comment on column processes.figures is 'What it counts, as registers.processes.figures tells it.';
