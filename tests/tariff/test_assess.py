"""Every worked case comes out exactly, and what cannot be understood is refused by the field's name."""

from __future__ import annotations

import csv
import json
import tomllib
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tripoint.kernel.refusals import Malformed, Unknown
from tripoint.regimes import load_regimes
from tripoint.tariff import parcels
from tripoint.tariff.assess import RULES, assess
from tripoint.tariff.exact import fen
from tripoint.tariff.import_tax import FULL, Line, tax_line

CASES = sorted((Path(__file__).parents[1] / "cases/tax").glob("*.toml"))
SHARED = Path(__file__).parents[2] / "../shared/data/tax_cases.csv"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_each_case_comes_out_exactly(path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    assert assess(case) == case["expect"], case["title"]["en"]


def test_every_published_case_of_these_regimes_comes_out_exactly() -> None:
    if not SHARED.exists():
        pytest.skip("shared/data/tax_cases.csv does not stand beside this checkout")
    with SHARED.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["regime"] in RULES]
    assert {row["regime"] for row in rows} == set(RULES)
    for row in rows:
        case = {"regime": row["regime"], "inputs": json.loads(row["inputs"])}
        assert assess(case) == json.loads(row["expected"]), row["id"]


def order(**changed: Any) -> dict[str, Any]:
    goods = {"goods": "100.00", "units": 1, "duty_rate": "0", "ct_rate": "0", "vat_rate": "0.13"}
    inputs = {"mode": "1210", "annual_used_before": "0.00", "lines": [goods | changed.pop("line", {})]}
    return {"regime": "CN-IMPORT", "inputs": inputs | changed}


@pytest.mark.parametrize(
    ("case", "field"),
    [
        (order(mode="0110"), "inputs.mode"),
        (order(lines=[]), "inputs.lines"),
        (order(lines={}), "inputs.lines"),
        (order(annual_used_before="-1"), "inputs.annual_used_before"),
        (order(annual_used_before=None), "inputs.annual_used_before"),
        (order(line={"goods": 1.5}), "inputs.lines[0].goods"),
        (order(line={"goods": "1e3"}), "inputs.lines[0].goods"),
        (order(line={"goods": "NaN"}), "inputs.lines[0].goods"),
        (order(line={"units": 0}), "inputs.lines[0].units"),
        (order(line={"units": "1.5"}), "inputs.lines[0].units"),
        (order(line={"vat_rate": "13"}), "inputs.lines[0].vat_rate"),
        (order(line={"ct_rate": "1"}), "inputs.lines[0].ct_rate"),
        (order(line={"ct_specfic_total": "1"}), "inputs.lines[0].ct_specfic_total"),
        (order(date="2024-02-30"), "inputs.date"),
        ({"regime": "CN-IMPORT", "inputs": []}, "inputs"),
        ({"inputs": {}}, "regime"),
        ({"regime": "CN-TAX-PAYMENT-WINDOW", "inputs": {"release_date": "20260301"}}, "inputs.release_date"),
        (
            {"regime": "CN-TAX-PAYMENT-WINDOW", "inputs": {"release_date": "9999-12-31"}},
            "inputs.release_date",
        ),
        (
            {"regime": "CN-HIGH-END-COSMETICS", "inputs": {"dutiable_price": "1", "qty": "0", "unit": "ml"}},
            "inputs.qty",
        ),
    ],
)
def test_refuses_bad_input_by_the_name_of_its_field(case: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        assess(case)
    assert refused.value.text.en.startswith(field + " ")
    assert refused.value.text.zh.startswith(field + "：")


def test_refuses_a_regime_without_rules() -> None:
    with pytest.raises(Unknown, match="ATLANTIS"):
        assess({"regime": "ATLANTIS", "inputs": {}})


def test_refuses_a_day_before_the_law_began() -> None:
    with pytest.raises(Unknown, match="LAW-NOT-YET"):
        assess(order(date="2016-04-07"))


@given(st.dates(date(2020, 3, 28), date(2090, 1, 1)), st.integers(0, 60), st.integers(0, 60))
def test_a_return_counts_to_day_30_and_day_45_and_no_longer(released: date, apply: int, arrive: int) -> None:
    answer = assess(
        {
            "regime": "CN-IMPORT-RETURN",
            "inputs": {
                "release_date": released.isoformat(),
                "apply_date": (released + timedelta(days=apply)).isoformat(),
                "arrive_date": (released + timedelta(days=arrive)).isoformat(),
                "original_value": "10.00",
                "original_tax": "1.00",
                "returned_value": "5.00",
                "returned_tax": "0.50",
            },
        }
    )
    assert answer["accepted"] is (apply <= 30 and arrive <= 45)
    assert answer["quota_restored"] == ("5.00" if answer["accepted"] else "0.00")


def test_goods_not_yet_back_restore_nothing() -> None:
    inputs = {
        "release_date": "2026-03-01",
        "apply_date": "2026-03-02",
        "original_value": "1",
        "original_tax": "0",
    }
    answer = assess(
        {"regime": "CN-IMPORT-RETURN", "inputs": inputs | {"returned_value": "1", "returned_tax": "0"}}
    )
    assert answer == {"accepted": False, "tax_not_levied": "0.00", "quota_restored": "0.00"}


MONEY = st.integers(0, 10**7).map(lambda cents: Fraction(cents, 100))
RATE = st.integers(0, 900).map(lambda permille: Fraction(permille, 1000))


@given(MONEY, RATE, RATE, RATE)
def test_the_composing_price_carries_its_own_consumption_tax(
    value: Fraction, duty: Fraction, ct: Fraction, vat: Fraction
) -> None:
    """VAT falls on value, duty and consumption tax together, before any of them is rounded."""
    line = Line(value=value, units=Fraction(1), duty_rate=duty, consumption_tax_rate=ct, vat_rate=vat)
    tax = tax_line(line, FULL)
    exact_duty = value * duty
    exact_ct = (value + exact_duty) * ct / (1 - ct)
    assert tax.duty == fen(exact_duty)
    assert tax.consumption_tax == fen(exact_ct)
    assert tax.vat == fen((value + exact_duty + exact_ct) * vat)


@given(st.fractions(min_value=-(10**9), max_value=10**9))
def test_rounding_is_half_away_from_zero_and_never_off_by_more_than_half_a_fen(value: Fraction) -> None:
    rounded = Fraction(fen(value))
    assert abs(rounded - value) <= Fraction(1, 200)
    if abs(rounded - value) == Fraction(1, 200):
        assert abs(rounded) > abs(value)


def test_a_parcel_from_hong_kong_has_the_lower_limit() -> None:
    inputs = {"table_price": "300.00", "declared_price": "300.00", "qty": "3", "rate": "0.13"}
    case = {"regime": "CN-PERSONAL-PARCEL", "inputs": inputs}
    assert assess(case)["action"] == "TAX"
    case["inputs"] = inputs | {"origin": "HK"}
    assert assess(case)["action"] == "RETURN_OR_GENERAL_TRADE"


@given(MONEY, MONEY)
def test_the_table_price_counts_between_half_and_double(table: Fraction, declared: Fraction) -> None:
    law = load_regimes().parcel
    price = parcels.taxable_price(table, declared, law, date(2024, 6, 1))
    assert price == (table if table / 2 <= declared <= table * 2 else declared)


def test_answers_are_text_with_two_decimals() -> None:
    answer = assess(order(line={"goods": "100"}))
    assert all(
        str(Decimal(answer[key])) == answer[key] and answer[key][-3] == "."
        for key in answer
        if key != "channel"
    )


@pytest.mark.parametrize("more", [{}, {"arrive_date": "9999-12-31"}])
def test_a_return_at_the_end_of_the_calendar_is_refused_by_its_field(more: dict[str, str]) -> None:
    amounts = dict.fromkeys(("original_value", "original_tax", "returned_value", "returned_tax"), "1")
    inputs = {"release_date": "9999-12-20", "apply_date": "9999-12-31"} | amounts | more
    with pytest.raises(Malformed, match="release_date is too late a day"):
        assess({"regime": "CN-IMPORT-RETURN", "inputs": inputs})


def test_figures_of_any_length_are_exact_and_plain() -> None:
    huge = "1234567890123456789"
    inputs = {"table_price": huge, "declared_price": huge, "qty": huge, "rate": "0.5"}
    answer = assess({"regime": "CN-PERSONAL-PARCEL", "inputs": inputs})
    assert answer["taxable_value"] == f"{int(huge) ** 2}.00"
    assert answer["tax"] == f"{int(huge) ** 2 // 2}.50"
    near_one = "0.999999999999999999"
    line = {"goods": "1", "ct_rate": near_one, "ct_specific_total": "9" * 19, "vat_rate": "0.13"}
    heads = assess(order(line=line))
    parts = [heads[name] for name in ("duty", "consumption_tax", "vat")]
    assert Fraction(heads["total_tax"]) == sum(map(Fraction, parts))
    assert len(heads["total_tax"]) > 31
    assert not any("E" in part for part in parts)
