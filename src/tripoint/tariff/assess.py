"""Answers one case `{"regime": …, "inputs": {…}}` by the rules of rules.md §1, in the shape of the worked cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tripoint.kernel.refusals import Malformed, Unknown
from tripoint.regimes.load import load_regimes
from tripoint.regimes.model import Regime, Regimes
from tripoint.tariff import cosmetics, import_tax, parcels
from tripoint.tariff.exact import PPM, amount_on, fen, total
from tripoint.tariff.inputs import Inputs
from tripoint.tariff.payment_window import payment_window
from tripoint.tariff.returns import Goods, judge_return

LATEST = date.max
"""A case that names no day is judged by the newest law in the data."""

DEFAULT_MODE = "1210"
"""Returns and payment days are the same in every import mode; a case may name another."""


def assess(case: Mapping[str, Any], regimes: Regimes | None = None) -> dict[str, Any]:
    """The answer to one case; raises Malformed naming the field, Unknown for a regime without rules here."""
    if not isinstance(case, Mapping):
        raise Malformed("ASSESS-INPUT", "案例须为对象", "a case must be an object")
    name = case.get("regime")
    if not isinstance(name, str):
        raise Malformed("ASSESS-INPUT", "regime：缺少", "regime is missing")
    answer = RULES.get(name)
    if answer is None:
        known = ", ".join(RULES)
        raise Unknown(
            "ASSESS-REGIME", f"没有规则 {name}；现有：{known}", f"no rules for {name}; there are: {known}"
        )
    inputs = Inputs(case.get("inputs"))
    return answer(inputs, regimes or load_regimes())


def _mode(inputs: Inputs, regimes: Regimes) -> Regime:
    mode = inputs.word("mode", tuple(regimes.by_mode)) if inputs.has("mode") else DEFAULT_MODE
    return regimes.of(mode)


def _import(inputs: Inputs, regimes: Regimes) -> dict[str, Any]:
    """CN-IMPORT: channel, dutiable value and tax heads of one order."""
    inputs.word("mode", tuple(regimes.by_mode))
    regime = _mode(inputs, regimes)
    day = inputs.day_or("date", LATEST)
    used = inputs.number("annual_used_before")
    lines = [_line(row) for row in inputs.tables("lines")]
    inputs.done()
    result = import_tax.assess_order(lines, used, regime, day)
    answer: dict[str, Any] = {"channel": str(result.channel)}
    if result.reason is not None:
        return answer | {"reason": result.reason, "dutiable_value": str(fen(result.dutiable_value))}
    return answer | {
        "dutiable_value": str(fen(result.dutiable_value)),
        "duty": str(result.duty),
        "consumption_tax": str(result.consumption_tax),
        "vat": str(result.vat),
        "total_tax": str(total((result.duty, result.consumption_tax, result.vat))),
        "annual_used_after": str(fen(used + result.dutiable_value)),
    }


def _line(row: Inputs) -> import_tax.Line:
    line = import_tax.Line(
        value=row.number("goods") + row.number("freight", "0") + row.number("insurance", "0"),
        units=Fraction(row.whole("units")),
        duty_rate=row.number("duty_rate", most=10),
        consumption_tax_rate=row.share("ct_rate"),
        vat_rate=row.share("vat_rate"),
        specific_tax=row.number("ct_specific_total", "0"),
    )
    row.done()
    return line


def _import_return(inputs: Inputs, regimes: Regimes) -> dict[str, Any]:
    """CN-IMPORT-RETURN: whether it is in time, and what it gives back."""
    regime = _mode(inputs, regimes)
    released, applied = inputs.day("release_date"), inputs.day("apply_date")
    arrived = inputs.day("arrive_date") if inputs.has("arrive_date") else None
    original = Goods(value=inputs.number("original_value"), tax=inputs.number("original_tax"))
    returned = Goods(value=inputs.number("returned_value"), tax=inputs.number("returned_tax"))
    inputs.done()
    for name, day in (("apply_date", applied), ("arrive_date", arrived)):
        if day is not None and day < released:
            raise inputs.refuse(name, "早于放行日期", "is before release_date")
    try:
        result = judge_return(released, applied, arrived, original, returned, regime)
    except OverflowError:
        raise _too_late(inputs) from None
    return {
        "accepted": result.accepted,
        "tax_not_levied": str(fen(result.tax_not_levied)),
        "quota_restored": str(fen(result.quota_restored)),
    }


def _payment_window(inputs: Inputs, regimes: Regimes) -> dict[str, Any]:
    """CN-TAX-PAYMENT-WINDOW: first and last day to pay."""
    regime = _mode(inputs, regimes)
    released = inputs.day("release_date")
    inputs.done()
    try:
        first, last = payment_window(released, regime)
    except OverflowError:
        raise _too_late(inputs) from None
    return {"pay_from": first.isoformat(), "pay_to": last.isoformat()}


def _too_late(inputs: Inputs) -> Malformed:
    """What is said where the calendar ends before a period does."""
    return inputs.refuse("release_date", "日期过大", "is too late a day")


def _personal_parcel(inputs: Inputs, regimes: Regimes) -> dict[str, Any]:
    """CN-PERSONAL-PARCEL: postal-article tax; threshold and limit may be stated, else those of the day."""
    law = regimes.parcel
    day = inputs.day_or("date", LATEST)
    table_price, declared_price = inputs.number("table_price"), inputs.number("declared_price")
    quantity, rate = inputs.number("qty"), inputs.share("rate")
    origin = inputs.country("origin") if inputs.has("origin") else None
    exempt = (
        inputs.number("exempt_threshold")
        if inputs.has("exempt_threshold")
        else amount_on(law.exempt_tax, day)
    )
    limit = (
        inputs.number("parcel_value_limit")
        if inputs.has("parcel_value_limit")
        else parcels.parcel_limit(origin, law, day)
    )
    inputs.done()
    if quantity == 0:
        raise inputs.refuse("qty", "须大于 0", "must be greater than 0")
    price = parcels.taxable_price(table_price, declared_price, law, day)
    result = parcels.tax_parcel(price, quantity, rate, exempt, limit)
    return {
        "taxable_value": str(fen(result.taxable_value)),
        "tax": str(result.tax),
        "payable": str(result.payable),
        "action": str(result.action),
    }


def _high_end(inputs: Inputs, regimes: Regimes) -> dict[str, Any]:
    """CN-HIGH-END-COSMETICS: whether consumption tax falls, and at which rate."""
    law = regimes.cosmetics
    day = inputs.day_or("date", LATEST)
    price, quantity = inputs.number("dutiable_price"), inputs.number("qty")
    unit = inputs.word("unit", ("ml", "g", "sheet", "piece"))
    inputs.done()
    if quantity == 0:
        raise inputs.refuse("qty", "须大于 0", "must be greater than 0")
    result = cosmetics.reaches(price, quantity, unit in ("sheet", "piece"), law, day)
    rate = cosmetics.consumption_tax_rate(result, law, day)
    return {"high_end": result, "ct_rate": _plain(rate)}


def _plain(rate: Fraction) -> str:
    """A rate without trailing zeros: 0.15, 0."""
    assert PPM % rate.denominator == 0, "rates in law are parts per million"
    text = f"{Decimal(rate.numerator) / Decimal(rate.denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


RULES: Mapping[str, Callable[[Inputs, Regimes], dict[str, Any]]] = {
    "CN-IMPORT": _import,
    "CN-IMPORT-RETURN": _import_return,
    "CN-TAX-PAYMENT-WINDOW": _payment_window,
    "CN-PERSONAL-PARCEL": _personal_parcel,
    "CN-HIGH-END-COSMETICS": _high_end,
}
"""Which regimes have rules here, and the function that answers for each."""
