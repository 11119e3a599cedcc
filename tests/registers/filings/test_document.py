"""A filings document is read whole or refused with every fault at its place."""

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.registers.filings.world import plain, raw
from tripoint.registers.filings import document
from tripoint.registers.filings.records import EntrustedPaper, FaultyFilings, Role


def faults(source):
    """The paths of the faults of a document."""
    with pytest.raises(FaultyFilings) as refused:
        document.read_document(source if isinstance(source, bytes) else raw(source))
    for problem in refused.value.problems:
        assert problem.text.zh
        assert problem.text.en
    return [problem.path for problem in refused.value.problems]


def test_reads_a_whole_document():
    read = document.read_document(raw(plain()))
    assert read.generated
    assert read.enterprises[0].roles == {Role.MARKETPLACE, Role.MERCHANT}
    assert [item.realtime_payment_data for item in read.enterprises] == [True, False, False, False]
    assert [item.until for item in read.enterprises] == [None, date(2030, 12, 31), None, None]
    assert read.certificates[0].pem.startswith("-----BEGIN")
    assert read.entrustments[1].paper_kind is EntrustedPaper.PAYMENTS
    assert read.verified_persons[0].verified_on == date(2024, 2, 29)
    assert read.deposits[0].amount == 10_000_000_000
    assert read.annual_used[0].amount == 2_599_999_999


def test_every_part_may_be_left_out():
    read = document.read_document(b"{}")
    assert not read.generated
    assert read.enterprises == read.deposits == ()


def test_takes_a_byte_order_mark():
    assert document.read_document(b"\xef\xbb\xbf{}").enterprises == ()


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"[",
        b"\xff",
        b"[]",
        b"1",
        b'"x"',
        b"null",
        b"[" * 100_000,
        b"1" * 5000,
        b'{"a":1,"a":1}',
        b'{"enterprises":[{"name":1,"name":1}]}',
    ],
)
def test_refuses_what_has_no_outline(source):
    assert faults(source) == ["$"]


def test_names_every_fault_by_its_path():
    bent = plain()
    bent["generated"] = "yes"
    bent["strange"] = 1
    bent["enterprises"][0]["roles"] = ["king"]
    bent["enterprises"][1]["enterprise_code"] = "a firm"
    bent["enterprises"][1]["colour"] = "red"
    del bent["enterprises"][2]["source"]
    bent["enterprises"][3] = "a firm"
    bent["entrustments"] = {}
    bent["verified_persons"][0]["verified_on"] = "2023-02-29"
    bent["deposits"][0]["amount"] = 100000.0
    assert faults(bent) == [
        "strange",
        "generated",
        "enterprises[0].roles",
        "enterprises[1].colour",
        "enterprises[1].enterprise_code",
        "enterprises[2].source",
        "enterprises[3]",
        "entrustments",
        "verified_persons[0].verified_on",
        "deposits[0].amount",
    ]


@pytest.mark.parametrize(
    ("section", "member", "value"),
    [
        ("enterprises", "enterprise_code", ""),
        ("enterprises", "enterprise_code", "A" * 19),
        ("enterprises", "enterprise_code", "110591015９"),
        ("enterprises", "name", " x"),
        ("enterprises", "name", "x" * 101),
        ("enterprises", "name", "a\u0000b"),
        ("enterprises", "name", "a\ud800b"),
        ("enterprises", "roles", []),
        ("enterprises", "roles", ["carrier", "carrier"]),
        ("enterprises", "roles", [["carrier"]]),
        ("enterprises", "roles", "carrier"),
        ("enterprises", "realtime_payment_data", 1),
        ("enterprises", "since", "2019-1-1"),
        ("enterprises", "since", None),
        ("enterprises", "until", ""),
        ("certificates", "pem", 5),
        ("entrustments", "paper_kind", "waybills"),
        ("verified_persons", "person_id", "91000019900101123x"),
        ("deposits", "amount", "0"),
        ("deposits", "amount", "-1.00"),
        ("deposits", "amount", "1.000001"),
        ("deposits", "amount", "1e5"),
        ("deposits", "amount", "１"),
        ("deposits", "amount", "9" * 13),
        ("annual_used", "year", True),
        ("annual_used", "year", 2015),
        ("annual_used", "year", "2024"),
    ],
)
def test_refuses_a_value_that_is_not_exactly_right(section, member, value):
    bent = plain()
    bent[section][0][member] = value
    source = json.dumps(bent).encode()
    assert faults(source) == [f"{section}[0].{member}"]


def test_no_personal_number_gets_into_a_refusal():
    bent = plain()
    bent["verified_persons"][0]["person_id"] = "91000019900101123x"
    with pytest.raises(FaultyFilings) as refused:
        document.read_document(raw(bent))
    assert "19900101" not in str(refused.value) + refused.value.text.zh
    broken = raw(plain()).replace(b'"910000199001011234"', b'"910000199001011234', 1)
    with pytest.raises(FaultyFilings) as refused:
        document.read_document(broken)
    assert "19900101" not in str(refused.value) + str(refused.value.__cause__)


def test_refuses_what_is_too_large_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(document, "MAX_BYTES", 10)
    assert faults(b" " * 11) == ["$"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.sampled_from(list(plain())), values)
def test_no_value_anywhere_is_a_fault_of_ours(section, value):
    bent = plain()
    bent[section] = value
    try:
        document.read_document(json.dumps(bent).encode())
    except FaultyFilings as refused:
        assert refused.problems  # noqa: PT017


@settings(deadline=None)
@given(st.data())
def test_no_member_is_a_fault_of_ours(data):
    bent = plain()
    section = data.draw(st.sampled_from([name for name in bent if name != "generated"]))
    member = data.draw(st.sampled_from(sorted(bent[section][0])))
    bent[section][0][member] = data.draw(values)
    try:
        document.read_document(json.dumps(bent).encode())
    except FaultyFilings as refused:
        assert [problem.path for problem in refused.problems] == [f"{section}[0].{member}"]  # noqa: PT017
