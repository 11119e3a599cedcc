"""Keys, addresses, waits and signatures, without a database."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tripoint.kernel.refusals import Forbidden, Malformed, Unauthenticated
from tripoint.registers.access import rules
from tripoint.registers.access.records import ApiKey, Principal, Scope

NOW = datetime(2024, 6, 1, 8, tzinfo=UTC)


def key(**changes):
    plain = {
        "key_id": "0" * 12, "enterprise_code": "0000A60001", "name": "n", "scopes": frozenset({Scope.SEND}),
        "created_at": NOW, "expires_at": None, "revoked_at": None, "last_used_at": None,
    }  # fmt: skip
    return ApiKey(**plain | changes)


@settings(deadline=None)
@given(st.binary(min_size=6, max_size=6), st.binary(min_size=32, max_size=32))
def test_a_key_reads_back_to_its_number_and_the_hash_of_its_secret(number, secret):
    text = rules.key_text(number, secret)
    assert rules.split_key(text) == (number.hex(), hashlib.sha256(secret).digest())


@settings(deadline=None)
@given(st.text(max_size=90))
def test_refuses_what_is_no_key(text):
    with pytest.raises(Unauthenticated, match="ACCESS-KEY"):
        rules.split_key(text)


@pytest.mark.parametrize(
    "change", [str.upper, lambda text: text + "\n", lambda text: " " + text, lambda text: text[:-1]]
)
def test_a_key_is_taken_as_it_was_given_or_not_at_all(change):
    with pytest.raises(Unauthenticated):
        rules.split_key(change(rules.key_text(b"\xaa" * 6, b"\xbb" * 32)))


def test_an_unknown_key_and_a_wrong_secret_are_answered_alike():
    right, wrong = hashlib.sha256(b"a").digest(), hashlib.sha256(b"b").digest()
    with pytest.raises(Unauthenticated) as unknown:
        rules.admit(None, None, right, NOW)
    with pytest.raises(Unauthenticated) as another:
        rules.admit(key(), right, wrong, NOW)
    assert unknown.value.text == another.value.text
    assert unknown.value.code == another.value.code


def test_no_key_is_admitted_by_the_hash_of_nothing():
    with pytest.raises(Unauthenticated):
        rules.admit(None, None, bytes(32), NOW)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"revoked_at": NOW}, "ACCESS-KEY-REVOKED"),
        ({"expires_at": NOW}, "ACCESS-KEY-EXPIRED"),
    ],
)
def test_refuses_a_key_that_is_over_from_the_very_moment(changes, code):
    kept = hashlib.sha256(b"a").digest()
    with pytest.raises(Unauthenticated, match=code):
        rules.admit(key(**changes), kept, kept, NOW)
    assert rules.admit(key(**changes), kept, kept, NOW - timedelta(microseconds=1)).scopes == {Scope.SEND}


def test_scopes_are_had_or_not_and_an_administrator_has_the_operators():
    firm = Principal(key_id="1", enterprise_code="A", scopes=frozenset({Scope.SEND}))
    admin = Principal(key_id="2", enterprise_code=None, scopes=frozenset({Scope.ADMIN}))
    rules.require(firm, Scope.SEND)
    for scope in (Scope.READ, Scope.OPERATOR, Scope.OFFICER, Scope.ADMIN):
        with pytest.raises(Forbidden, match="ACCESS-SCOPE"):
            rules.require(firm, scope)
    for scope in (Scope.OPERATOR, Scope.OFFICER, Scope.ADMIN):
        rules.require(admin, scope)
    with pytest.raises(Forbidden):
        rules.require(admin, Scope.SEND)


def test_a_firm_sees_only_its_own():
    firm = Principal(key_id="1", enterprise_code="A", scopes=frozenset({Scope.READ}))
    rules.require_enterprise(firm, "A")
    with pytest.raises(Forbidden, match="ACCESS-ENTERPRISE"):
        rules.require_enterprise(firm, "B")
    rules.require_enterprise(Principal(key_id="2", enterprise_code=None, scopes=frozenset()), "B")


@pytest.mark.parametrize(
    ("code", "scopes"), [("A", []), (None, []), ("A", [Scope.ADMIN]), ("A", [Scope.SEND, Scope.OFFICER])]
)
def test_refuses_scopes_that_do_not_fit_the_holder(code, scopes):
    with pytest.raises(Malformed, match="ACCESS-SCOPES"):
        rules.refuse_scopes(code, scopes)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://example.com/hook?a=1", "example.com", 443),
        ("http://example.com", "example.com", 80),
        ("https://Example.COM:8443/x", "example.com", 8443),
        ("https://[2001:db8::1]/x", "2001:db8::1", 443),
        ("http://127.0.0.1:9/x", "127.0.0.1", 9),
    ],
)
def test_reads_the_host_of_a_webhook(url, host, port):
    assert rules.webhook_host(url) == (host, port)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "ftp://example.com", "file:///etc/passwd", "https://", "https:///x", "https://user@example.com",
        "https://a:b@example.com", "https://example.com/#x", "https://exa mple.com", "https://example.com/\n", "https://a..b",
        "https://example.com:0", "https://example.com:99999", "https://example.com:x", "https://例子.com", "https://[::1", "https://[x]/",
        "https://example.com\\@internal/", "https://-a.com", "http://0177.0.0.1/", "http://2130706433/", "http://0x7f000001/", "http://127.1/",
        "http://[::1]x:80/", "http://[fe80::1%25eth0]/", "https://example.com/./x", "https://example.com/a/%2E./x", "http://127.0.0.1./", "gopher://example.com", "https://example.com/" + "x" * 2000,
    ],
)  # fmt: skip
def test_refuses_what_is_no_plain_web_address(url):
    with pytest.raises(Malformed, match="WEBHOOK-URL"):
        rules.webhook_host(url)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("HTTPS://Example.COM:443", "https://example.com/"),
        ("http://example.com:/a?", "http://example.com/a"),
        ("http://example.com:8080/A?b=C", "http://example.com:8080/A?b=C"),
        ("http://[0:0::1]:80/x", "http://[::1]/x"),
        ("https://4.example.com/x", "https://4.example.com/x"),
    ],
)
def test_an_address_has_one_form(url, kept):
    assert rules.plain_url(url) == kept == rules.plain_url(kept)


@settings(deadline=None)
@given(st.text(max_size=60).map(lambda text: "http://" + text))
def test_what_is_taken_for_an_address_can_be_posted_to(url):
    try:
        kept = rules.plain_url(url)
    except Malformed:
        return
    named = httpx.Request("POST", kept).url
    assert (named.raw_host.decode(), named.port or 80) == rules.webhook_host(kept)


@settings(deadline=None)
@given(st.text(max_size=60).map(lambda text: "http://" + text))
def test_an_address_is_read_or_refused_and_never_a_fault(url):
    try:
        host, port = rules.webhook_host(url)
    except Malformed:
        return
    assert host == host.lower()
    assert 0 < port < 65536


PRIVATE = [
    "127.0.0.1", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fec0::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1", "not an address",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_refuses_private_addresses_unless_they_are_allowed(address):
    with pytest.raises(Malformed, match="WEBHOOK-PRIVATE"):
        rules.refuse_address(["93.184.216.34", address], allow_private=False)
    rules.refuse_address([address], allow_private=True)


def test_takes_public_addresses_and_refuses_a_host_without_any():
    rules.refuse_address(["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"], allow_private=False)
    with pytest.raises(Malformed, match="WEBHOOK-HOST"):
        rules.refuse_address([], allow_private=True)


@settings(deadline=None)
@given(st.integers(1, 10**9))
def test_waits_double_up_to_six_hours_and_end(number):
    waits = []
    for failed in range(1, rules.ATTEMPTS_MOST):
        again = rules.next_attempt(failed, NOW, number)
        assert again is not None
        waits.append((again - NOW).total_seconds())
    assert rules.next_attempt(rules.ATTEMPTS_MOST, NOW, number) is None
    assert waits == sorted(waits[:12]) + waits[12:]
    for failed, wait in enumerate(waits, 1):
        least = min(10 * 2 ** (failed - 1), 6 * 3600)
        assert least <= wait <= least * 1.1
    assert 29 * 3600 < sum(waits) < 33 * 3600


def test_the_signature_is_an_hmac_over_time_and_body():
    text = rules.signature("whsec_x", NOW, b"<a/>")
    mac = hmac.new(b"whsec_x", b"1717228800.<a/>", hashlib.sha256).hexdigest()
    assert text == f"t=1717228800,v1={mac}"
