-- name: put
-- The number of each message that is new; those whose bytes the same sender had sent before are left out.
with added as (
    insert into messages (digest, sender_code, channel, name, received_at, raw, packing, bytes)
    select digest, sender_code, channel, name, %(received_at)s, raw, 'zstd', bytes
    from unnest(%(digests)b::bytea[], %(sender_codes)b::text[], %(channels)b::text[], %(names)b::text[],
                %(packed)b::bytea[], %(sizes)b::int4[])
         with ordinality as posted (digest, sender_code, channel, name, raw, bytes, place)
    order by place
    on conflict (sender_code, digest) do nothing
    returning message_id, sender_code, digest, bytes
), queued as (
    insert into waiting_messages (message_id, bytes, received_at)
    select message_id, bytes, %(received_at)s from added
)
select message_id, sender_code, digest from added;

-- name: known
-- The messages with these digests from these senders.
select m.message_id, m.sender_code, m.digest, m.received_at, m.state
from unnest(%(digests)b::bytea[], %(sender_codes)b::text[]) as posted (digest, sender_code)
join messages as m on m.sender_code = posted.sender_code and m.digest = posted.digest;

-- name: oldest
-- The oldest waiting messages after a number, whoever may be working on them.
select message_id, bytes from waiting_messages where message_id > %(after)s order by message_id limit %(most)s;

-- name: next_round
-- The number of a round of work.
select nextval('rounds');

-- name: claim
-- Those of some messages that still wait and that nobody is working on; claimed to the transaction's end.
select message_id, bytes
from waiting_messages
where message_id = any(%(message_ids)s)
order by message_id
for update skip locked;

-- name: contents
-- Messages with their bytes, in the order they came.
select message_id, sender_code, received_at, packing, raw
from messages
where message_id = any(%(message_ids)s)
order by message_id;

-- name: receive_again
-- Puts the messages that failed by a fault of ours back among those that wait.
with again as (
    update messages
    set state = 'received', refusal_code = null, refusal_text = null, worked_at = null
    where state = 'unreadable' and refusal_code = %(code)s
    returning message_id, coalesce(bytes, octet_length(raw)) as bytes, received_at
)
insert into waiting_messages (message_id, bytes, received_at) select message_id, bytes, received_at from again;

-- name: mark
-- Writes down what was made of each staged message.
update messages as m
set state = s.state, message_type = s.message_type, message_guid = s.message_guid, envelope_no = s.envelope_no,
    cop_code = s.cop_code, dxp_id = s.dxp_id, papers = s.papers, signature_policy = s.signature_policy,
    signature_state = s.signature_state, signature_reason = s.signature_reason, signer_code = s.signer_code,
    refusal_code = s.refusal_code, refusal_text = s.refusal_text, worked_at = %(at)s
from marked_messages as s
where m.message_id = s.message_id;

-- name: leave
-- Takes messages out of those that wait.
delete from waiting_messages where message_id = any(%(message_ids)s);

-- name: is_waiting
-- Whether any message waits, whoever may be working on it.
select exists (select from waiting_messages) as waiting;

-- name: waiting
-- How many messages wait to be read, how large they came, and since when the oldest does.
select count(*) as messages, coalesce(sum(bytes), 0)::bigint as bytes, min(received_at) as oldest_at from waiting_messages;

-- name: standing
-- How many messages there are in each state, and the newest of them all.
select state, count(*) as messages, max(message_id) as newest_id, max(received_at) as newest_at
from messages
group by state
order by state;

-- name: newest
-- The newest message, by its number.
select message_id, received_at from messages order by message_id desc limit 1;

-- name: message
-- One message without its bytes; for an enterprise only its own.
select message_id, sender_code, channel, name, received_at, coalesce(bytes, octet_length(raw)) as bytes, encode(digest, 'hex') as digest,
       state, message_type, message_guid, envelope_no, cop_code, dxp_id, papers, signature_policy, signature_state,
       signature_reason, signer_code, refusal_code, refusal_text, worked_at
from messages
where message_id = %(message_id)s and (%(sender_code)s::text is null or sender_code = %(sender_code)s);

-- name: messages
-- Messages, newest first, below a cursor; filters that are null do not count.
select message_id, sender_code, channel, name, received_at, coalesce(bytes, octet_length(raw)) as bytes, state, message_type,
       message_guid, papers, signature_policy, signature_state, signature_reason, signer_code, refusal_code,
       refusal_text, worked_at
from messages
where (%(before)s::bigint is null or message_id < %(before)s)
  and (%(sender_code)s::text is null or sender_code = %(sender_code)s)
  and (%(state)s::text is null or state = %(state)s)
  and (%(message_type)s::text is null or message_type = %(message_type)s)
order by message_id desc
limit %(most)s;

-- name: raw
-- The bytes of one message as they came.
select packing, raw from messages where message_id = %(message_id)s and (%(sender_code)s::text is null or sender_code = %(sender_code)s);

-- name: outgoing
-- Outgoing messages after a cursor, oldest first.
select outbox_id, recipient_code, message_type, message_guid, answers, created_at, receipts, block
from outbox
where outbox_id > %(after)s and (%(message_type)s::text is null or message_type = %(message_type)s)
order by outbox_id
limit %(most)s;

-- name: outgoing_to
-- Outgoing messages to one recipient after a cursor, oldest first.
select outbox_id, recipient_code, message_type, message_guid, answers, created_at, receipts, block
from outbox
where recipient_code = %(recipient_code)s and outbox_id > %(after)s
  and (%(message_type)s::text is null or message_type = %(message_type)s)
order by outbox_id
limit %(most)s;

-- name: outgoing_of
-- Outgoing messages by number.
select outbox_id, recipient_code, message_type, message_guid, answers, created_at, receipts, block
from outbox
where outbox_id = any(%(outbox_ids)s)
order by outbox_id;

-- name: bodies
-- The bodies of outgoing messages, of those that have one.
select outbox_id, body from outbox_bodies where outbox_id = any(%(outbox_ids)s);

-- name: bodies_from
-- Outgoing messages (to one recipient, or to all) from a number on, each with its body where it has one, as far as so many
-- bytes reach.
select outbox_id, recipient_code, body
from (
    select o.outbox_id, o.recipient_code, b.body,
           sum(octet_length(b.body)) over (order by o.outbox_id rows between unbounded preceding and 1 preceding) as before
    from (
        select outbox_id, recipient_code
        from outbox
        where (%(recipient_code)s::text is null or recipient_code = %(recipient_code)s) and outbox_id >= %(first)s
        order by outbox_id
        limit %(most)s
    ) as o
    left join outbox_bodies as b using (outbox_id)
) as found
where coalesce(before, 0) < %(bytes_most)s
order by outbox_id;

-- name: newest_outgoing
-- The number of the newest outgoing message; 0 where none has gone out.
select coalesce(max(outbox_id), 0) as outbox_id from outbox;

-- name: keep_bodies
-- Keeps the bodies of outgoing messages that have none yet.
insert into outbox_bodies (outbox_id, body)
select n.outbox_id, n.body
from unnest(%(outbox_ids)s::bigint[], %(bodies)b::bytea[]) as n (outbox_id, body)
order by n.outbox_id
on conflict (outbox_id) do nothing;

-- name: is_numbering
-- Whether the database has got as far as numbering anything.
select to_regclass('counters') is not null;

-- name: leave_gap
-- Passes over numbers in every scope papers are numbered by; cursors, which are counters too, stay.
update counters
set last = last + %(gap)s
where scope in ('outbox', 'receipt', 'batch') or scope like '%%/%%';

-- name: begin_after_gap
-- Passes over numbers in the scopes named that no number was taken of.
insert into counters (scope, last) select scope, %(gap)s from unnest(%(scopes)s::text[]) as w (scope) order by scope
on conflict (scope) do nothing;

-- name: leave_gap_in_sequences
-- Passes over numbers of every column that is numbered by the database.
select count(setval(format('%%I.%%I', schemaname, sequencename)::regclass, coalesce(last_value, 0) + %(gap)s)) as sequences
from pg_sequences
where schemaname = current_schema();

-- name: next_numbers
-- For each scope the last number after taking n more; the numbers taken are last - n + 1 to last.
insert into counters as c (scope, last)
select scope, n from unnest(%(scopes)s::text[], %(counts)s::bigint[]) as w (scope, n) order by scope
on conflict (scope) do update set last = c.last + excluded.last
returning c.scope, c.last;
