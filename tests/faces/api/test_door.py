"""The door before the router answers as the router does, and the mail it gives from memory is what the database holds."""

import asyncio
import contextlib
import gc
import socket
import threading
import time
from types import SimpleNamespace

import pytest
import uvicorn
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faces.api.serving import client, engine_over, key, rehearsed, serving
from tripoint.exchange import store as exchange
from tripoint.faces.api import outbox, server
from tripoint.faces.api.fetching import BODY_ROUTE, OUTBOX_ROUTE, Given, accepts_zstd
from tripoint.faces.api.outbox import Body, Mail, News, Shelf
from tripoint.faces.api.quick import Quick
from tripoint.faces.api.sending import MESSAGES_ROUTE
from tripoint.platforms.clearance.answers import desk as answers
from tripoint.registers.access.records import Scope

STRANGER = "9999999999"
XML = {"Content-Type": "application/xml"}


@contextlib.contextmanager
def plain(engine):
    """The application served without the door."""
    app = server.application(engine)
    config = server.config(app)
    config.app = app
    running = uvicorn.Server(config)
    with server.listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not running.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            running.should_exit = running.force_exit = True
            thread.join(20)


@pytest.fixture(scope="module")
def houses(new_database, tmp_path_factory):
    """An installation with answers: engine, address of the door, address of the router alone, a recipient."""
    with new_database() as database:
        engine = engine_over(database, tmp_path_factory.mktemp("data"))
        papers = rehearsed(engine, tmp_path_factory.mktemp("papers"), trades=20, anomalies=0.3)
        for raw in papers[: len(papers) // 2]:
            engine.admit(raw)
        engine.work_all()
        for raw in papers[len(papers) // 2 :]:
            engine.admit(raw)
        engine.work_all()
        engine.admit(b"<not-a-message")
        engine.work_all()
        with engine.transaction() as tx:
            code = exchange.outgoing(tx, after=0, most=1)[0]["recipient_code"]
        with serving(engine) as door, plain(engine) as router:
            yield SimpleNamespace(engine=engine, door=door, router=router, code=code)


def said(answer):
    """An answer without what no two answers share."""
    headers = {name: value for name, value in answer.headers.items() if name != "date"}
    body = answer.content
    if headers["content-type"] == "application/problem+json":
        told = answer.json()
        told.pop("request_id")
        body, headers["content-length"] = told, ""
    return answer.status_code, headers, body


def test_the_door_answers_as_the_router_does(houses):
    engine = houses.engine
    with engine.transaction() as tx:
        ids = [row["outbox_id"] for row in exchange.outgoing(tx, after=0, most=1000)]
    pages = [
        f"/v1/outbox{query}"
        for query in (
            "?after=0&limit=1000",
            "?after=0",
            f"?after={ids[2]}&limit=3",
            f"?after={ids[-1]}&limit=2",
            "?after=0&limit=0",
            "?after=0&limit=00",
            "?after=0&limit=1001",
            "?after=x",
            "?after=",
            "",
        )
    ]
    asked = [f"/v1/outbox/{number}" for number in (*ids, 0, ids[-1] + 1, 2**63 - 1, 2**63, "007", "a", "-1")]
    texts = [None, "tp_wrong", key(engine, None), key(engine, houses.code), key(engine, STRANGER)]
    texts.append(key(engine, houses.code, Scope.SEND))
    for text in texts:
        with client(houses.door, text) as one, client(houses.router, text) as two:
            for path in (*pages, *asked, *asked[:3]):
                for coding in ("identity", "zstd, gzip", "zstd;q=0"):
                    headers = {"Accept-Encoding": coding, "Accept-Language": "en"}
                    assert said(one.get(path, headers=headers)) == said(two.get(path, headers=headers)), path


def test_the_door_counts_and_logs_under_the_routers_names(houses):
    routes = {route.path_format for route in server.application(houses.engine).routes}
    assert {OUTBOX_ROUTE, BODY_ROUTE, MESSAGES_ROUTE} <= routes


def test_the_door_takes_messages_as_the_router_does(houses):
    engine = houses.engine
    text, reader = key(engine, houses.code), key(engine, houses.code, Scope.READ)
    for number, (shown, body, headers) in enumerate(
        [
            (text, b"<a/>", XML),
            (text, b"<a/>", XML),
            (text, b"<b/>" * 60_000, XML),
            (text, b"<b/>" * 60_000, {"Content-Type": "text/xml; charset=utf-8"}),
            (text, b" \n", XML),
            (text, b"", XML),
            (text, b"<c/>", {"Content-Type": "text/plain"}),
            (text, b"<c/>", XML | {"Content-Encoding": "gzip"}),
            (text, b"<c/>", {}),
            (text, b"<d/>", XML | {"Expect": "100-continue"}),
            (reader, b"<e/>", XML),
            ("tp_wrong", b"<e/>", XML),
            (None, b"<e/>", XML),
        ]
    ):
        answered = []
        # Each address is sent bytes of its own, or the second would have seen them all.
        for place, address in enumerate((houses.door, houses.router)):
            with client(address, shown) as http:
                raw = body.replace(b"<a/>", b"<a%d/>" % place).replace(b"<b/>", b"<b%d/>" % place)
                raw = raw.replace(b"<d/>", b"<d%d/>" % place)
                answer = http.post("/v1/messages", content=raw, headers={"Accept-Language": "en"} | headers)
                status, its, _ = said(answer)
                told = answer.json()
                kept = {name: told[name] for name in ("state", "is_new", "code", "detail") if name in told}
                assert ("location" in its) == (status in (200, 202))
                answered.append((status, set(its) - {"content-length"}, kept))
                if "message_id" in told:
                    with client(houses.router, key(engine, None)) as operator:
                        assert operator.get(told["links"]["raw"]).content == raw
        assert answered[0] == answered[1], number


def test_requests_written_at_once_are_answered_in_their_order(houses):
    text = key(houses.engine, houses.code)
    with houses.engine.transaction() as tx:
        number = exchange.outgoing(tx, recipient_code=houses.code, after=0, most=1)[0]["outbox_id"]
    host, port = houses.door.removeprefix("http://").split(":")
    shown = f"Host: x\r\nAuthorization: Bearer {text}\r\n"
    post = f"POST /v1/messages HTTP/1.1\r\n{shown}Content-Type: text/xml\r\nContent-Length: 8\r\n\r\n<piped/>"
    give = f"GET /v1/outbox/{number} HTTP/1.1\r\n{shown}\r\n"
    page = f"GET /v1/outbox?after=0 HTTP/1.1\r\n{shown}\r\n"
    last = f"GET /v1/outbox/{number} HTTP/1.1\r\n{shown}Connection: close\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall((post + give + page + post + give + last).encode())
        told = b""
        while piece := line.recv(65536):
            told += piece
    kinds = [part.split(b" ")[0] for part in told.split(b"HTTP/1.1 ")[1:]]
    assert kinds == [b"202", b"200", b"200", b"200", b"200", b"200"]
    assert told.lower().count(b"connection: close") == 1


def test_a_body_that_was_given_is_held_by_no_idle_connection(houses):
    text = key(houses.engine, houses.code)
    with houses.engine.transaction() as tx:
        number = exchange.outgoing(tx, recipient_code=houses.code, after=0, most=1)[0]["outbox_id"]
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(client(houses.door, text)) for _ in range(5)]
        lines[0].get(f"/v1/outbox/{number}")
        gc.collect()
        gc.disable()
        stack.callback(gc.enable)
        before = sum(isinstance(thing, Quick) for thing in gc.get_objects())
        for http in lines:
            assert http.get(f"/v1/outbox/{number}").status_code == 200
            assert http.post("/v1/messages", content=b"<held/>", headers=XML).status_code < 300
            assert http.get(f"/v1/outbox/{number}").status_code == 200
        time.sleep(0.2)
        things = gc.get_objects()
        assert [thing for thing in things if type(thing) is Given] == []
        assert sum(isinstance(thing, Quick) for thing in things) <= before + len(lines)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_news_are_what_the_database_holds_however_few_are_remembered(houses, monkeypatch, data):
    engine = houses.engine
    monkeypatch.setattr(outbox, "NEWS_MOST", data.draw(st.integers(2, 12)))
    monkeypatch.setattr(outbox, "PAGE", data.draw(st.integers(1, 9)))
    monkeypatch.setattr(outbox, "LOOK_SECONDS", 0.0)
    with engine.transaction() as tx:
        rows = [outbox.outgoing(row) for row in exchange.outgoing(tx, after=0, most=1000)]
    begun = data.draw(st.integers(0, len(rows)))
    ids = [0, *(row.outbox_id for row in rows)]

    async def ask():
        news = News(engine)
        news._floor = news._last = ids[begun]
        for _ in range(4):
            recipient = data.draw(st.sampled_from([None, houses.code, STRANGER]))
            after, most = data.draw(st.sampled_from(ids)), data.draw(st.integers(1, 12))
            found = await news.after(recipient, after, most)
            if found is None:
                assert after < news._floor
                continue
            mine = [row for row in rows if recipient in (None, row.recipient_code)]
            assert list(found) == [row for row in mine if row.outbox_id > after][:most]
            assert len(news._all) <= outbox.NEWS_MOST

    asyncio.run(ask())


def test_what_the_scribe_will_write_is_left_to_it_for_a_moment_and_then_written(houses, monkeypatch):
    engine = houses.engine
    with engine.transaction() as tx:
        number = exchange.newest_outgoing(tx)
        tx.run("delete from outbox_bodies where outbox_id = %(n)s", n=number)
        tx.run("update receipt_blocks set written = false where last_message = %(n)s", n=number)
    written = []
    monkeypatch.setattr(answers, "kept", lambda *_, **__: written.append(1) or b"here")
    monkeypatch.setattr(outbox, "SCRIBE_SECONDS", 1.0)

    async def ask(manned: bool):
        mail = Mail(engine, SimpleNamespace(is_manned=lambda: manned))
        begun = time.monotonic()
        return await mail.body(None, number), time.monotonic() - begun

    assert asyncio.run(ask(manned=False))[0] == b"here"
    body, seconds = asyncio.run(ask(manned=True))
    assert (body, written) == (b"here", [1, 1])
    assert seconds >= 1.0

    def scribe() -> None:
        time.sleep(0.3)
        while engine.write_answers() is not None:
            pass

    thread = threading.Thread(target=scribe)
    thread.start()
    body, _ = asyncio.run(ask(manned=True))
    thread.join()
    assert zstandard.ZstdDecompressor().decompress(body).startswith(b"<ceb:CEB900Message")
    assert written == [1, 1]


def test_a_shelf_holds_no_more_bytes_than_it_may():
    shelf = Shelf(100)
    for number in range(50):
        shelf.put({number: Body("", b"x" * 30), number + 1000: None})
        shelf.put({number: Body("", b"x" * 30)})
    assert [number for number in range(50) if shelf.get(number)] == [47, 48, 49]
    assert shelf.get(1049) is None


@pytest.mark.parametrize(
    ("accepted", "is_taken"),
    [("zstd", True), ("gzip, ZSTD;q=0.5", True), ("zstd;q=0", False), ("zstd; q=0.0", False), ("zstd;level=3;q=0", False), ("zstd;q=abc", False), ("zstd;q=0.001", True), ("gzip", False), ("", False)],
)  # fmt: skip
def test_takes_zstandard_where_it_is_accepted(accepted, is_taken):
    assert accepts_zstd(accepted) is is_taken
