"""What rates hold on which day, and that nothing changes but what was shown and confirmed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from tripoint.database import Transaction
from tripoint.kernel.refusals import Conflict, Unknown
from tripoint.registers.rates import desk, store
from tripoint.registers.rates.records import Kind, Register

AT = datetime(2024, 6, 1, 8, tzinfo=UTC)
HEAD = "hs_code,name_zh,name_en,unit_1,unit_2,duty,vat,consumption_tax,ct_specific,ct_specific_unit,ct_condition,since,until,source\n"


def rate(code: str = "3304990029", duty: str = "1 %", since: str = "2020-01-01", until: str = "") -> str:
    return f"{code},护肤品,skin care,035,011,{duty},13 %,15 %,,,high_end_cosmetics,{since},{until},made up\n"


def file(*rows: str) -> bytes:
    return (HEAD + "".join(rows)).encode()


def put(tx: Transaction, *rows: str, complete_from: date | None = None) -> None:
    shown = desk.propose(tx, Register.RATES, file(*rows), who="a", at=AT, complete_from=complete_from)
    assert shown.digest is not None, shown.errors
    desk.apply(tx, shown.digest, who="b", at=AT)


def wanted(*pairs: tuple[str | None, date | None]) -> pl.DataFrame:
    return pl.DataFrame(pairs, schema={"hs_code": pl.String(), "declared_on": pl.Date()}, orient="row")


def duties(tx: Transaction, code: str, *days: date) -> list[int | None]:
    return store.rates_for(tx, wanted(*((code, day) for day in days)))["duty_ppm"].to_list()


def test_nothing_counts_before_it_is_confirmed(tx: Transaction) -> None:
    desk.propose(tx, Register.RATES, file(rate()), who="a", at=AT)
    assert duties(tx, "3304990029", date(2024, 1, 1)) == [None]


def test_the_newest_row_that_has_begun_holds_until_it_ends(tx: Transaction) -> None:
    put(tx, rate(), rate(duty="2 %", since="2022-07-01", until="2023-06-30"))
    days = [date(2019, 12, 31), date(2020, 1, 1), date(2022, 6, 30), date(2022, 7, 1), date(2023, 6, 30)]
    assert duties(tx, "3304990029", *days, date(2023, 7, 1)) == [None, 10_000, 10_000, 20_000, 20_000, None]


def test_answers_every_row_in_its_own_order_with_two_statements(tx: Transaction) -> None:
    put(tx, rate(), rate(code="9503008900", duty="0 %"))
    asked = wanted(
        ("9503008900", date(2024, 1, 1)),
        ("3304990029", date(2024, 1, 1)),
        (None, date(2024, 1, 1)),
        ("9503008900", date(2024, 1, 1)),
        ("0000000000", None),
    )
    before = tx.statements
    answer = store.rates_for(tx, asked)
    few = tx.statements - before
    assert answer["hs_code"].to_list() == asked["hs_code"].to_list()
    assert answer["duty_ppm"].to_list() == [0, 10_000, None, 0, None]
    assert answer["listed"].to_list() == [False] * 5
    before = tx.statements
    store.rates_for(tx, pl.concat([asked] * 500))
    assert tx.statements - before <= few


def test_a_line_of_goods_is_listed_by_its_first_eight_digits_and_from_its_day(tx: Transaction) -> None:
    goods = b"hs_prefix,modes,name_zh,name_en,note_zh,note_en,since,until,source\n33049900,1210 9610,a,b,,,2019-01-01,2022-02-28,x\n"
    shown = desk.propose(tx, Register.GOODS, goods, who="a", at=AT)
    assert shown.digest is not None
    desk.apply(tx, shown.digest, who="a", at=AT)
    days = [date(2018, 12, 31), date(2019, 1, 1), date(2022, 2, 28), date(2022, 3, 1)]
    answer = store.rates_for(tx, wanted(*(("3304990029", day) for day in days)))
    assert answer["listed"].to_list() == [False, True, True, False]
    assert answer["modes"].to_list() == [None, "1210 9610", "1210 9610", None]


def test_shows_what_is_added_changed_ended_and_unchanged(tx: Transaction) -> None:
    put(tx, rate(), rate(code="9503008900"), rate(code="9503006000"), rate(code="9503002900"))
    shown = desk.propose(
        tx,
        Register.RATES,
        file(
            rate(),
            rate(code="9503008900", duty="3 %", since="2025-01-01"),
            rate(code="9503006000", until="2024-12-31"),
            rate(code="9619001100"),
        ),
        who="a",
        at=AT,
    )
    assert [(d.after.code, d.kind) for d in shown.differences] == [
        ("3304990029", Kind.UNCHANGED),
        ("9503006000", Kind.ENDED),
        ("9503008900", Kind.CHANGED),
        ("9619001100", Kind.ADDED),
    ]


def test_a_complete_file_ends_the_codes_it_does_not_name(tx: Transaction) -> None:
    put(tx, rate(), rate(code="9503008900"))
    put(tx, rate(), complete_from=date(2025, 1, 1))
    assert duties(tx, "9503008900", date(2024, 12, 31), date(2025, 1, 1)) == [10_000, None]
    assert duties(tx, "3304990029", date(2025, 1, 1)) == [10_000]


def test_refuses_to_apply_what_is_no_longer_what_was_shown(tx: Transaction) -> None:
    shown = desk.propose(tx, Register.RATES, file(rate(duty="9 %")), who="a", at=AT)
    assert shown.digest is not None
    put(tx, rate())
    with pytest.raises(Conflict, match="RATES-STALE"):
        desk.apply(tx, shown.digest, who="a", at=AT)
    assert duties(tx, "3304990029", date(2024, 1, 1)) == [10_000]


def test_refuses_a_digest_that_was_never_shown(tx: Transaction) -> None:
    with pytest.raises(Unknown):
        desk.apply(tx, "0" * 64, who="a", at=AT)


def test_applying_twice_changes_nothing(tx: Transaction) -> None:
    shown = desk.propose(tx, Register.RATES, file(rate()), who="a", at=AT)
    assert shown.digest is not None
    desk.apply(tx, shown.digest, who="a", at=AT)
    desk.apply(tx, shown.digest, who="c", at=AT)
    assert store.version(tx, Register.RATES) == 1
    assert store.version(tx, Register.GOODS) == 0
    assert [one.applied_by for one in store.imports(tx)] == ["a"]
    assert len(store.changes(tx, "3304990029")) == 1


def test_a_rate_can_be_changed_to_and_fro(tx: Transaction) -> None:
    """The same file is proposed anew once another one has been applied, and counts each time it is applied."""
    there, back = file(rate()), file(rate(duty="5 %"))
    digests = []
    for raw, duty in ((there, 10_000), (back, 50_000), (there, 10_000), (back, 50_000)):
        shown = desk.propose(tx, Register.RATES, raw, who="a", at=AT)
        assert shown.digest is not None
        desk.apply(tx, shown.digest, who="a", at=AT)
        assert duties(tx, "3304990029", date(2024, 1, 1)) == [duty]
        digests.append(shown.digest)
    assert len(set(digests)) == 4
    assert desk.apply(tx, digests[-1], who="a", at=AT).digest == digests[-1]
    with pytest.raises(Conflict, match="RATES-STALE"):
        desk.apply(tx, digests[0], who="a", at=AT)
    assert duties(tx, "3304990029", date(2024, 1, 1)) == [50_000]


def test_keeps_who_changed_what_and_how_it_was_before(tx: Transaction) -> None:
    put(tx, rate())
    put(tx, rate(duty="2 %"))
    first, second = store.changes(tx, "3304990029")
    assert (first["kind"], first["before"]) == ("added", None)
    assert (second["kind"], second["before"]["duty_ppm"], second["after"]["duty_ppm"]) == (
        "changed",
        10_000,
        20_000,
    )
    assert second["applied_by"] == "b"
    assert {one.proposed_by for one in store.imports(tx)} == {"a"}


def test_the_shipped_rates_and_goods_fill_an_empty_register_once(tx: Transaction) -> None:
    first = desk.seed(tx, who="setup", at=AT)
    assert [proposal.register for proposal in first] == [Register.RATES, Register.GOODS]
    assert desk.seed(tx, who="setup", at=AT) == []
    answer = store.rates_for(tx, wanted(("1901101000", date(2024, 6, 1)), ("3604100000", date(2024, 6, 1))))
    assert answer["vat_ppm"].to_list() == [130_000, 130_000]
    assert answer["listed"].to_list() == [True, False]
    assert answer["unit_1"].to_list() == ["035", "035"]
