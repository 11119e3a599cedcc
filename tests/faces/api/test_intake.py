"""Messages that come together are kept together; each caller hears of its own, and nobody waits for a group to fill."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client import REGISTRY

from tests.faces.api.serving import FIRM, OTHER, client, engine_over, key, post, serving
from tripoint.exchange.records import Posted
from tripoint.faces.api import callers, intake, metrics
from tripoint.faces.api.intake import Intake
from tripoint.kernel.refusals import Busy


def posted(number: int) -> Posted:
    return Posted(raw=b"<m n='%d'/>" % number, sender_code=FIRM, channel="api")


def keep_together(intake: Intake, messages: list[Posted]) -> list:
    async def all_of_them() -> list:
        return await asyncio.gather(*(intake.keep(one) for one in messages), return_exceptions=True)

    return asyncio.run(all_of_them())


class Slow:
    """An engine whose commits take a while, so that others arrive meanwhile; it notes what each commit held."""

    def __init__(self, engine) -> None:
        self.engine, self.groups = engine, []

    def admit_all(self, packed):
        self.groups.append(len(packed))
        time.sleep(0.05)
        return self.engine.admit_all(packed)


def test_what_arrives_during_a_commit_goes_into_the_next_and_all_get_their_numbers(engine):
    slow = Slow(engine)
    messages = [posted(n % 40) for n in range(60)]  # twenty of them twice
    kept = keep_together(Intake(slow), messages)
    assert sum(slow.groups) == 60
    assert len(slow.groups) <= 3
    numbers = [one.message_id for one in kept]
    assert numbers[40:] == numbers[:20]
    assert len(set(numbers)) == 40
    assert sum(one.is_new for one in kept) == 40
    assert numbers[:40] == sorted(numbers[:40])  # in the order they came
    for message, one in zip(messages, kept, strict=True):
        with engine.transaction() as tx:
            from tripoint.exchange import store

            assert store.raw(tx, one.message_id, FIRM) == message.raw


def test_a_group_that_cannot_be_kept_is_refused_whole_and_the_next_is_kept(engine):
    class Gone(Slow):
        is_gone = True

        def admit_all(self, packed):
            if self.is_gone:
                raise Busy("DATABASE-GONE", "断开", "gone")
            return super().admit_all(packed)

    gone = Gone(engine)
    keeping = Intake(gone)
    refused = keep_together(keeping, [posted(number) for number in range(1000, 1020)])
    assert {type(one) for one in refused} == {Busy}
    assert len({id(one) for one in refused}) == 20  # each is told of its own
    gone.is_gone = False
    assert keep_together(keeping, [posted(1000)])[0].is_new


def test_a_message_that_fails_by_a_fault_of_ours_fails_no_other(engine):
    class Faulty(Slow):
        def admit_all(self, packed):
            if any(one.sender_code == OTHER for one in packed):
                raise RuntimeError("a fault of ours")
            return super().admit_all(packed)

    poison = Posted(raw=b"<poison/>", sender_code=OTHER, channel="api")
    told = keep_together(Intake(Faulty(engine)), [posted(2000), poison, posted(2001)])
    assert [type(one).__name__ for one in told] == ["Kept", "RuntimeError", "Kept"]


@contextlib.contextmanager
def posting(url: str, text: str, raw: bytes) -> Iterator[list[httpx.Response]]:
    """A message sent beside the block; what it was answered is there when the block has ended."""
    answers: list[httpx.Response] = []

    def send() -> None:
        with client(url, text) as http:
            answers.append(post(http, raw))

    thread = threading.Thread(target=send)
    thread.start()
    yield answers
    thread.join(40)


def test_a_message_whose_statement_the_database_cancels_is_refused_for_the_moment(engine, url):
    cancel = (
        "select count(pg_cancel_backend(pid)) from pg_stat_activity"
        " where wait_event_type = 'Lock' and datname = current_database()"
    )
    with engine.transaction() as tx:
        tx.run("lock table messages in access exclusive mode")
        with posting(url, key(engine), b"<cancelled/>") as answers:
            until = time.monotonic() + 10
            while not tx.value(cancel) and time.monotonic() < until:
                time.sleep(0.05)
    assert (answers[0].status_code, answers[0].json()["code"]) == (503, "DATABASE-BROKE-OFF")
    assert int(answers[0].headers["retry-after"]) > 0


def test_a_commit_that_does_not_come_is_not_waited_for_and_the_same_bytes_get_its_number(
    engine, url, monkeypatch
):
    monkeypatch.setattr(intake, "TOLD_SECONDS_MAX", 0.5)
    text = key(engine)
    with client(url, text) as http:
        for path in ("by the router", "within the connection"):  # where the key is not known, and where it is
            raw = b"<late path='%s'/>" % path.encode()
            with engine.transaction() as tx:
                tx.run("lock table messages in access exclusive mode")
                begun = time.monotonic()
                answer = post(http, raw)
                assert (answer.status_code, answer.json()["code"]) == (503, "COMMIT-LATE")
                assert int(answer.headers["retry-after"]) > 0
                assert time.monotonic() - begun < 5
            again = post(http, raw)
            assert (again.status_code, again.json()["is_new"]) == (200, False)


def test_a_key_that_cannot_be_looked_up_is_not_waited_for(engine, url, monkeypatch):
    monkeypatch.setattr(callers, "LOOK_UP_SECONDS_MAX", 0.5)
    with client(url, key(engine)) as http:
        with engine.transaction() as tx:
            tx.run("lock table api_keys in access exclusive mode")
            begun = time.monotonic()
            for answer in (post(http, b"<shown/>"), http.get("/v1/messages"), http.get("/v1/outbox?after=0")):
                assert (answer.status_code, answer.json()["code"]) == (503, "DATABASE-GONE")
                assert int(answer.headers["retry-after"]) > 0
            assert time.monotonic() - begun < 10
        assert post(http, b"<shown/>").status_code == 202


def test_a_fault_beside_a_commit_ends_no_intake(engine, url, monkeypatch):
    committed = metrics.committed

    def faulty(*told):
        monkeypatch.setattr(metrics, "committed", committed)
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(metrics, "committed", faulty)
    with client(url, key(engine)) as http:
        assert post(http, b"<counted/>").status_code == 500
        assert post(http, b"<counted/>").status_code == 200


def test_a_message_alone_is_acknowledged_at_once(firm):
    post(firm, b"<warm/>")
    seconds = []
    for number in range(20):
        begun = time.perf_counter()
        assert post(firm, b"<alone n='%d'/>" % number).status_code == 202
        seconds.append(time.perf_counter() - begun)
    before = REGISTRY.get_sample_value("tripoint_intake_ack_seconds_count")
    assert before is not None
    assert min(seconds) < 0.05, "nothing is waited for but the commit"


def test_a_message_is_kept_compressed_and_given_back_as_it_came(engine, firm):
    raw = b"<a>" + b"0123456789" * 20_000 + b"</a>"
    number = post(firm, raw).json()["message_id"]
    with engine.transaction() as tx:
        row = tx.one(
            "select octet_length(raw) as kept, packing from messages where message_id = %(n)s", n=number
        )
    assert row == {"kept": row["kept"], "packing": "zstd"}
    assert row["kept"] < len(raw) / 10
    assert firm.get(f"/v1/messages/{number}").json()["bytes"] == len(raw)
    assert firm.get(f"/v1/messages/{number}/raw").content == raw


def test_messages_from_before_they_were_compressed_are_read_as_they_lie(engine, firm):
    with engine.transaction() as tx:
        number = tx.value(
            "insert into messages (digest, sender_code, channel, received_at, raw)"
            " values (sha256('<old/>'), %(firm)s, 'api', now(), '<old/>') returning message_id",
            firm=FIRM,
        )
    assert firm.get(f"/v1/messages/{number}").json()["bytes"] == 6
    assert firm.get(f"/v1/messages/{number}/raw").content == b"<old/>"
    assert post(firm, b"<old/>").json()["message_id"] == number


def test_a_key_revoked_over_the_server_stops_at_once(engine, url, operator):
    text = key(engine)
    with client(url, text) as http:
        assert post(http, b"<k1/>").status_code == 202
        assert operator.delete(f"/v1/keys/{text.split('_')[1]}").status_code == 200
        answer = post(http, b"<k2/>")
        assert (answer.status_code, answer.json()["code"]) == (401, "ACCESS-KEY-REVOKED")


def test_a_key_revoked_while_it_is_looked_up_is_not_remembered(engine, url, operator, monkeypatch):
    found, look_up = threading.Event(), callers.Keys._look_up

    def late(keys, text):
        principal = look_up(keys, text)
        if text == revoked:
            found.set()
            time.sleep(0.5)
        return principal

    revoked = key(engine)
    monkeypatch.setattr(callers.Keys, "_look_up", late)
    with client(url, revoked) as http:
        first = threading.Thread(target=lambda: post(http, b"<u1/>"))
        first.start()
        assert found.wait(10)
        assert operator.delete(f"/v1/keys/{revoked.split('_')[1]}").status_code == 200
        first.join(10)
        assert post(http, b"<u2/>").status_code == 401


def test_a_key_revoked_elsewhere_stops_within_its_seconds(engine, url, monkeypatch):
    from tripoint.registers.access import desk as access

    monkeypatch.setattr(callers, "KNOWN_SECONDS", 0.6)
    text = key(engine)
    with client(url, text) as http:
        assert post(http, b"<r1/>").status_code == 202
        with engine.transaction() as tx:
            access.revoke_key(tx, text.split("_")[1], at=engine.clock.now())
        until = time.monotonic() + 10
        while post(http, b"<r2/>").status_code != 401 and time.monotonic() < until:
            time.sleep(0.1)
        assert post(http, b"<r3/>").status_code == 401


def test_a_key_that_expires_is_not_remembered_beyond(engine, url):
    from datetime import timedelta

    text = key(engine, expires_at=engine.clock.now() + timedelta(seconds=1.5))
    with client(url, text) as http:
        first = post(http, b"<e1/>").status_code
        time.sleep(1.6)
        assert (first, post(http, b"<e2/>").status_code) == (202, 401)


@pytest.mark.parametrize(("limit", "value"), [("backlog_messages", 1), ("backlog_bytes", 1)])
def test_messages_are_refused_while_too_many_wait_and_taken_again_when_they_are_read(
    new_database, tmp_path, limit, value
):
    with new_database() as database:
        engine = engine_over(database, tmp_path, **{limit: value})
        with serving(engine) as address, client(address, key(engine)) as http:
            assert http.get("/ready").json()["ready"] is True
            assert post(http, b"<first/>").status_code == 202
            time.sleep(0.3)
            told = http.get("/ready")
            assert (told.status_code, told.headers["retry-after"]) == (503, "5")
            assert {one["name"]: one["ok"] for one in told.json()["checks"]} == {
                "database": True, "migrations": True, "backlog": False, "worker": False,
            }  # fmt: skip
            answer = http.post("/v1/messages", content=b"<second/>",
                               headers={"Content-Type": "text/xml", "Accept-Language": "zh"})  # fmt: skip
            assert (answer.status_code, answer.json()["code"]) == (503, "BACKLOG-FULL")
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["detail"] == "待处理的报文过多，请稍后再发。"
            assert 'tripoint_refused_total{code="BACKLOG-FULL"}' in http.get("/metrics").text
            engine.work_all()
            time.sleep(0.3)
            assert http.get("/ready").status_code == 200
            assert post(http, b"<second/>").status_code == 202


def test_bodies_are_held_until_they_are_kept(engine, monkeypatch):
    from tripoint.faces.api import bodies

    class Stuck(Slow):
        def __init__(self, engine) -> None:
            super().__init__(engine)
            self.go = threading.Event()

        def admit_all(self, packed):
            self.go.wait(20)
            return super().admit_all(packed)

    stuck = Stuck(engine)
    monkeypatch.setattr(bodies.ALLOWANCE, "most", 1000)
    from tripoint.faces.api import application

    monkeypatch.setattr(application, "Intake", lambda _engine: Intake(stuck))
    text = key(engine)
    with serving(engine) as address:
        answers: list[httpx.Response] = []

        def send() -> None:
            with client(address, text) as http:
                answers.append(post(http, b"<a>" + b"x" * 800 + b"</a>"))

        first = threading.Thread(target=send)
        first.start()
        while bodies.ALLOWANCE.held == 0:
            time.sleep(0.01)
        with client(address, text) as http:
            assert post(http, b"<b>" + b"y" * 800 + b"</b>").json()["code"] == "BODIES-BUSY"
        stuck.go.set()
        first.join(20)
        assert answers[0].status_code == 202
    assert bodies.ALLOWANCE.held == 0
