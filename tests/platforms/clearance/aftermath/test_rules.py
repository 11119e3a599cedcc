"""What may be cancelled or returned, and what comes back with it, whatever the split."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tripoint.kernel.money import FEN, SCALE
from tripoint.platforms.clearance.aftermath import rules
from tripoint.regimes.load import load_regimes

REGIME = load_regimes().of("9610")
LISTED = {"state": "released", "marketplace_code": "M", "merchant_code": "E", "declarant_code": "D"}
REQUEST = {"list_no": "L", "marketplace_code": "M", "merchant_code": "E", "declarant_code": "D"}
RELEASED = date(2026, 3, 1)


def line(quantity: int = 2 * SCALE, returned: int = 0, value: int = 50_000_000, tax: int = 4_550_000) -> dict:
    return {
        "line_no": 1,
        "hs_code": "0901210000",
        "quantity": quantity,
        "value": value,
        "tax": tax,
        "returned": returned,
    }


def wanted(quantity: int = SCALE, line_no: int = 1, hs_code: str = "0901210000") -> dict:
    return {"line_no": line_no, "hs_code": hs_code, "quantity": quantity}


@pytest.mark.parametrize(
    ("applied", "codes"),
    [
        (date(2026, 3, 30), []),
        (date(2026, 3, 31), []),
        (date(2026, 4, 1), ["RETURN-04"]),
    ],
)
def test_a_return_is_applied_for_within_thirty_days(applied: date, codes: list[str]) -> None:
    told = rules.judge_return(LISTED, [line()], REQUEST, [wanted()], applied, RELEASED, REGIME)
    assert [one.code for one in told] == codes


@pytest.mark.parametrize(
    ("arrived", "in_time"),
    [
        (date(2026, 2, 28), False),
        (date(2026, 4, 14), True),
        (date(2026, 4, 15), True),
        (date(2026, 4, 16), False),
    ],
)
def test_goods_come_back_within_forty_five_days(arrived: date, *, in_time: bool) -> None:
    assert rules.arrives_in_time(RELEASED, arrived, REGIME) is in_time


def test_all_that_speaks_against_a_return_is_told() -> None:
    request = REQUEST | {"merchant_code": "X"}
    lines = [line(returned=SCALE)]
    asked = [wanted(2 * SCALE), wanted(line_no=9), wanted(hs_code="2204210000")]
    told = rules.judge_return(LISTED, lines, request, asked, date(2026, 5, 1), RELEASED, REGIME)
    assert [one.code for one in told] == ["RETURN-03", "RETURN-02", "RETURN-02", "RETURN-04", "RETURN-06"]


@pytest.mark.parametrize("state", ["waiting", "refused", "held", "cancelled", "withdrawn"])
def test_only_a_released_list_has_returns(state: str) -> None:
    listed = LISTED | {"state": state}
    told = rules.judge_return(listed, [line()], REQUEST, [wanted()], RELEASED, RELEASED, REGIME)
    assert [one.code for one in told] == ["RETURN-01"]


@pytest.mark.parametrize(
    ("state", "returns", "codes"),
    [
        ("released", [], []),
        ("held", [], []),
        ("refused", [], ["CANCEL-02"]),
        ("cancelled", [], ["CANCEL-02"]),
        ("released", [{"state": "review"}], ["CANCEL-02"]),
        ("released", [{"state": "refused"}], []),
    ],
)
def test_a_list_is_cancelled_while_nothing_of_it_is_coming_back(
    state: str, returns: list[dict], codes: list[str]
) -> None:
    told = rules.judge_cancellation(LISTED | {"state": state}, REQUEST, returns)
    assert [one.code for one in told] == codes


@given(
    parts=st.lists(st.integers(1, 50), min_size=1, max_size=8),
    value=st.integers(1, 10**12),
    tax=st.integers(0, 10**7),
)
def test_shares_of_a_line_add_up_to_the_line_however_it_is_split(
    parts: list[int], value: int, tax: int
) -> None:
    quantity = sum(parts) * SCALE
    before, values, taxes = 0, 0, 0
    for part in parts:
        its = line(quantity, before, value, tax * FEN)
        (share,) = rules.parts([its], [wanted(part * SCALE)])
        assert share.value >= 0
        assert share.tax >= 0
        assert share.tax % FEN == 0
        before, values, taxes = before + part * SCALE, values + share.value, taxes + share.tax
    assert (values, taxes) == (value, tax * FEN)
    assert rules.is_everything([line(quantity, quantity)], [])


def test_a_stranger_is_told_that_there_is_no_such_list() -> None:
    stranger = REQUEST | {"declarant_code": "Z"}
    assert [one.code for one in rules.judge_cancellation(LISTED, stranger, [])] == ["CANCEL-01"]
    told = rules.judge_return(LISTED, [line()], stranger, [wanted()], RELEASED, RELEASED, REGIME)
    assert "RETURN-01" in [one.code for one in told]
