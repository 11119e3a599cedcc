-- name: append
-- Appends blocks of receipts.
insert into receipt_blocks (block, last_message, first_receipt, last_receipt, given_at, content)
select block, last_message, first_receipt, last_receipt, %(at)s, content
from unnest(%(blocks)s::bigint[], %(last_messages)s::bigint[], %(first_receipts)s::bigint[],
            %(last_receipts)s::bigint[], %(contents)b::bytea[])
     as given (block, last_message, first_receipt, last_receipt, content)
order by block;

-- name: tally
-- Counts receipts given, by type and status.
insert into receipt_tallies as t (message_type, return_status, receipts)
select message_type, return_status, n
from unnest(%(types)s::text[], %(statuses)s::text[], %(counts)s::bigint[]) as g (message_type, return_status, n)
order by message_type, return_status
on conflict (message_type, return_status) do update set receipts = t.receipts + excluded.receipts;

-- name: retell
-- Keeps when orders were answered of which this moment leaves no other trace.
insert into retold_orders (order_no, given_at)
select distinct order_no, %(at)s::timestamptz from unnest(%(order_nos)s::text[]) as o (order_no) order by order_no
on conflict do nothing;

-- name: packs
-- The messages that carry receipts after a cursor, oldest first. The moment in which the next receipt was given bounds the
-- search, so that none before it is looked at.
select outbox_id, block, first_receipt, last_receipt
from outbox
where outbox_id >= (select min(block) from receipt_blocks
                    where given_at = (select given_at from receipt_blocks where last_receipt > %(after)s
                                      order by last_receipt limit 1))
  and last_receipt > %(after)s
  and (%(message_type)s::text is null or message_type = %(message_type)s)
  and (%(return_status)s::text is null or %(return_status)s = any(string_to_array(statuses, ',')))
order by outbox_id
limit %(most)s;

-- name: packs_to
-- The messages to one recipient that carry receipts after a cursor, oldest first, found as `packs` finds them.
select outbox_id, block, first_receipt, last_receipt
from outbox
where recipient_code = %(recipient_code)s
  and outbox_id >= (select min(block) from receipt_blocks
                    where given_at = (select given_at from receipt_blocks where last_receipt > %(after)s
                                      order by last_receipt limit 1))
  and last_receipt > %(after)s
  and (%(message_type)s::text is null or message_type = %(message_type)s)
  and (%(return_status)s::text is null or %(return_status)s = any(string_to_array(statuses, ',')))
order by outbox_id
limit %(most)s;

-- name: contents
-- Blocks by number, in order.
select block, given_at, content from receipt_blocks where block = any(%(blocks)s) order by block;

-- name: blocks_at
-- The numbers of the blocks that were given at one of some moments and hold receipts after a cursor, in order.
select block from receipt_blocks where given_at = any(%(moments)s) and last_receipt > %(after)s order by block;

-- name: moments_of_orders
-- When receipts about papers of some orders were given: as the papers were read (a ruling names those of a sealed list), as
-- their lists were ruled on, as returns were decided, and as papers sent again were told so.
with papers (message_id) as (
    select message_id from orders where order_no = any(%(order_nos)s)
    union select message_id from payments where order_no = any(%(order_nos)s)
    union select message_id from waybills where order_no = any(%(order_nos)s)
    union select message_id from lists where order_no = any(%(order_nos)s)
    union select message_id from cancellations where order_no = any(%(order_nos)s)
    union select message_id from return_requests where order_no = any(%(order_nos)s)
    union select message_id from paper_faults where order_no = any(%(order_nos)s)
    union select message_id from paper_versions where order_no = any(%(order_nos)s)
    union select split_part(split_part(paper, ':', 2), '/', 1)::bigint
    from decisions cross join lateral string_to_table(papers, ' ') as paper
    where order_no = any(%(order_nos)s) and papers <> ''
)
select worked_at as moment from messages join papers using (message_id) where worked_at is not null
union
select decided_at from decisions where order_no = any(%(order_nos)s)
union
select decided_at from returns where order_no = any(%(order_nos)s) and decided_at is not null
union
select given_at from retold_orders where order_no = any(%(order_nos)s);

-- name: moments_of_message
-- When one message was worked on, and when it was answered as a whole: one that was given up may be worked on again.
select worked_at as moment from messages where message_id = %(message_id)s and worked_at is not null
union
select created_at from outbox where answers = %(message_id)s and message_type = 'CEB900';

-- name: orders_of_waybills
-- The orders that waybills turned out to be for.
select order_no from paper_versions
where number = any(%(waybill_nos)s) and kind = 'waybill' and order_no <> ''
union
select order_no from sealed_lists where waybill_no = any(%(waybill_nos)s);

-- name: known_pre_nos
-- The pre-entry numbers that papers were given in earlier receipts.
select g.answers, g.position, g.pre_no
from unnest(%(order_nos)s::text[], %(answers)s::bigint[], %(positions)s::integer[]) as p (order_no, answers, position)
join given_pre_nos as g on g.order_no = p.order_no and g.answers = p.answers and g.position = p.position;

-- name: unwritten
-- The oldest block after another in which messages are without their XML and which nobody is writing; locked.
select block, last_message, given_at, content
from receipt_blocks
where not written and block > %(after)s
order by block
limit 1
for update skip locked;

-- name: unwritten_block
-- One block, if messages in it are without their XML; whoever writes it now is waited for.
select block, last_message, given_at, content from receipt_blocks where block = %(block)s and not written for update;

-- name: messages_of_block
-- The messages of one block that have no XML yet.
select o.outbox_id, o.recipient_code, o.message_type, o.message_guid, o.answers, o.created_at, o.receipts, o.block
from outbox as o
where o.outbox_id between %(block)s and %(last_message)s and o.block = %(block)s
  and not exists (select from outbox_bodies as b where b.outbox_id = o.outbox_id)
order by o.outbox_id;

-- name: set_written
-- Notes that every message of a block has its XML.
update receipt_blocks set written = true where block = %(block)s;

-- name: backlog
-- How many blocks wait for their XML.
select count(*) as blocks from receipt_blocks where not written;

-- name: unreadable
-- What a CEB900 tells of messages that could not be read.
select message_id, message_type, envelope_no, message_guid, refusal_code, refusal_text, packing, raw
from messages
where message_id = any(%(message_ids)s);

-- name: tallies
-- How many receipts of each type and status have been given.
select message_type, return_status, receipts from receipt_tallies order by message_type, return_status;
