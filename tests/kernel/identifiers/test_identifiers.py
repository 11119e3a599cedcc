"""Each number's four verbs: what is made right is accepted, what is changed is refused."""

from __future__ import annotations

from datetime import date
from types import ModuleType

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidFormat, InvalidLength, ValidationError

from tripoint.kernel.identifiers import (
    enterprise_code,
    guid36,
    hs_code,
    list_no,
    pre_no,
    resident_id,
    s10,
    uscc,
)

EXAMPLES: list[tuple[ModuleType, str, str, str]] = [
    (resident_id, "11010519491231002x", "11010519491231002X", "11010519491231002X"),
    (uscc, "9111 0000 6000 37341L", "91110000600037341L", "91110000600037341L"),
    (enterprise_code, "31149679bz", "31149679BZ", "31149679BZ"),
    (enterprise_code, "91110000600037341L", "91110000600037341L", "91110000600037341L"),
    (hs_code, "3304.9900.29", "3304990029", "3304.9900.29"),
    (list_no, "29242020i390203862", "29242020I390203862", "29242020I390203862"),
    (pre_no, "B20181113676723229", "B20181113676723229", "B20181113676723229"),
    (pre_no, "o20200401000310507", "o20200401000310507", "o20200401000310507"),
    (s10, "rr 473 124 829 gb", "RR473124829GB", "RR 473 124 829 GB"),
    (
        guid36,
        " 4cdf3b5c-5a5a-4d5f-9f6b-0a0b0c0d0e0f",
        "4cdf3b5c-5a5a-4d5f-9f6b-0a0b0c0d0e0f",
        "4CDF3B5C-5A5A-4D5F-9F6B-0A0B0C0D0E0F",
    ),
    (
        guid36,
        "CEB621_HNZB_FXJK_20220209104827_0055",
        "CEB621_HNZB_FXJK_20220209104827_0055",
        "CEB621_HNZB_FXJK_20220209104827_0055",
    ),
]


@pytest.mark.parametrize(("module", "written", "compact", "formatted"), EXAMPLES)
def test_takes_a_number_as_people_write_it(
    module: ModuleType, written: str, compact: str, formatted: str
) -> None:
    assert module.compact(written) == compact
    assert module.validate(written) == compact
    assert module.is_valid(written)
    assert module.format(written) == formatted


@pytest.mark.parametrize(
    ("module", "number", "error"),
    [
        (resident_id, "11010519491231002", InvalidLength),
        (resident_id, "1101051949123100X2", InvalidFormat),
        (resident_id, "99010519491231002X", InvalidComponent),
        (resident_id, "110105194902310027", InvalidComponent),
        (resident_id, "110105194912310021", InvalidChecksum),
        (resident_id, "11010518991231002X", InvalidComponent),
        (uscc, "91110000600037342L", InvalidChecksum),
        (enterprise_code, "3114967", InvalidLength),
        (enterprise_code, "A114967900", InvalidFormat),
        (enterprise_code, "91110000600037342L", InvalidChecksum),
        (hs_code, "330499002", InvalidLength),
        (hs_code, "33049900a9", InvalidFormat),
        (hs_code, "7701000000", InvalidComponent),
        (hs_code, "9801000000", InvalidComponent),
        (list_no, "29242020X390203862", InvalidFormat),
        (list_no, "2924202", InvalidLength),
        (pre_no, "Z20181113676723229", InvalidFormat),
        (pre_no, "B20181313676723229", InvalidComponent),
        (pre_no, "B2018", InvalidLength),
        (s10, "RR473124828GB", InvalidChecksum),
        (s10, "RR47312482GB", InvalidLength),
        (s10, "1R473124829GB", InvalidFormat),
        (guid36, "x" * 35, InvalidLength),
        (guid36, "x" * 17 + " " + "x" * 18, InvalidFormat),
    ],
)
def test_refuses_what_is_not_the_number(
    module: ModuleType, number: str, error: type[ValidationError]
) -> None:
    with pytest.raises(error):
        module.validate(number)
    assert not module.is_valid(number)


@st.composite
def residents(draw: st.DrawFn) -> str:
    place = draw(st.sampled_from(sorted(resident_id.PROVINCES))) + f"{draw(st.integers(0, 9999)):04d}"
    born = draw(st.dates(date(1900, 1, 1), date(2099, 12, 31))).strftime("%Y%m%d")
    first = f"{place}{born}{draw(st.integers(0, 999)):03d}"
    return first + resident_id.check_digit(first)


@given(residents())
def test_accepts_every_number_made_by_the_rule(number: str) -> None:
    assert resident_id.is_valid(number)
    assert resident_id.birth_date(number).strftime("%Y%m%d") == number[6:14]


@given(residents(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_refuses_every_number_with_one_wrong_character(number: str, place: int, character: str) -> None:
    changed = number[:place] + character + number[place + 1 :]
    assert resident_id.is_valid(changed) is (changed == number)


TEXTS = st.one_of(
    residents(),
    residents().map(str.lower),
    residents().flatmap(
        lambda n: st.tuples(st.integers(0, 17), st.sampled_from("0123456789Xx -a０")).map(
            lambda change: n[: change[0]] + change[1] + n[change[0] + 1 :]
        )
    ),
    st.from_regex(r"\A[0-9]{6}(19|20)[0-9]{9}[0-9Xx]\Z"),
    st.text(max_size=20),
    st.none(),
)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=30))
def test_the_column_judges_as_the_scalar(numbers: list[str | None]) -> None:
    frame = pl.DataFrame({"n": pl.Series(numbers, dtype=pl.String())})
    got = frame.select(resident_id.is_valid_expr(pl.col("n")))["n"].to_list()
    assert got == [number is not None and resident_id.is_valid(number) for number in numbers]


@given(st.integers(0, 99_999_999), st.sampled_from(["RR", "CP", "LX"]), st.sampled_from(["CN", "DE", "US"]))
def test_accepts_every_postal_number_made_by_the_rule(serial: int, service: str, country: str) -> None:
    digits = f"{serial:08d}"
    number = f"{service}{digits}{s10.check_digit(digits)}{country}"
    assert s10.is_valid(number)
    wrong = str((int(number[10]) + 1) % 10)
    assert not s10.is_valid(number[:10] + wrong + number[11:])
