"""Messages in: kept before they are acknowledged, once, seen by their own only, in bounded memory."""

import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from tests.faces.api.serving import FIRM, OTHER, client, key, post
from tripoint.exchange.desk import BYTES_MAX
from tripoint.faces.api import bodies
from tripoint.kernel.refusals import Busy
from tripoint.registers.access.records import Scope


def message(number: int) -> bytes:
    return (
        b'<?xml version="1.0"?><ceb:CEB311Message xmlns:ceb="http://www.chinaport.gov.cn/ceb" n="%d"/>'
        % number
    )


def test_a_message_is_acknowledged_with_its_number_and_place(firm):
    answer = post(firm, message(1))
    assert answer.status_code == 202
    told = answer.json()
    assert told["is_new"] is True
    assert told["state"] == "received"
    assert answer.headers["location"] == told["links"]["self"] == f"/v1/messages/{told['message_id']}"
    found = firm.get(told["links"]["self"]).json()
    assert (found["message_id"], found["sender_code"], found["channel"]) == (told["message_id"], FIRM, "api")
    assert found["bytes"] == len(message(1))
    assert firm.get(told["links"]["raw"]).content == message(1)


def test_the_same_bytes_again_are_the_same_message(firm, other):
    first, again = post(firm, message(2)), post(firm, message(2))
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()["message_id"] == first.json()["message_id"]
    assert again.json()["is_new"] is False
    assert post(other, message(2)).json()["message_id"] != first.json()["message_id"]


@pytest.mark.parametrize("kind", ["text/xml; charset=utf-8", "application/octet-stream", "application/xml"])
def test_takes_a_message_under_each_of_its_names(firm, kind):
    assert post(firm, message(3) + kind.encode(), kind).status_code == 202


def test_a_firm_sees_only_its_own_messages_and_the_operator_sees_all(firm, other, operator):
    number = post(firm, message(4)).json()["message_id"]
    for place in (f"/v1/messages/{number}", f"/v1/messages/{number}/raw"):
        assert other.get(place).status_code == 404
        assert operator.get(place).status_code == 200
    assert number not in {item["message_id"] for item in other.get("/v1/messages").json()["items"]}
    assert number in {item["message_id"] for item in operator.get("/v1/messages").json()["items"]}


def test_pages_through_messages_newest_first_without_gap_or_repetition(firm):
    numbers = [post(firm, message(100 + n)).json()["message_id"] for n in range(5)]
    seen, before = [], None
    while True:
        page = firm.get("/v1/messages", params={"limit": 2} | ({"before": before} if before else {})).json()
        seen += [item["message_id"] for item in page["items"]]
        if (before := page["next_before"]) is None:
            break
    assert seen == sorted(set(seen), reverse=True)
    assert set(numbers) <= set(seen)
    chosen = firm.get("/v1/messages", params={"state": "unreadable"}).json()
    assert chosen["items"] == []


@pytest.mark.parametrize("raw", [b"", b" \n\t "])
def test_refuses_an_empty_message(firm, raw):
    answer = post(firm, raw)
    assert (answer.status_code, answer.json()["code"]) == (400, "MESSAGE-EMPTY")


def test_refuses_another_kind_of_content_and_compressed_content(firm):
    assert post(firm, b"{}", "application/json").status_code == 415
    assert post(firm, b"\x1f\x8b", **{"Content-Encoding": "gzip"}).status_code == 415
    assert firm.post("/v1/messages", content=b"<a/>").status_code == 415


def test_refuses_a_key_without_the_scope_and_a_request_without_a_key(engine, url, nobody):
    assert post(nobody, message(5)).status_code == 401
    assert nobody.get("/v1/messages").headers["www-authenticate"].startswith("Bearer")
    with client(url, key(engine, FIRM, Scope.READ)) as http:
        assert (post(http, message(5)).status_code, http.get("/v1/messages").status_code) == (403, 200)
    with client(url, key(engine, FIRM, Scope.SEND)) as http:
        assert (post(http, message(5)).status_code, http.get("/v1/messages").status_code) == (202, 403)
    with client(url, "tp_" + "0" * 12 + "_" + "0" * 64) as http:
        assert http.get("/v1/messages").json()["code"] == "ACCESS-KEY"


def _talk(url: str, text: str, head: str, pieces, *, patience: float = 20) -> bytes:
    """Speak HTTP by hand; everything the server says until it closes or has said enough."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=patience) as wire:
        wire.sendall(
            f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {text}\r\n"
            f"Content-Type: application/xml\r\n{head}\r\n\r\n".encode()
        )
        try:
            for piece in pieces:
                wire.sendall(piece)
        except OSError:
            pass  # the server may close before all has been said
        try:
            return wire.recv(65536)
        except OSError:
            return b""


def test_refuses_a_body_that_claims_to_be_too_large_before_it_comes(engine, url):
    said = _talk(url, key(engine), f"Content-Length: {BYTES_MAX + 1}", [b"<a>"])
    assert said.startswith(b"HTTP/1.1 413")
    assert b"MESSAGE-TOO-LARGE" in said


def test_refuses_a_chunked_body_as_soon_as_it_is_too_large(engine, url):
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    begun = time.monotonic()
    said = _talk(url, key(engine), "Transfer-Encoding: chunked", (chunk for _ in range(40)))
    assert said.startswith(b"HTTP/1.1 413") or said == b""  # closed while we were still talking
    assert time.monotonic() - begun < 15
    assert bodies.ALLOWANCE.held == 0


def test_takes_a_message_of_the_largest_size(firm):
    raw = b"<a>" + b"x" * (BYTES_MAX - 7) + b"</a>"
    assert post(firm, raw).status_code == 202
    assert post(firm, raw + b" ").status_code == 413


def test_gives_up_a_body_that_comes_too_slowly(engine, url, monkeypatch):
    monkeypatch.setattr(bodies, "PAUSE_SECONDS_MAX", 0.3)
    said = _talk(url, key(engine), "Content-Length: 100", [b"<a>"])
    assert said.startswith(b"HTTP/1.1 408")


def test_says_busy_when_too_much_arrives_at_once(firm, monkeypatch):
    monkeypatch.setattr(bodies.ALLOWANCE, "most", 10)
    answer = post(firm, message(6))
    assert (answer.status_code, answer.json()["code"]) == (503, "BODIES-BUSY")
    assert int(answer.headers["retry-after"]) > 0
    assert bodies.ALLOWANCE.held == 0


def test_an_allowance_is_never_overdrawn():
    allowance = bodies.Allowance(10)
    allowance.take(10)
    with pytest.raises(Busy):
        allowance.take(1)
    allowance.give_back(10)
    assert allowance.held == 0


def test_many_clients_at_once_each_get_their_own_number(engine, url):
    from concurrent.futures import ThreadPoolExecutor

    text = key(engine, OTHER)

    def send(number: int) -> int:
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {text}"}, trust_env=False) as http:
            return post(http, message(1000 + number % 20)).json()["message_id"]

    with ThreadPoolExecutor(16) as pool:
        numbers = list(pool.map(send, range(80)))
    assert len(set(numbers)) == 20
