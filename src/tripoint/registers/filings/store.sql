-- name: enterprises
-- Every filed enterprise, in the order of its code.
select enterprise_code, name, marketplace, merchant, payment_provider, carrier, declarant, guarantor, warehouse,
       place_operator, realtime_payment_data, since, until, source
from enterprises
order by enterprise_code

-- name: find_enterprise
-- The enterprise of one code.
select * from enterprises where enterprise_code = %(enterprise_code)s

-- name: search_enterprises
-- Enterprises after a code whose code begins with the text or whose name holds it; only those of the role where one is named.
select *
from enterprises
where enterprise_code > %(after)s
  and (starts_with(lower(enterprise_code), lower(%(text)s)) or position(lower(%(text)s) in lower(name)) > 0)
  and case %(role)s
        when '' then true
        when 'marketplace' then marketplace
        when 'merchant' then merchant
        when 'payment_provider' then payment_provider
        when 'carrier' then carrier
        when 'declarant' then declarant
        when 'guarantor' then guarantor
        when 'warehouse' then warehouse
        when 'place_operator' then place_operator
        else false
      end
order by enterprise_code
limit %(limit)s

-- name: filed_enterprises
-- The enterprises whose codes are staged.
select e.* from enterprises as e join staged_codes as s on s.code = e.enterprise_code

-- name: save_enterprises
-- The staged enterprises, new or changed.
insert into enterprises as e (
    enterprise_code, name, marketplace, merchant, payment_provider, carrier, declarant, guarantor, warehouse,
    place_operator, realtime_payment_data, since, until, source)
select enterprise_code, name, marketplace, merchant, payment_provider, carrier, declarant, guarantor, warehouse,
       place_operator, realtime_payment_data, since, until, source
from staged_enterprises
order by enterprise_code
on conflict (enterprise_code) do update set
    name = excluded.name, marketplace = excluded.marketplace, merchant = excluded.merchant,
    payment_provider = excluded.payment_provider, carrier = excluded.carrier, declarant = excluded.declarant,
    guarantor = excluded.guarantor, warehouse = excluded.warehouse, place_operator = excluded.place_operator,
    realtime_payment_data = excluded.realtime_payment_data, since = excluded.since, until = excluded.until,
    source = excluded.source

-- name: certificates
-- Every certificate, the revoked ones too.
select * from certificates order by enterprise_code, not_before, fingerprint

-- name: certificates_of
-- Certificates of one enterprise after a fingerprint.
select *
from certificates
where enterprise_code = %(enterprise_code)s and fingerprint > %(after)s
order by fingerprint
limit %(limit)s

-- name: find_certificate
-- The certificate of one fingerprint.
select * from certificates where fingerprint = %(fingerprint)s

-- name: certificate_owners
-- The enterprise of each certificate whose fingerprint is staged.
select c.fingerprint, c.enterprise_code from certificates as c join staged_codes as s on s.code = c.fingerprint

-- name: save_certificates
-- The staged certificates, new ones only.
insert into certificates (
    fingerprint, enterprise_code, serial, der, key_kind, not_before, not_after, added_at)
select fingerprint, enterprise_code, serial, der, key_kind, not_before, not_after, %(added_at)s
from staged_certificates
order by fingerprint

-- name: revoke_certificate
-- One certificate is revoked, if it was not.
update certificates set revoked_at = %(revoked_at)s, reason = %(reason)s
where fingerprint = %(fingerprint)s and revoked_at is null

-- name: entrustments
-- Every entrustment.
select sender_code, owner_code, paper_kind, since, until, source
from entrustments
order by sender_code, owner_code, paper_kind, since

-- name: entrustments_of
-- Entrustments in which an enterprise is sender or owner.
select *
from entrustments
where sender_code = %(enterprise_code)s or owner_code = %(enterprise_code)s
order by sender_code, owner_code, paper_kind, since

-- name: filed_entrustments
-- The entrustments whose keys are staged.
select e.*
from entrustments as e
join staged_entrustments as s
  on s.sender_code = e.sender_code and s.owner_code = e.owner_code
 and s.paper_kind = e.paper_kind and s.since = e.since

-- name: save_entrustments
-- The staged entrustments, new or changed.
insert into entrustments (sender_code, owner_code, paper_kind, since, until, source)
select sender_code, owner_code, paper_kind, since, until, source
from staged_entrustments
order by sender_code, owner_code, paper_kind, since
on conflict (sender_code, owner_code, paper_kind, since) do update set
    until = excluded.until, source = excluded.source

-- name: filed_persons
-- The verified persons whose numbers are staged.
select v.person_id, v.person_name, v.verified_on, v.source
from verified_persons as v
join staged_codes as s on s.code = v.person_id

-- name: save_persons
-- The staged verified persons, new or changed.
insert into verified_persons (person_id, person_name, verified_on, source)
select person_id, person_name, verified_on, source
from staged_persons
order by person_id
on conflict (person_id) do update set
    person_name = excluded.person_name, verified_on = excluded.verified_on, source = excluded.source

-- name: verified
-- The staged persons, once each, who are verified under the very name they give.
select distinct v.person_id, v.person_name, v.verified_on
from verified_persons as v
join staged_buyers as b on b.person_id = v.person_id and b.person_name = v.person_name

-- name: register_version
-- How often the register has changed.
select version from filings_versions where register = 'filings'

-- name: bump_version
-- The register's version, one higher.
insert into filings_versions as f (register, version) values ('filings', 1)
on conflict (register) do update set version = f.version + 1
returning version
