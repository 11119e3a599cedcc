"""An amount is taken for what is written, or refused: nothing is rounded, and no other script's digits are guessed at."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tripoint.kernel.money import LARGEST_E5, format_e5, parse_e5, to_e5


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("1", 100_000), ("+1.", 100_000), ("-.5", -50_000), ("0.00001", 1), ("1.0000000000", 100_000), ("0" * 40, 0),
        ("9999999999999.99999", 10**18 - 1), ("1." + "0" * 60, 100_000),
    ],
)  # fmt: skip
def test_reads_a_plain_decimal(text: str, units: int) -> None:
    assert parse_e5(text) == units


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "1e3", "1,000", " 1", "１００", "٣", "NaN", "Infinity", "10000000000000", "0.000001",
        "100000.000000000000000000000000000001", "9" * 400, "0." + "0" * 2000 + "1",
    ],
)  # fmt: skip
def test_refuses_what_is_none_or_cannot_be_kept_exactly(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a plain|out of range|decimal places"):
        parse_e5(text)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1E+999999", "1E-999999"])
def test_a_decimal_of_any_size_is_refused_at_once(value: str) -> None:
    with pytest.raises(ValueError, match=r"out of range|decimal places"):
        to_e5(Decimal(value))


@given(st.integers(-LARGEST_E5 + 1, LARGEST_E5 - 1))
def test_what_is_written_is_read_again(units: int) -> None:
    assert parse_e5(format_e5(units)) == units
