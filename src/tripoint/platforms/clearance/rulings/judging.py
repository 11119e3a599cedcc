"""How whole sets of papers are judged: facts laid beside them, every check run, every line taxed (pure).

One call judges all lists of a round; what a list lacks is null, and a check over nothing finds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from tripoint.kernel.clock import CHINA
from tripoint.kernel.findings import Severity
from tripoint.kernel.identifiers import resident_id
from tripoint.kernel.money import format_e5
from tripoint.pipeline import matching, validity
from tripoint.pipeline.check import FINDINGS, NO_FINDINGS, Check, find
from tripoint.pipeline.checks import goods, modes, parties
from tripoint.pipeline.decision import weigh
from tripoint.pipeline.taxation import OVER_SINGLE, tax_lines, tax_lists
from tripoint.platforms.clearance.records import Bench
from tripoint.regimes.asof import by_mode

CHECKS: tuple[Check, ...] = (
    *matching.CHECKS,
    *validity.CHECKS,
    *parties.CHECKS,
    *modes.CHECKS,
    *goods.CHECKS,
)
"""Every check there is, in the order its stage runs."""

SET_CHECKS = tuple(check for check in CHECKS if not check.each_line)
LINE_CHECKS = tuple(check for check in CHECKS if check.each_line)

RATE_COLUMNS = {
    "duty_ppm": pl.Int64(),
    "vat_ppm": pl.Int64(),
    "ct_ppm": pl.Int64(),
    "ct_specific": pl.Int64(),
    "ct_specific_unit": pl.String(),
    "ct_condition": pl.String(),
    "unit_1": pl.String(),
    "unit_2": pl.String(),
    "listed": pl.Boolean(),
    "modes": pl.String(),
}
"""What the rates register says of goods on a day; all null where it knows none."""

_ROLES = {
    "marketplace": ("list.marketplace_code", "marketplace"),
    "merchant": ("list.merchant_code", "merchant"),
    "provider": ("payment.provider_code", "payment_provider"),
    "carrier": ("list.carrier_code", "carrier"),
    "declarant": ("list.declarant_code", "declarant"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is looked up for a round: who is verified, where missing papers stand, what the goods are taxed."""

    verified: pl.DataFrame
    elsewhere: pl.DataFrame
    rates: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A round judged: the sets with their facts, the findings weighed, the lines and lists taxed."""

    sets: pl.DataFrame
    judged: pl.DataFrame
    lines: pl.DataFrame
    taxes: pl.DataFrame


def with_facts(sets: pl.DataFrame, facts: Facts, bench: Bench) -> pl.DataFrame:
    """Lay the facts beside the sets: who is registered for its role on the day, who is verified, what stands elsewhere."""
    beside = [
        _registered(sets, bench.enterprises, column, role).alias(f"facts.{name}_registered")
        for name, (column, role) in _ROLES.items()
    ]
    connected = bench.enterprises.filter(pl.col("realtime_payment_data"))["enterprise_code"]
    verified = (
        facts.verified.select_seq("person_id", "person_name")
        .unique()
        .with_columns_seq(_verified=pl.lit(value=True))
    )
    buyers = buyers_of(sets).join(
        verified, on=["person_id", "person_name"], how="left", maintain_order="left"
    )
    beside.append(buyers["_verified"].fill_null(value=False).alias("facts.buyer_verified"))
    beside += [
        _stands_under(sets, facts.elsewhere, kind, issuer, number)
        for kind, issuer, number in (
            ("payment", "order.provider_code", "order.payment_no"),
            ("waybill", "list.carrier_code", "list.waybill_no"),
        )
    ]
    due = pl.sum_horizontal("order.goods_value", "order.freight", "order.tax_total", ignore_nulls=False)
    return sets.hstack(beside).with_columns_seq(
        pl.col("list.marketplace_code").is_in(connected.implode()).alias("facts.marketplace_connected"),
        (due - pl.col("order.discount")).alias("facts.amount_due"),
        pl.col("received_at").dt.convert_time_zone(str(CHINA)).dt.date().alias("facts.received_on"),
        pl.lit(value=True).alias("list.present"),
    )


def buyers_of(sets: pl.DataFrame) -> pl.DataFrame:
    """The buyer of each order, by name and by number as registers write it: person_id, person_name."""
    return sets.select_seq(
        resident_id.compact_expr(pl.col("order.buyer_id")).alias("person_id"),
        pl.col("order.buyer_name").alias("person_name"),
    )


def _stands_under(
    sets: pl.DataFrame, elsewhere: pl.DataFrame, kind: str, issuer: str, number: str
) -> pl.Series:
    """The order under which the paper stands that a set names and lacks; with its marketplace before it where that is another.

    A waybill knows no marketplace.
    """
    other = elsewhere.filter(pl.col("kind") == kind).select_seq(
        pl.col("issuer_code").alias(issuer), pl.col("number").alias(number), "order_no", "marketplace_code"
    )
    other = other.unique([issuer, number], keep="first", maintain_order=True)
    own = ["list.order_no", "list.marketplace_code"]
    found = sets[[issuer, number, *own]].join(other, on=[issuer, number], how="left", maintain_order="left")
    is_named_alike = (
        (pl.col("order_no") == pl.col("list.order_no"))
        & (pl.col("marketplace_code") != "")
        & (pl.col("marketplace_code") != pl.col("list.marketplace_code"))
    )
    name = (
        pl.when(is_named_alike)
        .then(pl.concat_str("marketplace_code", "order_no", separator="/"))
        .otherwise("order_no")
    )
    return found.select_seq(name.alias(f"facts.{kind}_order_no")).to_series()


def _registered(sets: pl.DataFrame, enterprises: pl.DataFrame, column: str, role: str) -> pl.Series:
    """Whether the enterprise of each row is filed for the role on the day of the list."""
    filed = enterprises.filter(pl.col(role)).select_seq("enterprise_code", "since", "until")
    day = pl.col("list.declared_on")
    return (
        sets[[column, "list.declared_on"]]
        .join(filed, left_on=column, right_on="enterprise_code", how="left", maintain_order="left")
        .select_seq(
            ((pl.col("since") <= day) & (pl.col("until").is_null() | (day <= pl.col("until")))).fill_null(
                value=False
            )
        )
        .to_series()
    )


def missing_papers(sets: pl.DataFrame) -> pl.DataFrame:
    """The payments and waybills that sets name and do not have: kind, issuer_code, number, order_no."""
    parts = [
        sets.filter(~pl.col(f"{kind}.present")).select_seq(
            pl.lit(kind).alias("kind"),
            pl.col(issuer).alias("issuer_code"),
            pl.col(number).alias("number"),
            pl.col("list.order_no").alias("order_no"),
        )
        for kind, issuer, number in (
            ("payment", "order.provider_code", "order.payment_no"),
            ("waybill", "list.carrier_code", "list.waybill_no"),
        )
    ]
    return pl.concat(parts).drop_nulls().unique().sort("kind", "issuer_code", "number", "order_no")


def with_rates(lines: pl.DataFrame, sets: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Lay each list's mode and day, and the rates of its goods on that day, beside its lines."""
    rated = rates.select_seq("hs_code", "declared_on", *RATE_COLUMNS).rename(
        {name: f"rate.{name}" for name in RATE_COLUMNS}
    )
    heads = sets.select_seq(
        "row",
        "list.supervision_mode",
        "list.declared_on",
        "list.freight",
        "list.insurance",
        "order.present",
    )
    beside = (
        lines.select_seq("row", "line.hs_code")
        .join(heads, on="row", how="left", maintain_order="left")
        .join(
            rated,
            left_on=["line.hs_code", "list.declared_on"],
            right_on=["hs_code", "declared_on"],
            how="left",
            maintain_order="left",
        )
        .with_columns_seq(pl.col("rate.vat_ppm").is_not_null().alias("rate.known"))
    )
    return lines.hstack(beside.drop("row", "line.hs_code"))


def tax(lines: pl.DataFrame, bench: Bench) -> pl.DataFrame:
    """Duty and tax of every line (`pipeline.taxation.tax_lines`), with row, line_no and hs_code."""
    named = lines.select_seq(
        "row",
        "line_no",
        pl.col("list.supervision_mode").alias("supervision_mode"),
        pl.col("list.declared_on").alias("declared_on"),
        pl.col("line.total").alias("total"),
        pl.col("list.freight").alias("list_freight"),
        pl.col("list.insurance").alias("list_insurance"),
        *(
            pl.col(f"line.{name}").alias(name)
            for name in ("quantity", "unit", "quantity_1", "unit_1", "quantity_2", "unit_2")
        ),
        *(
            pl.col(f"rate.{name}").alias(name)
            for name in ("duty_ppm", "vat_ppm", "ct_ppm", "ct_specific", "ct_specific_unit", "ct_condition")
        ),
    )
    return tax_lines(named, bench.regimes)


def judge(
    sets: pl.DataFrame, papers: Mapping[str, pl.DataFrame], lines: pl.DataFrame, facts: Facts, bench: Bench
) -> Judgement:
    """Run every check on every set and line, and tax what can be taxed."""
    known = with_facts(matching.count_lines(sets, papers), facts, bench)
    rated = with_rates(lines, known, facts.rates)
    taxed = tax(rated, bench).join(
        rated.select_seq("row", "line_no", pl.col("line.hs_code").alias("hs_code")),
        on=["row", "line_no"],
        how="left",
        maintain_order="left",
    )
    taxes = tax_lists(taxed)
    over = taxes.filter(pl.col("channel") == OVER_SINGLE)
    asked = _asked(bench)
    findings = pl.concat(
        [
            find(known, _of(SET_CHECKS, asked)),
            find(rated, _of(LINE_CHECKS, asked)),
            _over_single(over, known, bench),
        ]
    )
    weighed = weigh(findings, _modes(known), bench.severities, bench.ranks)
    return Judgement(sets=known, judged=weighed, lines=rated, taxes=taxes_with_lines(taxed, taxes))


def _asked(bench: Bench) -> frozenset[str]:
    """The codes that are not off everywhere: nobody is told of the others, and one that struck every list was dear."""
    return frozenset(code for (_, code), severity in bench.severities.items() if severity != Severity.OFF)


@cache
def _of(checks: tuple[Check, ...], codes: frozenset[str]) -> tuple[Check, ...]:
    return tuple(check for check in checks if check.code in codes)


def taxes_with_lines(taxed: pl.DataFrame, taxes: pl.DataFrame) -> pl.DataFrame:
    """The sums of each list, and beside them its taxed lines as one nested column `assessed`."""
    nested = taxed.group_by("row").agg(
        pl.struct("line_no", "hs_code", "dutiable_value", "duty", "consumption_tax", "vat").alias("assessed")
    )
    return taxes.join(nested, on="row", how="left")


def _modes(sets: pl.DataFrame) -> pl.DataFrame:
    return sets.select_seq("row", pl.col("list.supervision_mode").alias("supervision_mode"))


def _over_single(over: pl.DataFrame, sets: pl.DataFrame, bench: Bench) -> pl.DataFrame:
    """LIMIT-01 for lists above the single transaction limit that are not one indivisible article."""
    if over.is_empty():
        return NO_FINDINGS
    limits = sets.select_seq(
        "row",
        by_mode(
            bench.regimes,
            lambda regime: regime.single_limit,
            pl.col("list.supervision_mode"),
            pl.col("list.declared_on"),
        ).alias("limit"),
    )
    rows = over.join(limits, on="row", how="left")
    return limit_findings(
        rows.select_seq("row", "dutiable_value", "limit"), "LIMIT-01", "list.dutiable_value"
    )


def limit_findings(rows: pl.DataFrame, code: str, field: str) -> pl.DataFrame:
    """Findings with an amount and the limit it is above (columns row, amount e5, limit e5 in this order)."""
    values = list(rows.iter_rows())
    return pl.DataFrame(
        {
            "row": [row for row, _, _ in values],
            "code": [code] * len(values),
            "field": [field] * len(values),
            "line_no": [None] * len(values),
            "value": [format_e5(amount) for _, amount, _ in values],
            "compares": ["limit"] * len(values),
            "other": [None if limit is None else format_e5(limit) for _, _, limit in values],
        },
        schema=FINDINGS,
    )
