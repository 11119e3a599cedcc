-- Messages are kept packed, and those that wait stand in a narrow table of their own: it is inserted into and deleted
-- from, while the wide row is changed once, in place (its page has room, and no index knows what changes).

create table waiting_messages (
    message_id   bigint      primary key,
    bytes        integer     not null,
    received_at  timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
comment on table waiting_messages is 'local. The messages of the inbox that wait to be read; a round takes the oldest out.';
comment on column waiting_messages.bytes is 'The size the message came with.';

insert into waiting_messages (message_id, bytes, received_at)
select message_id, octet_length(raw), received_at from messages where state = 'received';

drop index messages_waiting;

alter table messages
    add column packing text not null default 'plain' check (packing in ('plain', 'zstd')),
    add column bytes   integer;
alter table messages alter column raw set storage external;
alter table messages set (fillfactor = 50);
comment on column messages.packing is 'How the bytes are kept: as they came (plain), or compressed by Zstandard (zstd).';
comment on column messages.bytes is 'The size the message came with; null in rows kept before sizes were, which are plain.';
