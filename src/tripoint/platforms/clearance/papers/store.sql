-- name: standing
-- The versions that count so far of the staged paper keys.
select v.kind, v.issuer_code, v.number, v.order_no, v.marketplace_code, v.app_type, v.app_time, v.digest, v.state,
       v.owner_code, v.stored, v.message_id, v.position
from arriving_keys as k
join paper_versions as v on v.number = k.number and v.kind = k.kind and v.issuer_code = k.issuer_code;

-- name: siblings
-- The papers that stand under the staged orders so far, and whether they have rows of their own.
select v.kind, v.message_id, v.position, v.order_no, v.stored
from (select distinct order_no from arriving_keys where order_no <> '') as k
join paper_versions as v on v.order_no = k.order_no;

-- name: list_states
-- Where the lists of some orders stand, their numbers, and the waybills they name.
select order_no, marketplace_code, state, pre_no, list_no, declarant_code, carrier_code, waybill_no
from live_clearings
where order_no = any(%(order_nos)s);

-- name: put_versions
-- Makes the staged versions the ones that count, in place of those of the same keys.
insert into paper_versions as v
       (kind, issuer_code, number, order_no, marketplace_code, app_type, app_time, digest, state, message_id, position, owner_code,
        stored)
select kind, issuer_code, number, order_no, marketplace_code, app_type, app_time, digest, state, message_id, position, owner_code,
       stored
from accepted_versions
order by number, kind, issuer_code
on conflict (number, kind, issuer_code) do update
set order_no = excluded.order_no, marketplace_code = excluded.marketplace_code, app_type = excluded.app_type,
    app_time = excluded.app_time, digest = excluded.digest, state = excluded.state,
    message_id = excluded.message_id, position = excluded.position, owner_code = excluded.owner_code,
    stored = excluded.stored;

-- name: lists_of_waybills
-- The orders of lists that name the staged waybills, for waybills that do not say their order.
select k.carrier_code, k.waybill_no, min(c.order_no) as order_no
from orphan_waybills as k
join live_clearings as c on c.waybill_no = k.waybill_no and c.carrier_code = k.carrier_code
where c.state in ('waiting', 'held', 'refused')
group by k.carrier_code, k.waybill_no;

-- name: unpark
-- Forgets parked versions of the staged waybills, which are older and name their order.
delete from parked_waybills as p
using spoken_waybills as k
where p.waybill_no = k.waybill_no and p.carrier_code = k.carrier_code and p.app_time <= k.app_time;

-- name: name_orders
-- Writes down the order that the staged waybills turned out to be for.
update paper_versions as v
set order_no = k.order_no
from named_waybills as k
where v.number = k.waybill_no and v.kind = 'waybill' and v.issuer_code = k.carrier_code and v.order_no = '';

-- name: take_back_leaving
-- Removes the withdrawals that the staged waybills left under the very order they turned out to be for.
delete from waybills as w
using named_waybills as k
where w.order_no = k.order_no and w.message_id = k.message_id and w.position = k.position;

-- name: take_parked
-- Takes the parked waybills that the staged lists name, and leaves none of them behind.
delete from parked_waybills as p
using accepted_lists as k
where p.waybill_no = k.waybill_no and p.carrier_code = k.carrier_code
returning p.message_id, p.position, p.guid, p.app_type, p.app_time, p.app_status, p.carrier_code, p.carrier_name,
          p.waybill_no, p.bill_no, k.order_no as order_no, p.freight, p.insurance, p.currency, p.weight,
          p.package_count, p.goods_info, p.consignee, p.consignee_address, p.consignee_telephone, p.note,
          p.recipient_code;

-- name: open_lists
-- Puts the staged lists on the docket; one declared again keeps its pre-entry number and is open again.
insert into live_clearings as c
       (order_no, marketplace_code, merchant_code, declarant_code, carrier_code, waybill_no, guarantor_code,
        customs_code, supervision_mode, buyer_id, declared_on, cop_no, guid, pre_no, state, message_id, position,
        received_at)
select order_no, marketplace_code, merchant_code, declarant_code, carrier_code, waybill_no, guarantor_code,
       customs_code, supervision_mode, buyer_id, declared_on, cop_no, guid, pre_no, state, message_id, position,
       received_at
from docketed_lists
order by order_no, marketplace_code
on conflict (order_no, marketplace_code) do update
set merchant_code = excluded.merchant_code, declarant_code = excluded.declarant_code,
    carrier_code = excluded.carrier_code, waybill_no = excluded.waybill_no, guarantor_code = excluded.guarantor_code,
    customs_code = excluded.customs_code, supervision_mode = excluded.supervision_mode, buyer_id = excluded.buyer_id,
    declared_on = excluded.declared_on, cop_no = excluded.cop_no, guid = excluded.guid, state = excluded.state,
    message_id = excluded.message_id, position = excluded.position, received_at = excluded.received_at;

-- name: withdraw_lists
-- Takes the staged lists off the docket.
update live_clearings as c
set state = 'withdrawn', waits_for = '', decided_at = %(at)s
from withdrawn_lists as s
where c.order_no = s.order_no and c.marketplace_code = s.marketplace_code;

-- name: any_parked
-- Whether any waybill waits for a list to name it.
select exists (select from parked_waybills) as parked;

-- name: take_awaited
-- The orders whose lists wait for the staged payments and waybills, those left out that were not taken; they wait no longer.
delete from awaited_papers as a
using arriving_keys as k
where a.number = k.number and a.kind = k.kind and a.issuer_code = k.issuer_code
  and a.kind || chr(31) || a.issuer_code || chr(31) || a.number <> all(%(but)s)
returning a.order_no;

-- name: waiting_papers_of
-- The papers of some orders that have no rows of their own.
select kind, message_id, position, order_no from paper_versions where order_no = any(%(order_nos)s) and not stored;

-- name: mark_stored
-- Marks some orders' papers as having rows of their own.
update paper_versions set stored = true where order_no = any(%(order_nos)s) and not stored;
