"""What a file of rates or goods must say, and that everything wrong in it is told by its line."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tripoint.regimes.load import data_root
from tripoint.registers.rates import rules
from tripoint.registers.rates.files import GOODS_COLUMNS, RATE_COLUMNS, parse
from tripoint.registers.rates.records import Kind, Rate, Register

HEAD = ",".join(RATE_COLUMNS) + "\n"
GOOD = "3304990029,护肤品,skin care,035,011,6.5 %,13 %,15 %,,,high_end_cosmetics,2020-01-01,,made up\n"


def errors(*rows: str, head: str = HEAD) -> list[tuple[int, str]]:
    return [(error.line, error.field) for error in parse(Register.RATES, (head + "".join(rows)).encode())[1]]


def test_reads_a_row_into_whole_numbers() -> None:
    [(line, row)], wrong = parse(Register.RATES, (HEAD + GOOD).encode("utf-8-sig"))
    assert not wrong
    assert isinstance(row, Rate)
    assert (line, row.duty_ppm, row.vat_ppm, row.ct_ppm) == (2, 65_000, 130_000, 150_000)
    assert (row.until, row.ct_specific, row.source) == (None, None, "made up")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("3304990029", "330499", "hs_code"),
        ("035", "999", "unit_1"),
        ("6.5 %", "6.5", "duty"),
        ("13 %", "100 %", "vat"),
        ("13 %", "", "vat"),
        ("high_end_cosmetics", "sometimes", "ct_condition"),
        ("2020-01-01", "2020-02-30", "since"),
        ("2020-01-01,", "2020-01-01,2019-12-31", "until"),
        ("made up", "", "source"),
        ("15 %,,", "15 %,250.00,", "ct_specific_unit"),
        ("15 %,,", "15 %,-1,070", "ct_specific"),
    ],
)
def test_names_the_line_and_the_field_that_is_wrong(old: str, new: str, field: str) -> None:
    assert errors(GOOD, GOOD.replace(old, new, 1).replace("3304990029", "3304990039")) == [(3, field)]


def test_tells_every_error_of_the_file_at_once() -> None:
    bad = GOOD.replace("035", "999").replace("made up", "")
    assert errors(bad, "a,b\n", "\n", bad) == [
        (2, "unit_1"),
        (2, "source"),
        (3, ""),
        (5, "unit_1"),
        (5, "source"),
    ]


def test_refuses_a_head_with_a_missing_or_unknown_column() -> None:
    assert errors(head="hs_code,colour\n")[-1] == (1, "colour")
    assert errors(head="") == [(1, name) for name in RATE_COLUMNS]


def test_refuses_what_is_not_text() -> None:
    assert [e.line for e in parse(Register.RATES, HEAD.encode() + b"\n\xff\n")[1]] == [3]
    assert [e.field for e in parse(Register.RATES, HEAD.encode() + b'"open\n')[1]] == [""]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_told_about(raw: bytes) -> None:
    rows, wrong = parse(Register.GOODS, raw)
    assert wrong or raw.decode("utf-8-sig").splitlines()[0] == ",".join(GOODS_COLUMNS)
    assert isinstance(rows, list)


def test_a_row_that_stands_twice_is_an_error_of_its_second_line() -> None:
    proposal = rules.propose(Register.RATES, (HEAD + GOOD + GOOD).encode(), [], None)
    assert proposal.digest is None
    assert [error.line for error in proposal.errors] == [3]


def test_a_row_that_ends_after_the_next_begins_is_an_error() -> None:
    first = GOOD.replace("2020-01-01,", "2020-01-01,2021-01-01")
    proposal = rules.propose(
        Register.RATES, (HEAD + first + GOOD.replace("2020-", "2021-")).encode(), [], None
    )
    assert [error.line for error in proposal.errors] == [2]


def test_a_complete_file_must_name_what_begins_later() -> None:
    rows = [row for _, row in parse(Register.RATES, (HEAD + GOOD).encode())[0]]
    other = GOOD.replace("3304990029", "9503008900")
    proposal = rules.propose(Register.RATES, (HEAD + other).encode(), rows, date(2019, 1, 1))
    assert proposal.digest is None
    assert proposal.errors[0].field == "3304990029 2020-01-01"


def test_the_digest_follows_the_file_and_what_was_in_force() -> None:
    file = (HEAD + GOOD).encode()
    rows = [row for _, row in parse(Register.RATES, file)[0]]
    empty, again, known = (rules.propose(Register.RATES, file, kept, None) for kept in ([], [], rows))
    assert empty.digest == again.digest != known.digest
    assert (empty.count(Kind.ADDED), known.count(Kind.UNCHANGED)) == (1, 1)


def test_a_row_holds_from_its_first_to_its_last_day() -> None:
    row = next(
        row
        for _, row in parse(Register.RATES, (HEAD + GOOD.replace(",,made", ",2020-12-31,made")).encode())[0]
    )
    days = (date(2019, 12, 31), date(2020, 1, 1), date(2020, 12, 31), date(2021, 1, 1))
    assert [rules.as_of([row], "3304990029", day) is row for day in days] == [False, True, True, False]


def test_a_character_no_database_keeps_is_told_by_its_line() -> None:
    proposal = rules.propose(Register.RATES, (HEAD + GOOD[:12] + "\0" + GOOD[12:]).encode(), [], None)
    assert [error.line for error in proposal.errors] == [2]


def test_the_first_day_of_all_may_be_that_of_a_whole_register() -> None:
    rules.propose(Register.RATES, (HEAD + GOOD).encode(), [], date.min)


@pytest.mark.parametrize(("register", "name"), [(Register.RATES, "rates.csv"), (Register.GOODS, "goods.csv")])
def test_the_shipped_files_have_no_error_and_a_source_in_every_row(register: Register, name: str) -> None:
    rows, wrong = parse(register, data_root().joinpath("cn", name).read_bytes())
    assert not wrong
    assert len(rows) >= 100
    assert all(row.source for _, row in rows)
