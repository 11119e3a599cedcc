"""What one connection may do to the server and to itself: offers, queues, trailers, heads, ends; spoken by hand."""

import contextlib
import http.client
import json
import re
import socket
import struct
import threading
import time
from urllib.parse import urlsplit

import pytest
import uvicorn
from structlog.testing import capture_logs

from tests.faces.api.serving import key, post
from tripoint.exchange.desk import BYTES_MAX
from tripoint.faces.api import leaving, server, wire
from tripoint.kernel.refusals import Busy

UPGRADE = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n"
HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"


@pytest.fixture(scope="module")
def text(engine):
    """A firm's key."""
    return key(engine)


@pytest.fixture
def line(url):
    """A connection."""
    with dial(url) as one:
        yield one


def dial(url):
    """Another connection."""
    place = urlsplit(url)
    one = socket.create_connection((place.hostname, place.port), timeout=20)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return one


def head(text, length=None, more=""):
    """The head of a message sent."""
    shown = f"Authorization: Bearer {text}\r\n" if text else ""
    size = "" if length is None else f"Content-Length: {length}\r\n"
    start = "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n"
    return f"{start}{shown}{size}{more}\r\n".encode()


def sent(text, raw, more=""):
    """A message sent."""
    return head(text, len(raw), more) + raw


def told(line, count=None, seconds=20.0):
    """What is said until so many answers have begun and a moment more, or to the end; and whether that was the end."""
    said, until = b"", time.monotonic() + seconds
    while time.monotonic() < until:
        enough = count is not None and len(statuses(said)) >= count
        line.settimeout(0.3 if enough else max(0.01, until - time.monotonic()))
        try:
            piece = line.recv(65536)
        except TimeoutError:
            break
        except ConnectionResetError:
            return said, True
        if not piece:
            return said, True
        said += piece
    return said, False


def statuses(said):
    """The statuses of answers."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


def problem(said):
    """The problem document that ends what was said."""
    return json.loads(said.rpartition(b"\r\n\r\n")[2])


@pytest.mark.parametrize(
    "more", [UPGRADE, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"]
)
@pytest.mark.parametrize("pause", [0.0, 0.2])
def test_an_offer_of_another_protocol_is_passed_over(line, text, firm, more, pause):
    raw = b"GET /health HTTP/1.1\r\nHost: %d\r\n\r\n" % time.monotonic_ns()
    for number in range(2):
        first = head(text, len(raw), more)
        line.sendall(first if pause else first + raw)
        if pause:
            time.sleep(pause)
            line.sendall(raw)
        said, _ = told(line, 1)
        assert statuses(said) == [[202, 200][number]]
        assert firm.get(problem(said)["links"]["raw"]).content == raw
    line.sendall(HEALTH.replace(b"\r\n\r\n", b"\r\n" + more.encode() + b"\r\n") * 3 + HEALTH)
    assert statuses(told(line, 4)[0]) == [200] * 4


def test_a_tunnel_is_refused(line):
    line.sendall(b"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n" + HEALTH)
    said, is_over = told(line)
    assert (statuses(said), problem(said)["code"], is_over) == ([400], "HTTP-MALFORMED", True)


def test_who_asks_without_listening_is_read_no_further(line, url):
    line.settimeout(3)
    count = 0
    with contextlib.suppress(OSError):
        while count < 400_000:
            line.sendall(HEALTH * 2000)
            count += 2000
    said, is_over = told(line)
    assert len(statuses(said)) <= wire.QUEUED_MOST + 1
    assert is_over
    with dial(url) as other:
        other.sendall(HEALTH)
        assert statuses(told(other, 1)[0]) == [200]


def test_some_requests_at_once_are_all_answered(line, text):
    raws = [b"<queued n='%d'/>" % number for number in range(80)]
    line.sendall(b"".join(sent(text, raw) for raw in raws))
    said, is_over = told(line, 80)
    assert (statuses(said), is_over) == ([202] * 80, False)


@pytest.mark.parametrize("trailer", [b"a: b\r\n", b"a"])
def test_trailers_without_end_are_not_read_on(line, text, trailer):
    line.sendall(head(text, None, CHUNKED) + b"4\r\n<a/>\r\n0\r\n")
    count = 0
    with contextlib.suppress(OSError):
        while count < 40_000_000 and not statuses(told(line, seconds=0.001)[0]):
            line.sendall(trailer * (100_000 // len(trailer)))
            count += 100_000
    assert count < 10_000_000


def test_trailers_without_end_after_an_answer_are_not_read_on(line, monkeypatch):
    monkeypatch.setattr(leaving, "LEAVE_SECONDS_MAX", 0.5)
    line.sendall(head(None, None, CHUNKED))
    assert statuses(told(line, 1)[0]) == [401]
    line.sendall(b"0\r\n" + b"a: b\r\n" * 20_000)
    said, is_over = told(line)
    assert (said, is_over) == (b"", True)


def test_a_key_in_a_trailer_is_none(line, text):
    trailer = b"0\r\nAuthorization: Bearer " + text.encode() + b"\r\n\r\n"
    line.sendall(head(None, None, CHUNKED) + b"4\r\n<t/>\r\n" + trailer)
    assert statuses(told(line, 1)[0]) == [401]
    line.sendall(head(text, None, CHUNKED) + b"4\r\n<t/>\r\n0\r\nChecksum: 1\r\n\r\n")
    assert statuses(told(line, 1)[0]) == [202]


@pytest.mark.parametrize("before", [b"", HEALTH])
@pytest.mark.parametrize("size", [70_000, 100_000, 300_000])
def test_a_head_that_is_too_large_is_refused_however_it_comes(line, text, before, size):
    line.sendall(before + sent(text, b"<a/>", "X: " + "a" * size + "\r\n"))
    said, is_over = told(line)
    assert is_over
    assert 202 not in statuses(said)
    if not before:
        assert (statuses(said), problem(said)["code"]) == ([431], "HEAD-TOO-LARGE")


def test_a_large_head_is_taken(line, text):
    line.sendall(sent(text, b"<large-head/>", "X: " + "a" * 60_000 + "\r\n"))
    assert statuses(told(line, 1)[0]) == [202]


def test_a_coding_that_is_not_undone_is_refused(line, text):
    line.sendall(head(text, None, "Transfer-Encoding: gzip, chunked\r\n") + b"4\r\n<a/>\r\n0\r\n\r\n")
    said, is_over = told(line)
    assert (statuses(said), problem(said)["code"], is_over) == ([501], "TRANSFER-CODING", True)


def test_what_cannot_be_read_is_refused_with_a_problem_document(line):
    line.sendall(b"garbage garbage\r\n\r\n")
    said, is_over = told(line)
    assert (statuses(said), problem(said)["code"], is_over) == ([400], "HTTP-MALFORMED", True)
    assert b"application/problem+json" in said


@pytest.mark.parametrize("count", [1, 3])
def test_what_cannot_be_read_does_not_answer_for_what_came_before_it(line, text, count):
    raws = [b"<before-garbage n='%d%d'/>" % (count, number) for number in range(count)]
    line.sendall(b"".join(sent(text, raw) for raw in raws) + b"garbage garbage\r\n\r\n")
    said, is_over = told(line)
    assert (statuses(said), is_over) == ([202] * count, True)
    assert said.count(b"connection: close") == 1


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_body_that_breaks_ends_its_own_request_only(line, text, count):
    raws = [b"<before-break n='%d%d'/>" % (count, number) for number in range(count)]
    line.sendall(b"".join(sent(text, raw) for raw in raws) + head(text, None, CHUNKED) + b"zz\r\n")
    said, is_over = told(line)
    assert (statuses(said), is_over) == ([202] * count or [400], True)


def test_a_head_that_does_not_end_does_not_take_the_answer_before_it(line, text, engine, monkeypatch):
    admit = engine.admit_all
    monkeypatch.setattr(engine, "admit_all", lambda its: (time.sleep(1.2), admit(its))[1])
    monkeypatch.setattr(wire, "HEAD_SECONDS_MAX", 0.4)
    line.sendall(sent(text, b"<before-half-a-head/>") + b"GET /hea")
    said, is_over = told(line)
    assert (statuses(said), is_over) == ([202], True)


def test_who_has_said_all_is_answered(line, text):
    line.sendall(sent(text, b"<said-all/>"))
    line.shutdown(socket.SHUT_WR)
    said, is_over = told(line)
    assert (statuses(said), is_over) == ([202], True)


def test_who_falls_silent_in_the_middle_is_not_waited_for(line, text):
    line.sendall(sent(text, b"<said-half/>")[:-3])
    line.shutdown(socket.SHUT_WR)
    begun = time.monotonic()
    said, is_over = told(line)
    assert (202 in statuses(said), is_over) == (False, True)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("rest", [b"<a/>", b"<a", b"<a/>GET /hea"])
def test_a_connection_is_idle_once_it_is_answered_whatever_still_comes(url, rest, monkeypatch):
    made = wire.Connection.connection_made

    def impatient(self, transport):
        self.timeout_keep_alive = 1.0
        made(self, transport)

    monkeypatch.setattr(wire.Connection, "connection_made", impatient)
    monkeypatch.setattr(wire, "HEAD_SECONDS_MAX", 1.0)
    with dial(url) as line:
        line.sendall(head(None, 4))
        assert statuses(told(line, 1)[0]) == [401]
        line.sendall(rest)
        begun = time.monotonic()
        assert told(line)[1]
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize("chunked", [True, False])
def test_a_refusal_of_a_large_body_reaches_a_client_that_sends_all_of_it_first(url, text, chunked):
    place = urlsplit(url)
    one = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
    raw = b"x" * (BYTES_MAX + 10_000_000)
    pieces = (raw[begin : begin + 65536] for begin in range(0, len(raw), 65536))
    headers = {"Authorization": f"Bearer {text}", "Content-Type": "text/xml"}
    one.request("POST", "/v1/messages", pieces if chunked else raw, headers, encode_chunked=chunked)
    answer = one.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (413, "MESSAGE-TOO-LARGE")
    one.close()


def test_who_goes_on_sending_after_a_refusal_is_cut_off(line, text, monkeypatch):
    monkeypatch.setattr(leaving, "LEAVE_SECONDS_MAX", 0.5)
    line.sendall(head(text, BYTES_MAX + 1))
    assert statuses(told(line)[0]) == [413]
    begun = time.monotonic()
    with pytest.raises(ConnectionError):
        while time.monotonic() - begun < 10:
            line.sendall(b"x" * 1000)
            time.sleep(0.05)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(("pause", "is_served"), [(0.15, True), (2.0, False)])
def test_a_reader_that_is_slow_but_steady_is_waited_for(line, firm, text, monkeypatch, pause, is_served):
    monkeypatch.setattr(wire, "ANSWER_SECONDS_MAX", 0.5)
    raw = b"<a>" + b"x" * (BYTES_MAX - 7) + b"</a>"
    place = post(firm, raw).json()["links"]["raw"]
    line.sendall(f"GET {place} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {text}\r\n\r\n".encode())
    count, due = 0, 1_000_000
    with contextlib.suppress(ConnectionError):
        while count < len(raw) and (piece := line.recv(65536)):
            count += len(piece)
            if count > due:
                time.sleep(pause)
                due += 1_000_000 if is_served else len(raw)
    assert (count >= len(raw)) is is_served


def test_clients_that_vanish_leave_no_fault(url, text):
    asked = f"GET /v1/messages?limit=5 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {text}\r\n\r\n".encode()
    with capture_logs(), pytest.MonkeyPatch.context() as patch:
        faults = []
        patch.setattr("logging.Logger.error", lambda *said, **more: faults.append((said, more)))
        for number in range(20):
            with dial(url) as one:
                one.sendall(asked * 3)
                time.sleep(0.001 * (number % 5))
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        time.sleep(0.5)
    assert faults == []


def test_a_request_refused_late_is_told_so_in_its_own_language(line, text, engine, monkeypatch):
    def busy(_):
        time.sleep(0.5)
        raise Busy("DATABASE-CROWDED", "忙", "busy")

    monkeypatch.setattr(engine, "admit_all", busy)
    with capture_logs() as logged:
        line.sendall(sent(text, b"<late/>", "Accept-Language: zh\r\n"))
        time.sleep(0.2)
        line.sendall(HEALTH.replace(b"\r\n\r\n", b"\r\nAccept-Language: en\r\n\r\n"))
        said, _ = told(line, 2)
        time.sleep(0.2)
    assert statuses(said) == [503, 200]
    refused = problem(said.partition(b"HTTP/1.1 200")[0])
    assert refused["detail"] == "忙"
    (entry,) = [one for one in logged if one.get("status") == 503]
    assert entry["request_id"] == refused["request_id"]


def test_a_stop_is_not_forgotten_by_a_body_that_takes_its_time(engine, text):
    running = uvicorn.Server(server.config(server.application(engine)))
    with server.listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        with dial(f"http://127.0.0.1:{listening.getsockname()[1]}") as line:
            line.sendall(sent(text, b"<known-key/>"))
            assert statuses(told(line, 1)[0]) == [202]
            raw = sent(text, b"<slow-to-stop/>")
            line.sendall(raw[:-4])
            time.sleep(0.5)
            running.should_exit = True
            time.sleep(wire.QUICK_SECONDS_MAX + 0.5)
            line.sendall(raw[-4:])
            said, is_over = told(line, seconds=5)
            assert (statuses(said), is_over) == ([202], True)
            assert b"connection: close" in said
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    "place", ["/v1/outbox?after=0", "/v1/outbox?limit=1&after=0", "/v1/outbox/1", "/v1/messages"]
)
def test_two_keys_at_once_are_refused_on_every_way_in(line, text, place):
    good, bad = f"Authorization: Bearer {text}\r\n", "Authorization: Bearer nobody\r\n"
    for shown in (good + bad, bad + good, good + good):
        line.sendall(f"GET {place} HTTP/1.1\r\nHost: x\r\n{shown}\r\n".encode())
        said, _ = told(line, 1)
        assert (statuses(said), problem(said)["code"]) == ([400], "REQUEST-INVALID")
        assert problem(said)["errors"][0]["field"] == "authorization"
        line.sendall(sent(None, b"<two-keys/>", shown))
        assert statuses(told(line, 1)[0]) == [400]
