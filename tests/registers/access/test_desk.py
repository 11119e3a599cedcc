"""Keys, endpoints and deliveries on a real server."""

import threading
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tripoint.kernel.refusals import Conflict, Malformed, Unauthenticated, Unknown
from tripoint.registers.access import desk, rules
from tripoint.registers.access.records import MESSAGES, DeliveryState, Scope

pytestmark = pytest.mark.servers

NOW = datetime(2024, 6, 1, 8, tzinfo=UTC)
FIRM = "0000A60001"
PUBLIC = ["93.184.216.34"]


def made(tx, code=FIRM, scopes=(Scope.SEND, Scope.READ), **more):
    return desk.create_key(tx, code, "warehouse system", scopes, now=NOW, **more)


def test_a_key_speaks_for_its_enterprise_with_its_scopes(tx):
    issued = made(tx)
    who = desk.authenticate(tx, issued.text, now=NOW)
    assert (who.enterprise_code, who.scopes) == (FIRM, {Scope.SEND, Scope.READ})
    operator = made(tx, None, [Scope.ADMIN])
    assert desk.authenticate(tx, operator.text, now=NOW).enterprise_code is None


def test_the_secret_is_kept_nowhere_and_not_shown_by_accident(tx):
    issued = made(tx)
    secret = issued.text.split("_")[2]
    assert secret not in repr(issued)
    row = tx.one("select * from api_keys where key_id = %(key_id)s", key_id=issued.key.key_id)
    assert secret not in str(row)
    assert bytes.fromhex(secret) not in bytes(row["secret_hash"])


def test_two_keys_are_never_the_same(tx):
    assert len({made(tx).text for _ in range(20)}) == 20


def test_refuses_a_wrong_secret_a_revoked_and_an_expired_key(tx):
    issued = made(tx, expires_at=NOW + timedelta(days=1))
    wrong = issued.text[:-1] + ("0" if issued.text[-1] != "0" else "1")
    with pytest.raises(Unauthenticated, match=r"ACCESS-KEY:"):
        desk.authenticate(tx, wrong, now=NOW)
    with pytest.raises(Unauthenticated, match="EXPIRED"):
        desk.authenticate(tx, issued.text, now=NOW + timedelta(days=1))
    first = desk.revoke_key(tx, issued.key.key_id, at=NOW)
    assert desk.revoke_key(tx, issued.key.key_id, at=NOW + timedelta(hours=1)) == first
    with pytest.raises(Unauthenticated, match="REVOKED"):
        desk.authenticate(tx, issued.text, now=NOW)
    with pytest.raises(Unknown):
        desk.revoke_key(tx, "0" * 12, at=NOW)


def test_the_last_use_is_written_at_most_once_a_minute(tx):
    issued = made(tx)

    def used(seconds):
        desk.authenticate(tx, issued.text, now=NOW + timedelta(seconds=seconds))
        (kept,) = [key for key in desk.keys(tx, FIRM) if key.key_id == issued.key.key_id]
        return (kept.last_used_at - NOW).total_seconds()

    assert [used(0), used(59), used(60), used(61), used(30)] == [0, 0, 60, 60, 60]


def test_noting_a_use_does_not_wait_for_another_request(fresh_database):
    with fresh_database.transaction() as tx:
        issued = made(tx)
    done = threading.Event()

    def ask():
        with fresh_database.transaction() as other:
            desk.authenticate(other, issued.text, now=NOW)
        done.set()

    with fresh_database.transaction() as tx:
        desk.authenticate(tx, issued.text, now=NOW)
        asking = threading.Thread(target=ask)
        asking.start()
        assert done.wait(20)
    asking.join()


def test_keys_are_listed_by_page_and_by_enterprise(tx):
    mine = sorted(made(tx).key.key_id for _ in range(3))
    operators = made(tx, None, [Scope.OPERATOR]).key.key_id
    first = desk.keys(tx, FIRM, limit=2)
    rest = desk.keys(tx, FIRM, after=first[-1].key_id, limit=2)
    assert [key.key_id for key in first + rest] == mine
    assert [key.key_id for key in desk.keys(tx, "")] == [operators]
    assert {key.key_id for key in desk.keys(tx)} == {*mine, operators}


def test_refuses_a_key_without_name_or_with_an_end_in_the_past(tx):
    with pytest.raises(Malformed, match="ACCESS-NAME"):
        desk.create_key(tx, FIRM, "  ", [Scope.READ], now=NOW)
    with pytest.raises(Malformed, match="ACCESS-EXPIRY"):
        made(tx, expires_at=NOW)
    with pytest.raises(Malformed, match="ACCESS-SCOPES"):
        made(tx, FIRM, [Scope.ADMIN])


def hook(tx, code=FIRM, url="https://example.com/a", **more):
    return desk.add_endpoint(tx, code, url, PUBLIC, now=NOW, **more)


def messages(*rows):
    return pl.DataFrame(rows, schema=MESSAGES, orient="row")


def test_an_address_is_added_once_for_an_enterprise(tx):
    made_ = hook(tx)
    assert made_.secret.startswith("whsec_")
    assert made_.secret not in repr(made_)
    with pytest.raises(Conflict, match="WEBHOOK-TWICE"):
        hook(tx)
    other = hook(tx, "0000A60002")
    assert [item.endpoint_id for item in desk.endpoints(tx, FIRM)] == [made_.endpoint_id]
    assert [item.endpoint_id for item in desk.endpoints(tx, after=made_.endpoint_id)] == [other.endpoint_id]
    with pytest.raises(Malformed, match="WEBHOOK-PRIVATE"):
        desk.add_endpoint(tx, FIRM, "http://intranet/", ["10.0.0.1"], now=NOW)
    with pytest.raises(Malformed, match="WEBHOOK-URL"):
        desk.add_endpoint(tx, FIRM, "ftp://example.com/", PUBLIC, now=NOW)


def test_messages_go_to_the_endpoints_that_want_them(tx):
    every = hook(tx)
    only = hook(tx, url="https://example.com/b", message_types=["CEB622", "CEB816"])
    off = hook(tx, url="https://example.com/c")
    desk.set_active(tx, off.endpoint_id, False)
    hook(tx, "0000A60002")
    batch = messages((1, FIRM, "CEB312"), (2, FIRM, "CEB622"), (3, "0000A60009", "CEB622"))
    assert desk.enqueue(tx, batch, now=NOW) == 3
    assert desk.enqueue(tx, batch, now=NOW) == 0
    assert [item.outbox_id for item in desk.deliveries(tx, every.endpoint_id)] == [2, 1]
    assert [item.outbox_id for item in desk.deliveries(tx, only.endpoint_id)] == [2]
    assert desk.deliveries(tx, off.endpoint_id) == []
    assert desk.enqueue(tx, messages(), now=NOW) == 0


def test_a_delivery_is_taken_up_by_one_and_again_when_its_lease_ends(tx):
    endpoint = hook(tx)
    desk.enqueue(tx, messages((1, FIRM, "CEB622")), now=NOW)
    lease = timedelta(seconds=60)
    (due,) = desk.claim(tx, now=NOW, lease=lease)
    assert (due.outbox_id, due.attempts, due.url, due.secret) == (1, 0, endpoint.url, endpoint.secret)
    assert desk.claim(tx, now=NOW + timedelta(seconds=59), lease=lease) == []
    (again,) = desk.claim(tx, now=NOW + lease, lease=lease)
    desk.delivered(tx, again.delivery_id, now=NOW + lease)
    assert desk.claim(tx, now=NOW + timedelta(days=9), lease=lease) == []
    (kept,) = desk.deliveries(tx, endpoint.endpoint_id)
    assert (kept.state, kept.attempts, kept.finished_at) == (DeliveryState.DELIVERED, 1, NOW + lease)


def test_two_workers_never_take_up_the_same_delivery(fresh_database):
    with fresh_database.transaction() as tx:
        for number in range(10):
            hook(tx, url=f"https://example.com/{number}")
        desk.enqueue(tx, messages((1, FIRM, "CEB622")), now=NOW)
    lease = timedelta(seconds=60)
    with fresh_database.transaction() as one, fresh_database.transaction() as two:
        first = desk.claim(one, now=NOW, lease=lease, limit=6)
        second = desk.claim(two, now=NOW, lease=lease, limit=6)
    assert len(first) == 6
    assert len(second) == 4
    assert len({due.delivery_id for due in first + second}) == 10


def test_what_one_enterprise_has_under_way_leaves_room_to_the_others(tx):
    for number in range(rules.ENDPOINTS_MOST):
        hook(tx, url=f"https://example.com/{number}")
    hook(tx, "0000A60002")
    lease = timedelta(seconds=60)
    desk.enqueue(tx, messages((1, FIRM, "CEB622"), (2, "0000A60002", "CEB622")), now=NOW)
    taken = [due.enterprise_code for due in desk.claim(tx, now=NOW, lease=lease)]
    assert sorted(taken) == [FIRM] * rules.UNDER_WAY_MOST + ["0000A60002"]
    assert desk.claim(tx, now=NOW, lease=lease, under_way=taken) == []
    assert len(desk.claim(tx, now=NOW, lease=lease, under_way=taken[:3])) == rules.UNDER_WAY_MOST - 3


def test_an_enterprise_has_only_so_many_addresses_in_use(tx):
    first, *_ = [hook(tx, url=f"https://example.com/{number}") for number in range(rules.ENDPOINTS_MOST)]
    with pytest.raises(Conflict, match="WEBHOOK-MANY"), tx.savepoint():
        hook(tx, url="https://example.com/more")
    hook(tx, "0000A60002")
    desk.set_active(tx, first.endpoint_id, False)
    hook(tx, url="https://example.com/more")
    with pytest.raises(Conflict, match="WEBHOOK-MANY"), tx.savepoint():
        desk.set_active(tx, first.endpoint_id, True)


def test_deliveries_to_one_endpoint_are_taken_up_one_after_the_other_and_in_order(tx):
    hook(tx)
    desk.enqueue(tx, messages((1, FIRM, "CEB622"), (2, FIRM, "CEB622"), (3, FIRM, "CEB622")), now=NOW)
    lease = timedelta(seconds=60)
    (due,) = desk.claim(tx, now=NOW, lease=lease)
    assert due.outbox_id == 1
    assert desk.claim(tx, now=NOW, lease=lease) == []  # the second waits for the first
    again = desk.failed(tx, due, "500", now=NOW)
    assert again is not None
    assert desk.claim(tx, now=again - timedelta(seconds=1), lease=lease) == []
    (due,) = desk.claim(tx, now=again, lease=lease)
    assert (due.outbox_id, due.attempts) == (1, 1)
    desk.delivered(tx, due.delivery_id, now=again)
    assert [item.outbox_id for item in desk.claim(tx, now=again, lease=lease)] == [2]


def test_a_delivery_that_keeps_failing_is_given_up_and_can_be_sent_again(tx):
    endpoint = hook(tx)
    desk.enqueue(tx, messages((1, FIRM, "CEB622")), now=NOW)
    now = NOW
    for attempt in range(rules.ATTEMPTS_MOST):
        (due,) = desk.claim(tx, now=now, lease=timedelta(seconds=1))
        assert due.attempts == attempt
        again = desk.failed(tx, due, "500 " + "x" * 900, now=now)
        now = again or now
    assert again is None
    assert desk.claim(tx, now=now + timedelta(days=30), lease=timedelta(1)) == []
    (kept,) = desk.deliveries(tx, endpoint.endpoint_id)
    assert (kept.state, kept.attempts, len(kept.last_error)) == (DeliveryState.GIVEN_UP, 16, 500)
    assert desk.redeliver(tx, kept.delivery_id, now=now).state is DeliveryState.DUE
    assert len(desk.claim(tx, now=now, lease=timedelta(1))) == 1
    with pytest.raises(Unknown):
        desk.redeliver(tx, 10**9, now=now)


def test_what_is_due_to_an_endpoint_that_is_off_waits(tx):
    endpoint = hook(tx)
    desk.enqueue(tx, messages((1, FIRM, "CEB622")), now=NOW)
    desk.set_active(tx, endpoint.endpoint_id, False)
    assert desk.claim(tx, now=NOW, lease=timedelta(1)) == []
    desk.set_active(tx, endpoint.endpoint_id, True)
    assert len(desk.claim(tx, now=NOW, lease=timedelta(1))) == 1
    with pytest.raises(Unknown):
        desk.set_active(tx, 10**9, True)
