"""Tax in columns is the scalar tax, line by line and to the fen, whatever the lists and in whatever order."""

from __future__ import annotations

import contextlib
from datetime import date
from fractions import Fraction
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tripoint.kernel.money import SCALE, to_e5
from tripoint.kernel.refusals import Unknown
from tripoint.pipeline.taxation import tax_lines, tax_lists
from tripoint.regimes import load_regimes
from tripoint.regimes.asof import int_on, value_on
from tripoint.tariff import cosmetics, import_tax, units, watches

REGIMES = load_regimes()
SCHEMA: dict[str, Any] = {
    "row": pl.Int64(),
    "line_no": pl.Int32(),
    "supervision_mode": pl.String(),
    "declared_on": pl.Date(),
    "total": pl.Int64(),
    "list_freight": pl.Int64(),
    "list_insurance": pl.Int64(),
    "quantity": pl.Int64(),
    "unit": pl.String(),
    "quantity_1": pl.Int64(),
    "unit_1": pl.String(),
    "quantity_2": pl.Int64(),
    "unit_2": pl.String(),
    "duty_ppm": pl.Int64(),
    "vat_ppm": pl.Int64(),
    "ct_ppm": pl.Int64(),
    "ct_specific": pl.Int64(),
    "ct_specific_unit": pl.String(),
    "ct_condition": pl.String(),
}
YUAN = SCALE
HEADS = ("duty", "consumption_tax", "vat")


def line(**stated: Any) -> dict[str, Any]:
    """One line of 100 yuan, one piece, 13 % VAT, and what the test states otherwise."""
    usual: dict[str, Any] = {
        "row": 1,
        "line_no": 1,
        "supervision_mode": "9610",
        "declared_on": date(2024, 6, 1),
        "total": 100 * YUAN,
        "list_freight": 0,
        "list_insurance": None,
        "quantity": YUAN,
        "unit": "011",
        "quantity_1": YUAN // 2,
        "unit_1": "035",
        "duty_ppm": 100_000,
        "vat_ppm": 130_000,
        "ct_ppm": 0,
    }
    return dict.fromkeys(SCHEMA) | usual | stated


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA)


def one(*rows: dict[str, Any]) -> dict[str, Any]:
    """The sums of the only list."""
    return tax_lists(tax_lines(frame(*rows), REGIMES)).row(0, named=True)


# --- The scalar measure --------------------------------------------------------------------------------------


def fraction(e5: int | None) -> Fraction | None:
    return None if e5 is None else Fraction(e5, SCALE)


def expected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What `tariff` says of one list, its lines in order of their numbers."""
    rows = sorted(rows, key=lambda row: row["line_no"])
    head = rows[0]
    regime, day = REGIMES.of(head["supervision_mode"]), head["declared_on"]
    extra = (head["list_freight"] or 0) + (head["list_insurance"] or 0)
    values = [
        row["total"] + part
        for row, part in zip(rows, import_tax.share_out(extra, [row["total"] for row in rows]), strict=True)
    ]
    limit = int_on(regime.single_limit, day)
    if limit is None:
        return [{"dutiable_value": value, "taxed": False, "channel": None} for value in values]
    channel = "70pct"
    if sum(values) > limit:
        single = len(rows) == 1 and head["quantity"] == SCALE
        full = single and value_on(regime.over_single_article, day) == "full_tax"
        channel = "full" if full else "over_single"
    shares = import_tax.FULL if channel == "full" else import_tax.shares_on(regime, day)
    return [_expected_line(row, value, channel, shares) for row, value in zip(rows, values, strict=True)]


def _expected_line(
    row: dict[str, Any], value: int, channel: str, shares: import_tax.Shares
) -> dict[str, Any]:
    answer: dict[str, Any] = {"dutiable_value": value, "taxed": False, "channel": channel}
    if any(row[name] is None for name in ("duty_ppm", "vat_ppm", "ct_ppm")):
        return answer
    stated = {
        name: (row[name], fraction(row[f"quantity{name[4:]}"])) for name in ("unit", "unit_1", "unit_2")
    }
    price, day = Fraction(value, SCALE), row["declared_on"]
    specific: Fraction | None = Fraction(0)
    if row["ct_specific"] is not None:
        measures = [stated[name] for name in ("unit_1", "unit_2", "unit")]
        quantity = units.quantity_in(row["ct_specific_unit"], measures)
        specific = None if quantity is None else quantity * Fraction(row["ct_specific"], SCALE)
    bears: bool | None = True
    with contextlib.suppress(Unknown):  # The condition began later than the day: then nobody can say.
        if row["ct_condition"] is not None:
            bears = None
        if row["ct_condition"] == "high_end_cosmetics":
            bears = cosmetics.high_end(price, list(stated.values()), REGIMES.cosmetics, day)
        elif row["ct_condition"] == "luxury_watch":
            bears = watches.luxury(price, list(stated.values()), REGIMES.watches, day)
    if specific is None or bears is None:
        return answer
    answer["taxed"] = True
    if channel == "over_single":
        return answer
    tax = import_tax.tax_line(
        import_tax.Line(
            value=price,
            units=Fraction(row["quantity"] or 0, SCALE),
            duty_rate=Fraction(row["duty_ppm"], 10**6),
            consumption_tax_rate=Fraction(row["ct_ppm"] if bears else 0, 10**6),
            vat_rate=Fraction(row["vat_ppm"], 10**6),
            specific_tax=specific,
        ),
        shares,
    )
    return answer | {name: to_e5(getattr(tax, name)) for name in HEADS}


# --- Random lists --------------------------------------------------------------------------------------------

AMOUNTS = st.one_of(
    st.integers(0, 20_000_00).map(lambda fen: fen * 1000),
    st.integers(0, 10**11),
    st.just(0),
    st.sampled_from([5000 * YUAN, 5000 * YUAN + 1, 2000 * YUAN]),
)
QUANTITIES = st.one_of(st.none(), st.just(SCALE), st.integers(0, 10**8))
UNITS = st.sampled_from([None, "035", "036", "070", "095", "096", "011", "008", "020", "010", "007"])
RATES = st.one_of(st.sampled_from([0, 91_000, 130_000, 90_000, 200_000]), st.integers(0, 650_000))
DAYS = st.sampled_from(
    [date(2016, 4, 7), date(2016, 4, 8), date(2018, 12, 31), date(2019, 1, 1), date(2024, 6, 1)]
)


@st.composite
def lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The lines of several lists, all in one heap."""
    heap = []
    for row in range(draw(st.integers(1, 4))):
        head = {
            "row": row,
            "supervision_mode": draw(st.sampled_from(["9610", "1210", "1239"])),
            "declared_on": draw(DAYS),
            "list_freight": draw(st.one_of(st.none(), AMOUNTS)),
            "list_insurance": draw(st.one_of(st.none(), AMOUNTS)),
        }
        for line_no in range(1, draw(st.integers(1, 5)) + 1):
            heap.append(line(line_no=line_no, **head, **draw(LINES)))
    return heap


LINES = st.fixed_dictionaries(
    {
        "total": AMOUNTS,
        "quantity": QUANTITIES,
        "unit": UNITS,
        "quantity_1": QUANTITIES,
        "unit_1": UNITS,
        "quantity_2": QUANTITIES,
        "unit_2": UNITS,
        "duty_ppm": st.one_of(st.none(), RATES),
        "vat_ppm": RATES,
        "ct_ppm": st.one_of(RATES, st.just(0)),
    }
).flatmap(
    lambda row: st.one_of(
        st.just(row),
        st.fixed_dictionaries(
            {
                "ct_specific": st.integers(1, 300 * YUAN),
                "ct_specific_unit": st.sampled_from(["070", "035", "095", "011"]),
            }
        ).map(lambda more: row | more),
        st.sampled_from(["high_end_cosmetics", "luxury_watch"]).map(
            lambda name: row | {"ct_condition": name}
        ),
    )
)


@settings(max_examples=120, deadline=None)
@given(lists(), st.randoms(use_true_random=False))
def test_columns_equal_the_scalar_rules_whatever_the_order_of_lines(
    heap: list[dict[str, Any]], random: Any
) -> None:
    random.shuffle(heap)
    got = {
        (row["row"], row["line_no"]): row for row in tax_lines(frame(*heap), REGIMES).iter_rows(named=True)
    }
    by_list: dict[int, list[dict[str, Any]]] = {}
    for row in heap:
        by_list.setdefault(row["row"], []).append(row)
    for number, rows in by_list.items():
        for line_no, wanted in enumerate(expected(rows), start=1):
            found = got[number, line_no]
            assert {name: found[name] for name in wanted} == wanted
            assert all(found[head] is None for head in HEADS if head not in wanted)


@settings(max_examples=40, deadline=None)
@given(lists())
def test_the_parts_of_a_list_sum_to_the_whole(heap: list[dict[str, Any]]) -> None:
    lines = tax_lines(frame(*heap), REGIMES)
    for found in tax_lists(lines).iter_rows(named=True):
        rows = [row for row in heap if row["row"] == found["row"]]
        extra = (rows[0]["list_freight"] or 0) + (rows[0]["list_insurance"] or 0)
        assert found["dutiable_value"] == sum(row["total"] for row in rows) + extra
        if found["tax"] is not None:
            assert found["tax"] == sum(found[head] for head in HEADS)
            assert all(found[head] % 1000 == 0 for head in HEADS)


@given(st.integers(0, 10**15), st.lists(st.integers(0, 10**12), min_size=1, max_size=99))
def test_freight_is_shared_out_to_the_last_unit(total: int, weights: list[int]) -> None:
    parts = import_tax.share_out(total, weights)
    assert sum(parts) == total
    if total % 1000 == 0:
        assert all(part % 1000 == 0 for part in parts)
    if any(weights):
        assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


# --- Readable examples ---------------------------------------------------------------------------------------


def test_within_the_limit_seventy_percent_of_vat_and_no_duty() -> None:
    assert one(line(total=500 * YUAN)) == {
        "row": 1,
        "dutiable_value": 500 * YUAN,
        "duty": 0,
        "consumption_tax": 0,
        "vat": 45_50000,
        "tax": 45_50000,
        "article_count": 1,
        "channel": "70pct",
        "taxed": True,
    }


def test_freight_of_the_list_belongs_to_the_dutiable_value() -> None:
    assert one(line(total=90 * YUAN, list_freight=7 * YUAN, list_insurance=3 * YUAN))["vat"] == 9_10000


def test_one_article_over_the_single_limit_pays_in_full() -> None:
    answer = one(line(total=8000 * YUAN))
    assert (answer["channel"], answer["duty"], answer["vat"]) == ("full", 800 * YUAN, 1144 * YUAN)


def test_several_articles_over_the_single_limit_do_not_come_in_this_way() -> None:
    answer = one(line(total=8000 * YUAN, quantity=2 * YUAN))
    assert (answer["channel"], answer["tax"], answer["taxed"]) == ("over_single", None, True)
    two_lines = one(line(total=8000 * YUAN), line(line_no=2, total=0))
    assert two_lines["channel"] == "over_single"


def test_the_limit_is_that_of_the_day() -> None:
    def channel(day: date, total: int) -> str | None:
        found: str | None = one(line(declared_on=day, total=total))["channel"]
        return found

    assert channel(date(2018, 12, 31), 2000 * YUAN) == "70pct"
    assert channel(date(2018, 12, 31), 2000 * YUAN + 1000) == "over_single"
    assert channel(date(2019, 1, 1), 5000 * YUAN) == "70pct"
    assert channel(date(2019, 1, 1), 5000 * YUAN + 1000) == "full"
    assert channel(date(2016, 4, 7), 100 * YUAN) is None


def test_a_line_without_a_rate_is_never_taxed_by_assumption() -> None:
    answer = one(line(), line(line_no=2, duty_ppm=None, vat_ppm=None, ct_ppm=None))
    assert (answer["taxed"], answer["vat"], answer["tax"]) == (False, None, None)
    assert answer["dutiable_value"] == 200 * YUAN


def test_cosmetics_bear_consumption_tax_from_ten_yuan_a_gram() -> None:
    cream = {"ct_ppm": 150_000, "ct_condition": "high_end_cosmetics", "unit_1": "035", "quantity_1": 3_000}
    assert one(line(total=300 * YUAN, **cream))["consumption_tax"] > 0
    assert one(line(total=300 * YUAN - 1, **cream))["consumption_tax"] == 0
    unknown = cream | {"unit_1": "011"}
    assert one(line(total=300 * YUAN, **unknown))["taxed"] is False


def test_a_rate_per_tonne_is_asked_of_kilograms() -> None:
    beer = {"ct_specific": 250 * YUAN, "ct_specific_unit": "070", "unit_1": "095", "unit_2": "035"}
    answer = one(line(total=200 * YUAN, quantity_2=10 * YUAN, **beer))
    assert (answer["consumption_tax"], answer["vat"]) == (1_75000, 18_43000)


def test_a_gift_beside_goods_gets_no_freight_but_gifts_alone_share_it() -> None:
    beside = tax_lines(
        frame(line(list_freight=5 * YUAN), line(line_no=2, total=0, list_freight=5 * YUAN)), REGIMES
    )
    assert beside["dutiable_value"].to_list() == [105 * YUAN, 0]
    alone = [line(line_no=n, total=0, list_freight=10_000) for n in (1, 2, 3)]
    assert tax_lines(frame(*alone), REGIMES)["dutiable_value"].to_list() == [4_000, 3_000, 3_000]


def test_amounts_too_large_to_be_exact_are_left_untaxed() -> None:
    answer = tax_lines(frame(line(total=10**18 - 1, quantity=SCALE)), REGIMES).row(0, named=True)
    assert (answer["taxed"], answer["vat"], answer["dutiable_value"]) == (False, None, 10**18 - 1)
    negative = tax_lines(frame(line(total=-1)), REGIMES).row(0, named=True)
    assert (negative["taxed"], negative["dutiable_value"]) == (False, None)


def test_no_lines_give_no_lists() -> None:
    assert tax_lists(tax_lines(frame(), REGIMES)).is_empty()
