-- Receipts as compact blocks instead of rows: a round writes a handful of rows, however many receipts it gives.

create table receipt_blocks (
    block          bigint      primary key,
    last_message   bigint      not null,
    first_receipt  bigint      not null,
    last_receipt   bigint      not null,
    given_at       timestamptz not null,
    written        boolean     not null default false,
    content        bytea       not null
);
alter table receipt_blocks alter column content set storage external;
create index receipt_blocks_by_receipt on receipt_blocks (last_receipt);
create index receipt_blocks_by_time on receipt_blocks (given_at);
create index receipt_blocks_unwritten on receipt_blocks (block) where not written;
comment on table receipt_blocks is 'local. Every receipt, some thousands in a row, in the order of the messages that carry them; appended by the round that gives them.';
comment on column receipt_blocks.block is 'The number of the first outgoing message in it.';
comment on column receipt_blocks.given_at is 'The moment of the round, which its papers (messages.worked_at) and rulings (decisions.decided_at) bear too.';
comment on column receipt_blocks.written is 'Whether every message in it has its XML.';
comment on column receipt_blocks.content is 'Columns as an Arrow stream, or rows as JSON where they are few; compressed with Zstandard where that makes them shorter.';

-- What was given so far: the messages of one moment that follow each other, up to 40 in a block.
create temporary table moved on commit drop as
with turned as (
    select outbox_id, created_at,
           case when created_at is distinct from lag(created_at) over (order by outbox_id) then 1 else 0 end as begins
    from outbox
), rounds as (
    select outbox_id, created_at, sum(begins) over (order by outbox_id) as round from turned
), cut as (
    select outbox_id, created_at, round, (row_number() over (partition by round order by outbox_id) - 1) / 40 as part from rounds
)
select outbox_id, created_at, min(outbox_id) over (partition by round, part) as block,
       max(outbox_id) over (partition by round, part) as last_message
from cut;

insert into receipt_blocks (block, last_message, first_receipt, last_receipt, given_at, content)
select m.block, min(m.last_message), min(r.receipt_id), max(r.receipt_id), min(m.created_at),
       convert_to(json_agg(json_strip_nulls(json_build_object(
           'receipt_id', r.receipt_id, 'outbox_id', r.outbox_id, 'order_no', r.order_no,
           'recipient_code', r.recipient_code, 'message_type', r.message_type, 'answers', r.answers,
           'position', r.position, 'guid', r.guid, 'marketplace_code', r.marketplace_code,
           'merchant_code', r.merchant_code, 'provider_code', r.provider_code, 'payment_no', r.payment_no,
           'carrier_code', r.carrier_code, 'waybill_no', r.waybill_no, 'waybill_status', r.waybill_status,
           'declarant_code', r.declarant_code, 'customs_code', r.customs_code, 'operator_code', r.operator_code,
           'cop_no', r.cop_no, 'pre_no', r.pre_no, 'list_no', r.list_no, 'warehouse_in_no', r.warehouse_in_no,
           'tax_no', r.tax_no, 'return_status', r.return_status, 'return_info', r.return_info,
           'bill_duty', t.duty, 'bill_vat', t.vat, 'bill_consumption_tax', t.consumption_tax,
           'bill_guarantor_code', t.guarantor_code, 'bill_payment_no', t.duty_payment_no, 'bill_lines', t.lines))
           order by r.receipt_id)::text, 'UTF8')
from moved as m
join receipts as r using (outbox_id)
left join (select b.order_no, b.tax_no, b.duty, b.vat, b.consumption_tax, b.duty_payment_no, c.guarantor_code,
                  (select json_agg(json_build_object(
                              'line_no', a.line_no, 'hs_code', a.hs_code, 'dutiable_value', a.dutiable_value,
                              'duty', a.duty, 'consumption_tax', a.consumption_tax, 'vat', a.vat) order by a.line_no)
                   from assessed_lines as a
                   where a.order_no = b.order_no and a.marketplace_code = b.marketplace_code) as lines
           from tax_bills as b
           join clearings as c on c.order_no = b.order_no and c.marketplace_code = b.marketplace_code) as t
     on t.order_no = r.order_no and t.tax_no = r.tax_no and r.message_type in ('CEB816', 'CEB818')
group by m.block;

alter table outbox add column block bigint, add column first_receipt bigint, add column last_receipt bigint,
                   add column statuses text;
update outbox as o
set block = m.block, first_receipt = r.first_receipt, last_receipt = r.last_receipt, statuses = r.statuses
from moved as m
join (select outbox_id, min(receipt_id) as first_receipt, max(receipt_id) as last_receipt,
             string_agg(distinct return_status, ',') as statuses
      from receipts
      group by outbox_id) as r using (outbox_id)
where o.outbox_id = m.outbox_id;
alter table outbox alter column block set not null, alter column first_receipt set not null,
                   alter column last_receipt set not null, alter column statuses set not null;
create index outbox_about on outbox (answers) where message_type = 'CEB900';
comment on column outbox.block is 'The block its receipts are in.';
comment on column outbox.statuses is 'The return statuses it tells, joined by commas.';
comment on table outbox is 'local. Every message that goes out, without its XML. Its numbers rise in the order of commit.';

create table outbox_bodies (
    outbox_id  bigint  primary key,
    body       bytea   not null
);
alter table outbox_bodies alter column body set storage external;
comment on table outbox_bodies is 'local. The XML of outgoing messages, compressed with Zstandard (plain where it is older): written once, signed where a key is set, and the same ever after.';
insert into outbox_bodies (outbox_id, body) select outbox_id, body from outbox where body is not null;
alter table outbox drop column body;

create table receipt_tallies (
    message_type   text    not null,
    return_status  text    not null,
    receipts       bigint  not null,
    primary key (message_type, return_status)
) with (fillfactor = 20);
comment on table receipt_tallies is 'local. How many receipts of each type and status have been given.';
insert into receipt_tallies (message_type, return_status, receipts)
select message_type, return_status, count(*) from receipts group by message_type, return_status;

create table given_pre_nos (
    order_no  text     not null,
    answers   bigint   not null,
    position  integer  not null,
    pre_no    text     not null,
    primary key (order_no, answers, position)
);
comment on table given_pre_nos is 'distributed by order_no. The pre-entry numbers of papers that brought none and whose receipts demand one: the same in every receipt.';
insert into given_pre_nos (order_no, answers, position, pre_no)
select order_no, answers, position, max(pre_no)
from receipts
where pre_no is not null and message_type in ('CEB622', 'CEB624', 'CEB626', 'CEB712')
group by order_no, answers, position;

create table retold_orders (
    order_no  text         not null,
    given_at  timestamptz  not null,
    primary key (order_no, given_at)
);
comment on table retold_orders is 'distributed by order_no. When orders were answered for papers sent again, of which nothing else is kept.';
insert into retold_orders (order_no, given_at)
select distinct order_no, return_time from receipts where return_info like '重复报送%' and order_no <> '';

drop table receipts;
drop table moved;
