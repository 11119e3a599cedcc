-- name: packed
-- The receipts of the staged outgoing messages, in the order they were given.
select r.receipt_id, r.outbox_id, r.order_no, r.recipient_code, r.message_type, r.answers, r.position, r.guid,
       r.marketplace_code, r.merchant_code, r.provider_code, r.payment_no, r.carrier_code, r.waybill_no,
       r.waybill_status, r.declarant_code, r.customs_code, r.operator_code, r.cop_no, r.pre_no, r.list_no,
       r.warehouse_in_no, r.tax_no, r.return_status, r.return_info, r.return_time
from wanted_outbox as w
join receipts as r on r.outbox_id = w.outbox_id
order by r.receipt_id;

-- name: bills
-- The tax bills that the staged outgoing messages carry.
select r.outbox_id, r.position, r.guid, r.return_time, t.list_no, t.tax_no, t.duty as customs_tax,
       t.vat as value_added_tax, t.consumption_tax, r.return_status as status, t.duty_payment_no, c.guarantor_code,
       c.merchant_code, c.carrier_code, c.declarant_code, c.customs_code, c.order_no, c.waybill_no, r.receipt_id
from wanted_outbox as w
join receipts as r on r.outbox_id = w.outbox_id
join tax_bills as t on t.order_no = r.order_no and t.tax_no = r.tax_no
join clearings as c on c.order_no = t.order_no and c.marketplace_code = t.marketplace_code
where r.message_type in ('CEB816', 'CEB818')
order by r.receipt_id;

-- name: bill_lines
-- The lines of the tax bills that the staged outgoing messages carry.
select r.receipt_id, a.line_no, a.hs_code, a.dutiable_value as tax_price, a.duty as customs_tax,
       a.vat as value_added_tax, a.consumption_tax
from wanted_outbox as w
join receipts as r on r.outbox_id = w.outbox_id
join tax_bills as t on t.order_no = r.order_no and t.tax_no = r.tax_no
join assessed_lines as a on a.order_no = t.order_no and a.marketplace_code = t.marketplace_code
where r.message_type = 'CEB816'
order by r.receipt_id, a.line_no;

-- name: unreadable
-- What a CEB900 tells of messages that could not be read.
select message_id, message_type, envelope_no, message_guid, refusal_code, refusal_text, packing, raw
from messages
where message_id = any(%(message_ids)s);

-- name: receipts
-- Receipts after a cursor, oldest first; filters that are null do not count.
select receipt_id, outbox_id, order_no, recipient_code, message_type, answers, position, guid, marketplace_code,
       merchant_code, provider_code, payment_no, carrier_code, waybill_no, waybill_status, declarant_code,
       customs_code, operator_code, cop_no, pre_no, list_no, warehouse_in_no, tax_no, return_status, return_info,
       return_time
from receipts
where receipt_id > %(after)s
  and (%(recipient_code)s::text is null or recipient_code = %(recipient_code)s)
  and (%(order_no)s::text is null or order_no = %(order_no)s)
  and (%(message_type)s::text is null or message_type = %(message_type)s)
  and (%(return_status)s::text is null or return_status = %(return_status)s)
  and (%(answers)s::bigint is null or answers = %(answers)s)
order by receipt_id
limit %(most)s;

-- name: known_pre_nos
-- The pre-entry numbers that the staged papers were given in earlier receipts.
select r.answers, r.position, max(r.pre_no) as given
from answered_papers as p
join receipts as r on r.order_no = p.order_no and r.answers = p.answers and r.position = p.position
where r.pre_no is not null
group by r.answers, r.position;
