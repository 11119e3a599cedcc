-- What N lists that were released long ago leave behind, written by the database itself. Keys that are random in service are
-- scattered (times a power of 3, which is a permutation below a power of 10); running numbers run. Nothing is ever asked of the
-- bytes of old messages and receipts, so they are short here.

-- name: done
-- How many settled lists have been filled in so far.
select coalesce(sum(lists), 0)::bigint as lists from sealed_totals where batch < 0;

-- name: fill_messages
-- The messages that brought some lists: four for each hundred, of four senders.
insert into messages (digest, sender_code, channel, received_at, raw, packing, bytes, state, message_type, message_guid, papers,
                      signature_policy, signature_state, signer_code, worked_at)
select sha256(convert_to('history ' || g || ' ' || k, 'UTF8')), '0000HIS' || lpad((k * 10 + g / 100 %% 4)::text, 3, '0'), 'api',
       timestamptz '2023-01-01' + g * interval '1 millisecond', '\x00', 'plain', 200000, 'read',
       (array['CEB311', 'CEB411', 'CEB511', 'CEB621'])[k + 1], upper(gen_random_uuid()::text), 100, 'require', 'valid',
       '0000HIS' || lpad((k * 10 + g / 100 %% 4)::text, 3, '0'), timestamptz '2023-01-01' + g * interval '1 millisecond'
from generate_series(%(first)s::bigint, %(last)s::bigint, 100) as g
cross join generate_series(0, 3) as k;

-- name: fill_lists
-- The settled lists from one number to another.
insert into sealed_lists
       (order_no, marketplace_code, merchant_code, declarant_code, carrier_code, waybill_no, provider_code, payment_no,
        guarantor_code, customs_code, supervision_mode, buyer_id, person_id, declared_on, cop_no, guid, pre_no, list_no,
        message_id, position, papers, codes, dutiable_value, duty, consumption_tax, vat, tax, channel, edition, received_at,
        decided_at, batch, lines, uses)
select to_char(date '2023-01-01' + (g %% 7)::integer, 'YYMMDD') || 'HIS' || scattered, '0000HIS' || lpad((g %% 4)::text, 3, '0'),
       '0000HIS' || lpad((g %% 8)::text, 3, '0'), '0000HIS' || lpad((30 + g %% 4)::text, 3, '0'),
       '0000HIS' || lpad((20 + g %% 4)::text, 3, '0'), 'TPHIS' || lpad((g %% 4)::text, 3, '0') || scattered,
       '0000HIS' || lpad((10 + g %% 3)::text, 3, '0'), '2023010212' || scattered || lpad((g %% 100000000)::text, 8, '0'),
       '0000HIS' || lpad((g %% 8)::text, 3, '0'), '9702', case when g %% 2 = 0 then '9610' else '1210' end, person, person,
       date '2023-01-01' + (g %% 7)::integer,
       to_char(date '2023-01-01' + (g %% 7)::integer, 'YYMMDD') || lpad(g::text, 12, '0'), upper(gen_random_uuid()::text),
       'B20230101' || lpad(g::text, 9, '0'), '97022023I' || lpad((g %% 1000000000)::text, 9, '0'), g / 100 * 4 + 4,
       (g %% 100)::integer,
       'list:' || (g / 100 * 4 + 4) || '/' || g %% 100 || ' order:' || (g / 100 * 4 + 1) || '/' || g %% 100 || ' payment:'
       || (g / 100 * 4 + 2) || '/' || g %% 100 || ' waybill:' || (g / 100 * 4 + 3) || '/' || g %% 100,
       '', 45418000, 0, 0, 4133000, 4133000, '70pct', 'history', timestamptz '2023-01-01' + g * interval '1 millisecond',
       timestamptz '2023-01-01' + g * interval '1 millisecond', %(batch)s,
       '1|9102120000|20418000|0|0|1858000|80000|130000|200000;2|2106909090|25000000|0|0|2275000|120000|130000|0',
       'value=45418000'
from (select g, lpad((g * 387420489 %% 10000000000)::text, 10, '0') as scattered,
             '92' || lpad((g / 5 * 3 + g %% 3) * 387420489 %% 10000000000 || '', 10, '0') || '010101' as person
      from generate_series(%(first)s::bigint, %(last)s::bigint) as g) as made;

-- name: fill_allowances
-- What their buyers have used of the year: three buyers for each five lists.
insert into allowances (person_id, year, allowance, used)
select '92' || lpad(n * 387420489 %% 10000000000 || '', 10, '0') || '010101', 2023, 'value', 75000000
from generate_series(%(first)s::bigint / 5 * 3, %(last)s::bigint / 5 * 3 + 2) as n
order by 1
on conflict do nothing;

-- name: fill_receipts
-- The blocks of receipts: one for each five hundred lists, five thousand receipts.
insert into receipt_blocks (block, last_message, first_receipt, last_receipt, given_at, written, content)
select g / 500 * 50 - 5000000000, g / 500 * 50 + 49 - 5000000000, g / 500 * 5000 - 500000000000,
       g / 500 * 5000 + 4999 - 500000000000, timestamptz '2023-01-01' + g * interval '1 millisecond', true, '\x00'
from generate_series(%(first)s::bigint, %(last)s::bigint, 500) as g;

-- name: fill_outbox
-- The messages that told them: fifty for each five hundred lists.
insert into outbox (outbox_id, recipient_code, message_type, message_guid, created_at, receipts, block, first_receipt,
                    last_receipt, statuses)
select g / 10 - 5000000000, '0000HIS' || lpad((g / 10 %% 15)::text, 3, '0'),
       (array['CEB312', 'CEB412', 'CEB512', 'CEB622', 'CEB816'])[g / 10 %% 5 + 1], upper(gen_random_uuid()::text),
       timestamptz '2023-01-01' + g * interval '1 millisecond', 100, g / 500 * 50 - 5000000000, g * 10 - 500000000000,
       g * 10 + 99 - 500000000000, '120'
from generate_series(%(first)s::bigint, %(last)s::bigint, 10) as g;

-- name: fill_transfers
-- What the guarantees were charged: eight transfers for each thousand lists.
insert into transfers (order_no, debit_account, credit_account, amount, reason, reference, posted_at)
select 'history/' || g, 'guarantee/0000HIS' || lpad((g / 125 %% 8)::text, 3, '0') || '/available',
       'guarantee/0000HIS' || lpad((g / 125 %% 8)::text, 3, '0') || '/pledged', 516625000, 'release', 'history',
       timestamptz '2023-01-01' + g * interval '1 millisecond'
from generate_series(%(first)s::bigint, %(last)s::bigint, 125) as g;

-- name: count_in
-- Counts the lists of one part.
insert into sealed_totals (batch, lists, tax)
values (%(batch)s, %(last)s::bigint - %(first)s::bigint + 1, (%(last)s::bigint - %(first)s::bigint + 1) * 4133000);

-- name: weigh
-- Lets the planner know what has been filled in, as its own upkeep would have by then.
analyze sealed_lists, sealed_totals, allowances, messages, outbox, receipt_blocks, transfers;

-- name: lazily
-- Lets a commit of this transaction be lost in a crash of the machine: what is filled in can be filled in again.
set local synchronous_commit = off;
