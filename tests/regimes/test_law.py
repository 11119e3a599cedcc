"""The law's files: what they must say, what is refused in them, and which value holds on which day."""

from __future__ import annotations

import copy
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tripoint.kernel.findings import Severity
from tripoint.kernel.refusals import Unknown
from tripoint.regimes import (
    CodeTable,
    Dated,
    LawFault,
    by_mode,
    expression,
    load_codes,
    load_findings,
    load_regimes,
    value_on,
)
from tripoint.regimes.findings import finding_text, read_findings
from tripoint.regimes.load import data_root, dated, read_regimes, regime_of

YUAN = 100_000
NAME = {"zh": "限值", "en": "limit"}


def limit(*values: dict[str, Any], **more: Any) -> Dated:
    return dated({"name": NAME, "values": list(values)} | more, "limit")


def entry(since: date, value: Any = "1.00 CNY", **more: Any) -> dict[str, Any]:
    return {"since": since, "value": value, "source": "made up"} | more


# --- What holds on which day ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["9610", "1210", "1239"])
def test_limits_change_on_the_day_they_changed(mode: str) -> None:
    regime = load_regimes().of(mode)
    assert value_on(regime.single_limit, date(2016, 4, 7)) is None
    assert value_on(regime.single_limit, date(2016, 4, 8)) == 2_000 * YUAN
    assert value_on(regime.single_limit, date(2018, 12, 31)) == 2_000 * YUAN
    assert value_on(regime.single_limit, date(2019, 1, 1)) == 5_000 * YUAN
    assert value_on(regime.annual_limit, date(2018, 12, 31)) == 20_000 * YUAN
    assert value_on(regime.annual_limit, date(2019, 1, 1)) == 26_000 * YUAN
    assert value_on(regime.duty_share, date(2024, 1, 1)) == 0
    assert value_on(regime.vat_share, date(2024, 1, 1)) == 700_000
    assert value_on(regime.return_arrive_days, date(2020, 3, 28)) == 45


def test_each_mode_asks_for_its_own_fields() -> None:
    direct, bonded = load_regimes().of("9610").fields, load_regimes().of("1210").fields
    assert direct.required == ("transport_no", "voyage_no", "bill_no")
    assert direct.differs == {"country": "142"}
    assert bonded.required == ("book_no", "warehouse_code", "warehouse_name")
    assert bonded.line_required == ("item_record_no",)
    assert bonded.equal == {"country": "142"}
    assert load_regimes().of("1239").fields == bonded


def test_sugar_and_rice_have_a_yearly_allowance() -> None:
    found = {a.hs_prefix: (a.quantity, a.unit) for a in load_regimes().of("9610").allowances}
    assert found == {"1701": (2 * YUAN, "035"), "1006": (20 * YUAN, "035")}


def test_a_mode_without_a_regime_is_unknown() -> None:
    with pytest.raises(Unknown, match="0110"):
        load_regimes().of("0110")


@st.composite
def histories(draw: st.DrawFn) -> Dated:
    """A number through time, with an end here and there."""
    starts = sorted(draw(st.sets(st.dates(date(2000, 1, 1), date(2030, 1, 1)), min_size=1, max_size=6)))
    values = []
    for index, since in enumerate(starts):
        more: dict[str, Any] = {}
        last = starts[index + 1] - timedelta(days=1) if index + 1 < len(starts) else date(2035, 1, 1)
        if draw(st.booleans()):
            more["until"] = draw(st.dates(since, last))
        values.append(entry(since, draw(st.integers(0, 99)), **more))
    return limit(*reversed(values), gaps=True)


@given(histories(), st.lists(st.one_of(st.none(), st.dates(date(1999, 1, 1), date(2036, 1, 1))), max_size=20))
def test_the_column_of_values_is_the_value_of_each_day(number: Dated, days: list[date | None]) -> None:
    frame = pl.DataFrame({"day": pl.Series(days, dtype=pl.Date())})
    found = frame.select(expression(number, pl.col("day")).alias("v"))["v"]
    assert found.dtype == pl.Int64()
    assert found.to_list() == [None if day is None else value_on(number, day) for day in days]


def test_each_row_gets_the_value_of_its_own_mode() -> None:
    frame = pl.DataFrame(
        {
            "mode": ["9610", "1239", "0110", None],
            "day": [date(2018, 1, 1), date(2020, 1, 1), date(2020, 1, 1), None],
        }
    )
    got = frame.select(
        by_mode(load_regimes(), lambda r: r.single_limit, pl.col("mode"), pl.col("day")).alias("v")
    )
    assert got["v"].to_list() == [2_000 * YUAN, 5_000 * YUAN, None, None]


# --- What is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ([], "empty"),
        ([{"value": "1.00 CNY", "source": "x"}], "missing since"),
        ([{"since": date(2020, 1, 1), "value": "1.00 CNY"}], "missing source"),
        ([entry(date(2020, 1, 1), source=" ")], "source: empty"),
        ([entry(date(2020, 1, 1), note="x")], "unknown note"),
        ([entry(date(2020, 1, 1), 1.5)], "neither an amount"),
        ([entry(date(2020, 1, 1), True)], "neither an amount"),
        ([entry(date(2020, 1, 1), "1.00 USD")], "not in yuan"),
        ([entry(date(2020, 1, 1), "a few")], "neither an amount"),
        ([entry(date(2020, 1, 1)), entry(date(2021, 1, 1))], "not newest first"),
        ([entry(date(2020, 1, 1)), entry(date(2020, 1, 1))], "not newest first"),
        ([entry(date(2021, 1, 1)), entry(date(2020, 1, 1), until=date(2021, 1, 1))], "overlaps"),
        (
            [entry(date(2021, 1, 1)), entry(date(2020, 1, 1), until=date(2020, 12, 30))],
            "nothing holds between",
        ),
        ([entry(date(2021, 1, 1), until=date(2022, 1, 1))], "nothing holds after"),
        ([entry(date(2021, 1, 1), until=date(2020, 1, 1))], "ends before it begins"),
        ([entry(date(2021, 1, 1), 3), entry(date(2020, 1, 1))], "different kinds"),
        ([entry("2021-01-01")], "not a day"),  # type: ignore[arg-type]
    ],
)
def test_refuses_what_cannot_be_law(values: list[dict[str, Any]], complaint: str) -> None:
    with pytest.raises(LawFault, match=complaint):
        limit(*values)


def test_allows_a_gap_where_the_file_says_so() -> None:
    number = limit(entry(date(2021, 1, 1)), entry(date(2019, 1, 1), until=date(2019, 12, 31)), gaps=True)
    assert value_on(number, date(2020, 6, 1)) is None


def regime_table() -> dict[str, Any]:
    return tomllib.loads(data_root().joinpath("cn", "import_9610.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("key", ["name", "since", "limits", "shares", "days", "fields", "decision_order"])
def test_refuses_a_regime_that_lacks_a_part(key: str) -> None:
    table = regime_table()
    del table[key]
    with pytest.raises(LawFault, match=key):
        regime_of(table, "x")


def test_refuses_a_word_nobody_knows_anywhere_in_a_regime() -> None:
    for path in (
        (),
        ("limits",),
        ("limits", "single_order"),
        ("shares",),
        ("days",),
        ("fields",),
        ("over_single",),
    ):
        table = copy.deepcopy(regime_table())
        place = table
        for step in path:
            place = place[step]
        place["colour"] = "red"
        with pytest.raises(LawFault, match="colour"):
            regime_of(table, "x")


def test_refuses_two_files_for_one_mode(tmp_path: Path) -> None:
    text = data_root().joinpath("cn", "import_9610.toml").read_text(encoding="utf-8")
    for name in ("import_a.toml", "import_b.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(LawFault, match="stands twice"):
        read_regimes(tmp_path)


def test_the_edition_follows_the_files(tmp_path: Path) -> None:
    source = data_root().joinpath("cn")
    for file in source.iterdir():
        if file.is_file() and file.name.endswith(".toml"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    assert read_regimes(tmp_path).edition == load_regimes().edition
    with (tmp_path / "import_9610.toml").open("a", encoding="utf-8") as out:
        out.write("\n# changed\n")
    assert read_regimes(tmp_path).edition != load_regimes().edition


# --- Findings ------------------------------------------------------------------------------------------------


def finding(**changed: Any) -> dict[str, Any]:
    table = {
        "zh": "不一致",
        "en": "differs",
        "repair": {"zh": "更正", "en": "mend it"},
        "severity": "refuse",
        "source": "x",
        "since": date(2019, 1, 1),
    }
    return {key: value for key, value in (table | changed).items() if value is not None}


def test_reads_a_finding_with_its_wire_code() -> None:
    found = finding_text("X-01", finding(wire_code="1332"), "x")
    assert (found.severity, found.wire_code, found.repair.en) == (Severity.REFUSE, "1332", "mend it")


@pytest.mark.parametrize(
    "changed",
    [
        {"zh": None},
        {"en": ""},
        {"repair": {"zh": "更正"}},
        {"severity": "fatal"},
        {"since": None},
        {"colour": "x"},
    ],
)
def test_refuses_a_finding_that_does_not_say_all(changed: dict[str, Any]) -> None:
    with pytest.raises(LawFault, match="X-01"):
        finding_text("X-01", finding(**changed), "x")


def test_refuses_a_code_that_stands_in_two_files(tmp_path: Path) -> None:
    text = '["X-01"]\nzh = "a"\nen = "b"\nrepair = { zh = "c", en = "d" }\nseverity = "note"\nsource = "x"\nsince = 2019-01-01\n'
    for folder in ("cn", "ceb"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "findings.toml").write_text(text, encoding="utf-8")
    with pytest.raises(LawFault, match="X-01 stands twice"):
        read_findings(tmp_path)
    (tmp_path / "ceb/findings.toml").write_text(text + text, encoding="utf-8")
    with pytest.raises(LawFault):
        read_findings(tmp_path)


def test_every_finding_shipped_can_be_read() -> None:
    assert all(code == found.code for code, found in load_findings().items())


# --- Code tables ---------------------------------------------------------------------------------------------


def table(name: str) -> CodeTable:
    return load_codes(name)


def test_the_codes_of_the_trade_are_there() -> None:
    assert table("currencies").rows["142"]["iso4217"] == "CNY"
    assert table("countries").rows["502"]["alpha3"] == "USA"
    assert table("units").name_of("035") is not None
    assert "5141" in table("customs_districts").codes
    assert {"9610", "1210", "1239"} <= table("trade_modes").codes
    assert table("return_statuses").names["800"].zh == "放行"
    assert all(len(code) == 1 for code in table("wrap_types").codes | table("transport_modes").codes)
    assert " / " in table("error_codes").names["-621027"].zh


def test_an_unknown_code_table_is_refused() -> None:
    for name in ("colours", "../import_9610", ""):
        with pytest.raises(Unknown):
            load_codes(name)


def test_every_code_of_the_shipped_rates_is_allowed_or_meant_not_to_be() -> None:
    folder = data_root().joinpath("cn")
    rates = [
        line.split(",")[0]
        for line in folder.joinpath("rates.csv").read_text(encoding="utf-8").splitlines()[1:]
    ]
    goods = {
        line.split(",")[0]
        for line in folder.joinpath("goods.csv").read_text(encoding="utf-8").splitlines()[1:]
    }
    assert {code for code in rates if code[:8] not in goods} == {"3604100000"}
