"""Webhooks: signed, in order, at least once, tried again, and no partner in another's way or in that of clearing."""

import contextlib
import hashlib
import hmac
import json
import signal
import socket
import threading
import time
from datetime import timedelta

import pytest

from tests.faces.api.processes import environment, started
from tests.faces.api.serving import client, engine_over, key, serving
from tests.faces.worker.partners import partner
from tripoint.faces.worker import loop, posting
from tripoint.kernel.clock import SystemClock
from tripoint.registers.access import desk as access
from tripoint.registers.access import names, rules
from tripoint.registers.access.records import DeliveryState

FIRM, OTHER = "3301960A01", "3301960A02"


class Hurried:
    """A clock that runs ahead, so that a retry need not be waited for."""

    def __init__(self):
        self.ahead = timedelta()

    def now(self):
        return SystemClock().now() + self.ahead


@pytest.fixture
def engine(fresh_database, tmp_path):
    made = engine_over(fresh_database, tmp_path, webhook_private=True)
    made.clock = Hurried()
    return made


def hook(engine, url, code=FIRM):
    with engine.transaction() as tx:
        return access.add_endpoint(tx, code, url, ["127.0.0.1"], now=engine.clock.now(), allow_private=True)


def answer(engine, count, code=FIRM):
    """Have so many messages answered: each is unreadable and gets a CEB900."""
    for number in range(count):
        engine.admit(b"<no-message %d %d" % (number, time.monotonic_ns()), sender_code=code)
        engine.work_all()


def deliveries(engine, endpoint):
    with engine.transaction() as tx:
        return access.deliveries(tx, endpoint.endpoint_id, limit=1000)


@contextlib.contextmanager
def working(engine, run=posting.run):
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(engine, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def soon(happened, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happened():
            return True
        time.sleep(0.05)
    return False


def outbox_ids(its):
    return [json.loads(body)["outbox_id"] for _, body in its.requests]


def test_posts_each_outgoing_message_once_signed_and_in_order(engine):
    with partner() as its, working(engine):
        endpoint = hook(engine, its.url)
        answer(engine, 5)
        assert its.wait(5)
        assert soon(
            lambda: {item.state for item in deliveries(engine, endpoint)} == {DeliveryState.DELIVERED}
        )
    assert outbox_ids(its) == sorted(set(outbox_ids(its)))
    assert len(its.requests) == 5
    for headers, body in its.requests:
        parts = dict(part.split("=") for part in headers["tripoint-signature"].split(","))
        expected = hmac.new(endpoint.secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256)
        assert parts["v1"] == expected.hexdigest()
        assert abs(int(parts["t"]) - time.time()) < 60
        assert headers["idempotency-key"] == str(json.loads(body)["outbox_id"])
        assert headers["content-type"] == "application/json"
        told = json.loads(body)
        assert told["message_type"] == "CEB900"
        assert told["recipient_code"] == FIRM
        assert told["receipts"][0]["return_info"]
        assert "xml" not in told


def test_carries_the_xml_where_the_setting_asks_for_it(fresh_database, tmp_path):
    engine = engine_over(fresh_database, tmp_path, webhook_private=True, webhook_xml=True)
    with partner() as its, working(engine):
        hook(engine, its.url)
        answer(engine, 1)
        assert its.wait(1)
    assert "CEB900Message" in json.loads(its.requests[0][1])["xml"]


def test_tries_again_the_same_bytes_and_keeps_the_order_meanwhile(engine):
    with partner(lambda count: 500 if count <= 2 else 200) as its, working(engine):
        endpoint = hook(engine, its.url)
        answer(engine, 3)
        assert its.wait(1)
        for attempts in (1, 2):
            assert soon(lambda done=attempts: deliveries(engine, endpoint)[-1].attempts == done)
            time.sleep(0.6)
            assert len(its.requests) == attempts  # the others wait for the first
            engine.clock.ahead += timedelta(minutes=2)
        assert its.wait(5)
        assert soon(
            lambda: {item.state for item in deliveries(engine, endpoint)} == {DeliveryState.DELIVERED}
        )
    ids = outbox_ids(its)
    assert ids == [ids[0], ids[0], *sorted(set(ids))]
    assert its.requests[0][1] == its.requests[1][1] == its.requests[2][1]
    assert (
        deliveries(engine, endpoint)[-1].last_error is None
        or "500" in deliveries(engine, endpoint)[-1].last_error
    )


def test_a_partner_that_hangs_stands_in_nobodys_way(engine, monkeypatch):
    monkeypatch.setattr(posting, "POST_SECONDS", 3)
    hung = threading.Event()
    with (
        partner(lambda _count: int(hung.wait(10)) * 200 or 500) as slow,
        partner(lambda _count: 500) as broken,
        partner() as good,
        working(engine, loop.run),
    ):
        for its, code in [(slow, FIRM), (broken, FIRM), (good, OTHER)]:
            hook(engine, its.url, code)
        engine.admit(b"<no-message", sender_code=FIRM)
        assert slow.wait(1)
        begun = time.monotonic()
        for number in range(5):
            engine.admit(b"<other %d" % number, sender_code=OTHER)
        assert good.wait(5, 3)
        assert time.monotonic() - begun < 3
        assert len(slow.requests) == 1
        hung.set()


def test_an_enterprise_whose_every_address_hangs_stands_in_nobodys_way(engine, monkeypatch):
    monkeypatch.setattr(posting, "TOGETHER", rules.UNDER_WAY_MOST + 2)
    hung = threading.Event()
    with (
        partner(lambda _count: int(hung.wait(10)) * 200 or 500) as slow,
        partner() as good,
        working(engine),
    ):
        for number in range(rules.ENDPOINTS_MOST):
            hook(engine, f"{slow.url}{number}")
        hook(engine, good.url, OTHER)
        answer(engine, 1)
        assert slow.wait(rules.UNDER_WAY_MOST)
        answer(engine, 2, OTHER)
        assert good.wait(2, 3)
        assert len(slow.requests) == rules.UNDER_WAY_MOST
        hung.set()
        assert slow.wait(rules.ENDPOINTS_MOST)


@pytest.fixture
def resolver(monkeypatch):
    """What names resolve to, and after how many seconds; a name that is not told resolves as ever."""
    told, asked = {}, socket.getaddrinfo

    def resolve(host, port, *args, **more):
        if host not in told:
            return asked(host, port, *args, **more)
        seconds, numbers = told[host]
        time.sleep(seconds)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in numbers]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return told


def test_names_that_resolve_slowly_stand_in_nobodys_way(engine, monkeypatch, resolver):
    monkeypatch.setattr(names, "LOOK_UP_SECONDS", 1)
    for number in range(12):
        resolver[f"{number}.slow.test"] = (8, ["127.0.0.1"])
    resolver["good.test"] = (0, ["127.0.0.1"])
    with partner() as its, working(engine):
        slow = [hook(engine, f"http://{number}.slow.test:9/") for number in range(12)]
        hook(engine, its.url.replace("127.0.0.1", "good.test"), OTHER)
        answer(engine, 1)
        time.sleep(0.5)
        answer(engine, 1, OTHER)
        assert its.wait(1, 3)
        assert soon(lambda: all(deliveries(engine, one)[0].attempts for one in slow), 6)
    assert all("WEBHOOK-HOST-SLOW" in deliveries(engine, one)[0].last_error for one in slow)
    assert its.requests[0][0]["host"].startswith("good.test:")


def test_the_addresses_of_a_name_are_tried_in_turn(engine, resolver):
    resolver["two.test"] = (0, ["127.0.0.9", "127.0.0.1"])
    with partner() as its, working(engine):  # it listens at the second only
        hook(engine, its.url.replace("127.0.0.1", "two.test"))
        answer(engine, 1)
        assert its.wait(1, 5)


def test_a_name_one_of_whose_addresses_is_private_is_posted_to_at_none(fresh_database, tmp_path, resolver):
    engine = engine_over(fresh_database, tmp_path)
    resolver["two.test"] = (0, ["93.184.216.34", "127.0.0.1"])
    with partner() as its, working(engine):
        endpoint = hook(engine, its.url.replace("127.0.0.1", "two.test"))
        answer(engine, 1)
        assert soon(lambda: [item.attempts for item in deliveries(engine, endpoint)] == [1])
    assert its.requests == []
    assert "WEBHOOK-PRIVATE" in deliveries(engine, endpoint)[0].last_error


def test_gives_a_hanging_partner_up_for_this_attempt_and_says_so(engine, monkeypatch):
    monkeypatch.setattr(posting, "POST_SECONDS", 1)
    with partner(lambda _count: time.sleep(3) or 200) as its, working(engine):
        endpoint = hook(engine, its.url)
        answer(engine, 1)
        assert soon(lambda: [item.attempts for item in deliveries(engine, endpoint)] == [1])
    (kept,) = deliveries(engine, endpoint)
    assert kept.state is DeliveryState.DUE
    assert "within 1 seconds" in kept.last_error


@pytest.mark.parametrize("status", [301, 307])
def test_follows_no_redirect(engine, status):
    with partner(lambda _count: status) as its, working(engine):
        endpoint = hook(engine, its.url)
        answer(engine, 1)
        assert soon(lambda: [item.attempts for item in deliveries(engine, endpoint)] == [1])
    assert len(its.requests) == 1
    assert str(status) in deliveries(engine, endpoint)[0].last_error


@pytest.mark.parametrize("location", ["http://xn--/", "http://[", "http://\\ud800"])
def test_a_redirect_to_nowhere_is_an_attempt_that_failed(engine, location):
    with partner(lambda _count: 302, headers=[("Location", location)]) as its, working(engine):
        endpoint = hook(engine, its.url)
        answer(engine, 1)
        assert soon(lambda: [item.attempts for item in deliveries(engine, endpoint)] == [1])
    (kept,) = deliveries(engine, endpoint)
    assert (kept.state, kept.last_error) == (DeliveryState.DUE, "answered with status 302")


def test_a_fault_of_ours_is_an_attempt_that_failed(engine, monkeypatch):
    monkeypatch.setattr(posting.letters, "body", lambda *_: 1 / 0)
    with working(engine):
        endpoint = hook(engine, "http://127.0.0.1:9/")
        answer(engine, 1)
        assert soon(lambda: [item.attempts for item in deliveries(engine, endpoint)] == [1])
    (kept,) = deliveries(engine, endpoint)
    assert (kept.state, kept.last_error) == (DeliveryState.DUE, posting.FAULT)


def test_no_cookie_of_a_partner_is_kept_or_sent_to_another(engine):
    with partner(headers=[("Set-Cookie", "spy=1; Path=/")]) as one, partner() as two, working(engine):
        hook(engine, one.url)
        hook(engine, two.url, OTHER)  # behind the same address
        answer(engine, 2)
        assert one.wait(2)
        answer(engine, 1, OTHER)
        assert two.wait(1)
    assert [headers.get("cookie") for headers, _ in [*one.requests, *two.requests]] == [None] * 3


def test_judges_the_address_again_at_every_delivery(fresh_database, tmp_path):
    engine = engine_over(fresh_database, tmp_path)  # private addresses are forbidden here
    with partner() as its, working(engine):
        endpoint = hook(engine, its.url)  # registered while its name still led elsewhere, say
        answer(engine, 1)
        assert soon(lambda: [item.attempts for item in deliveries(engine, endpoint)] == [1])
    assert its.requests == []
    assert "WEBHOOK-PRIVATE" in deliveries(engine, endpoint)[0].last_error


def test_a_page_of_deliveries_tells_whether_another_follows(engine):
    endpoint = hook(engine, "http://127.0.0.1:9/")
    answer(engine, 2)
    posting.plan(engine, 0)
    with serving(engine) as url, client(url, key(engine)) as http:
        place = f"/v1/webhooks/{endpoint.endpoint_id}/deliveries"
        pages = [http.get(place, params={"limit": limit}).json() for limit in (1, 2)]
    assert [len(page["items"]) for page in pages] == [1, 2]
    assert [page["next_before"] is None for page in pages] == [False, True]


def test_an_address_gets_only_what_came_after_it_was_registered(engine):
    answer(engine, 2)
    with partner() as its, working(engine):
        assert soon(lambda: posting.plan(engine, 0) == 2)
        hook(engine, its.url)
        answer(engine, 1)
        assert its.wait(1)
        time.sleep(0.5)
    assert outbox_ids(its) == [3]


def test_plans_each_message_once_however_often_it_looks(engine):
    endpoint = hook(engine, "http://127.0.0.1:9/")
    answer(engine, 3)
    assert [posting.plan(engine, 0), posting.plan(engine, 0), posting.plan(engine, 3)] == [3, 3, 3]
    assert [item.outbox_id for item in deliveries(engine, endpoint)] == [3, 2, 1]


def test_a_refused_connection_is_noted_without_details_of_the_network(engine):
    endpoint = hook(engine, "http://127.0.0.1:9/")
    with working(engine):
        answer(engine, 1)
        assert soon(lambda: [item.attempts for item in deliveries(engine, endpoint)] == [1])
    assert deliveries(engine, endpoint)[0].last_error == "ConnectError"


@pytest.mark.crash
def test_a_worker_killed_in_the_middle_loses_nothing_and_skips_nothing(fresh_database, tmp_path):
    engine = engine_over(fresh_database, tmp_path, webhook_private=True)
    env = environment(fresh_database, tmp_path, TRIPOINT_WEBHOOK_PRIVATE="1")
    with partner(lambda count: time.sleep(0.05) or 200) as its:
        endpoint = hook(engine, its.url)
        for number in range(60):
            engine.admit(b"<no-message %d" % number, sender_code=FIRM)
        for _ in range(2):
            with started("tripoint.faces.worker", env=env) as process:
                assert its.wait(len(its.requests) + 5)
                process.send_signal(signal.SIGKILL)
            with engine.transaction() as tx:  # its leases would end by themselves within a minute
                tx.run("update webhook_deliveries set next_attempt_at = now() where state = 'due'")
        with started("tripoint.faces.worker", env=env) as process:
            assert soon(
                lambda: (
                    [item.state for item in deliveries(engine, endpoint)].count(DeliveryState.DELIVERED)
                    == engine_receipts(engine)
                )
            )
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    ids = outbox_ids(its)
    assert sorted(set(ids)) == list(range(1, engine_receipts(engine) + 1))
    assert ids == sorted(ids)  # one sent twice follows itself
    assert len(ids) <= len(set(ids)) + 2


def engine_receipts(engine):
    """How many messages have gone to the outbox, once nothing waits to be read."""
    with engine.transaction() as tx:
        waiting = tx.value("select count(*) from messages where state = 'received'")
        return tx.value("select count(*) from outbox") if not waiting else -1
