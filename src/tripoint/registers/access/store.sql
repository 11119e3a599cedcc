-- name: save_key
-- One new key.
insert into api_keys (key_id, secret_hash, enterprise_code, name, scopes, created_at, expires_at, opened_with)
values (%(key_id)s, %(secret_hash)s, %(enterprise_code)s, %(name)s, %(scopes)s, %(created_at)s, %(expires_at)s,
        %(opened_with)s)

-- name: find_key
-- The key of one number; one that was opened with another ends and is revoked where that is.
select k.key_id, k.secret_hash, k.enterprise_code, k.name, k.scopes, k.created_at, k.last_used_at, k.opened_with,
       least(k.expires_at, o.expires_at) as expires_at, least(k.revoked_at, o.revoked_at) as revoked_at
from api_keys as k
left join api_keys as o on o.key_id = k.opened_with
where k.key_id = %(key_id)s

-- name: list_keys
-- Keys after a number; those of one enterprise (empty: the operator's) where one is named. Ends are told as by find_key.
select k.key_id, k.enterprise_code, k.name, k.scopes, k.created_at, k.last_used_at, k.opened_with,
       least(k.expires_at, o.expires_at) as expires_at, least(k.revoked_at, o.revoked_at) as revoked_at
from api_keys as k
left join api_keys as o on o.key_id = k.opened_with
where k.key_id > %(after)s and (%(everybody)s or k.enterprise_code = %(enterprise_code)s)
order by k.key_id
limit %(limit)s

-- name: revoke_key
-- One key is revoked, if it was not.
update api_keys set revoked_at = %(revoked_at)s where key_id = %(key_id)s and revoked_at is null

-- name: note_use
-- One key was used; where another is just writing that, nothing waits.
update api_keys set last_used_at = %(now)s
where key_id = (select key_id from api_keys
                where key_id = %(key_id)s and (last_used_at is null or last_used_at <= %(before)s)
                for update skip locked)

-- name: save_endpoint
-- The number of one new endpoint; none where the enterprise has one at that address.
insert into webhook_endpoints (enterprise_code, url, secret, message_types, created_at, key_id)
values (%(enterprise_code)s, %(url)s, %(secret)s, %(message_types)s, %(created_at)s, %(key_id)s)
on conflict (enterprise_code, url) do nothing
returning endpoint_id

-- name: count_active
-- How many endpoints of one enterprise are in use.
select count(*) from webhook_endpoints where enterprise_code = %(enterprise_code)s and active

-- name: find_endpoint
-- The endpoint of one number.
select * from webhook_endpoints where endpoint_id = %(endpoint_id)s

-- name: list_endpoints
-- Endpoints after a number; those of one enterprise where one is named.
select *
from webhook_endpoints
where endpoint_id > %(after)s and (%(everybody)s or enterprise_code = %(enterprise_code)s)
order by endpoint_id
limit %(limit)s

-- name: set_active
-- One endpoint is switched on or off.
update webhook_endpoints set active = %(active)s where endpoint_id = %(endpoint_id)s

-- name: set_secret
-- One endpoint has another secret.
update webhook_endpoints set secret = %(secret)s where endpoint_id = %(endpoint_id)s

-- name: in_use_by_key
-- The endpoints in use that one key registered.
select endpoint_id from webhook_endpoints where key_id = %(key_id)s and active order by endpoint_id

-- name: enqueue
-- A delivery of each staged message to each active endpoint of its recipient that wants its type.
insert into webhook_deliveries (outbox_id, endpoint_id, state, next_attempt_at, created_at)
select m.outbox_id, e.endpoint_id, 'due', %(now)s, %(now)s
from staged_messages as m
join webhook_endpoints as e on e.enterprise_code = m.recipient_code
where e.active and (e.message_types = '{}' or m.message_type = any(e.message_types))
order by m.outbox_id, e.endpoint_id
on conflict (outbox_id, endpoint_id) do nothing

-- name: claim
-- Due deliveries to active endpoints, taken up until their lease ends; what another has taken up is passed over.
-- Of each endpoint only the oldest that is not over: what follows waits for it, so that all arrive in order. Of each
-- enterprise so many as its share leaves room for beside those under way.
update webhook_deliveries as d set next_attempt_at = %(lease_until)s
from webhook_endpoints as e
where e.endpoint_id = d.endpoint_id
  and d.delivery_id in (
    select w.delivery_id
    from (select v.enterprise_code, f.delivery_id,
                 row_number() over (partition by v.enterprise_code order by f.next_attempt_at, f.delivery_id) as place
          from webhook_endpoints as v
          cross join lateral (select delivery_id, next_attempt_at
                              from webhook_deliveries
                              where endpoint_id = v.endpoint_id and state = 'due'
                              order by delivery_id
                              limit 1) as f
          where v.active and f.next_attempt_at <= %(now)s) as o
    join webhook_deliveries as w on w.delivery_id = o.delivery_id
    where w.state = 'due' and w.next_attempt_at <= %(now)s
      and o.place + cardinality(array_positions(%(under_way)s::text[], o.enterprise_code)) <= %(share)s
    order by w.next_attempt_at, w.delivery_id
    limit %(limit)s
    for update of w skip locked)
returning d.delivery_id, d.outbox_id, d.attempts, e.enterprise_code, e.url, e.secret

-- name: finish
-- One attempt has ended: the delivery is over, or due again later.
update webhook_deliveries set
    state = %(state)s, attempts = attempts + 1, next_attempt_at = coalesce(%(next_attempt_at)s, next_attempt_at),
    finished_at = %(finished_at)s, last_error = %(last_error)s
where delivery_id = %(delivery_id)s and state = 'due'

-- name: find_delivery
-- The delivery of one number.
select * from webhook_deliveries where delivery_id = %(delivery_id)s

-- name: list_deliveries
-- Deliveries of one endpoint before a number, newest first.
select *
from webhook_deliveries
where endpoint_id = %(endpoint_id)s and delivery_id < %(before)s
order by delivery_id desc
limit %(limit)s

-- name: redeliver
-- One delivery that was given up is due again, from the beginning.
update webhook_deliveries set state = 'due', attempts = 0, next_attempt_at = %(now)s, finished_at = null
where delivery_id = %(delivery_id)s and state = 'given_up'
