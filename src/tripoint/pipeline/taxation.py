"""Duty and tax of each list as of its day, in columns; each line equals `tariff.import_tax` exactly.

Duty of this stage: 财关税〔2016〕18号 and 〔2018〕49号. All arithmetic is on whole numbers of 128 bits: a figure
too large to be taxed exactly is left untaxed, never wrapped round. The annual limit is judged elsewhere.
"""

from __future__ import annotations

import polars as pl

from tripoint.kernel.money import FEN, SCALE, summed
from tripoint.regimes.asof import by_mode, expression
from tripoint.regimes.model import Regimes
from tripoint.tariff.units import FAMILIES, MASS, PIECES, SHEETS, VOLUME

WIDE = pl.Int128()
PPM = 1_000_000
SHARE_70, SHARE_FULL, OVER_SINGLE = "70pct", "full", "over_single"
HIGH_END_COSMETICS, LUXURY_WATCH = "high_end_cosmetics", "luxury_watch"

_PERCENT = (
    10_000  # ppm in one percent: the law's shares are whole percents, which keeps products within 128 bits
)
_HUNDRED_MILLION = 10**8
_LARGEST = 5 * 10**29  # the composing numerator: times a rate, a share and two it still fits into 128 bits
_MEASURES = (("unit", "quantity"), ("unit_1", "quantity_1"), ("unit_2", "quantity_2"))

OUTPUT = ("dutiable_value", "duty", "consumption_tax", "vat")


def tax_lines(lines: pl.DataFrame, regimes: Regimes) -> pl.DataFrame:
    """Tax every line: input keys (row, line_no), dutiable_value, duty, consumption_tax, vat (Int64 e5), taxed,
    channel (70pct, full, over_single; null before the law began or for an unknown mode), pieces Int64.

    Input columns: row Int64, line_no, supervision_mode, declared_on Date, total Int64 e5, list_freight and
    list_insurance (e5 of the whole list, null = 0), quantity, unit, quantity_1, unit_1, quantity_2, unit_2,
    duty_ppm, vat_ppm, ct_ppm (null: no rate that day), ct_specific (e5 yuan per ct_specific_unit), ct_condition.
    Tax heads are whole fen; dutiable values are where totals, freight and insurance are. Heads are null where `taxed` is false (a rate, a limit or a needed quantity is missing)
    and where the channel is over_single, since then nothing is levied on this channel.
    """
    _shares_are_whole_percents(regimes)
    placed = lines.with_row_index("_at").join(
        _lists(lines, regimes), on="row", how="left", maintain_order="left"
    )
    valued = _share_out(placed).with_columns_seq(
        (pl.col("total").cast(WIDE) + pl.col("_part")).alias("_value"),
    )
    special = _special(valued, regimes)
    computed = _heads(_with_special(valued, special))
    return computed.select_seq(
        "row",
        "line_no",
        *(pl.col(name).cast(pl.Int64, strict=False) for name in OUTPUT),
        "taxed",
        "channel",
        "pieces",
    )


def tax_lists(taxed_lines: pl.DataFrame) -> pl.DataFrame:
    """Sum the lines of `tax_lines` by list: row, dutiable_value, duty, consumption_tax, vat, tax (Int64 e5),
    article_count Int64 (pieces begun), channel, taxed; tax heads are null unless every line is taxed."""
    sums = taxed_lines.group_by("row", maintain_order=True).agg(
        summed("dutiable_value"),
        *(
            pl.when(pl.col(head).null_count() == 0).then(summed(head)).alias(head)
            for head in ("duty", "consumption_tax", "vat")
        ),
        pl.col("pieces").sum().alias("article_count"),
        pl.col("channel").first(),
        pl.col("taxed").all(),
    )
    return sums.select_seq(
        "row",
        *OUTPUT,
        (pl.col("duty") + pl.col("consumption_tax") + pl.col("vat")).alias("tax"),
        "article_count",
        "channel",
        "taxed",
    )


def _shares_are_whole_percents(regimes: Regimes) -> None:
    for regime in regimes.by_mode.values():
        for dated in (regime.duty_share, regime.consumption_tax_share, regime.vat_share):
            for entry in dated.values:
                assert isinstance(entry.value, int), f"{dated.name.en} is a number"
                assert entry.value % _PERCENT == 0, f"{dated.name.en} is a whole percent"


def _lists(lines: pl.DataFrame, regimes: Regimes) -> pl.DataFrame:
    """Per list: the sums its lines are weighed by, what freight and insurance come to, the channel, the shares."""
    mode, day = pl.col("supervision_mode"), pl.col("declared_on")
    sums = lines.group_by("row").agg(
        mode.first(),
        day.first(),
        pl.col("total").cast(WIDE).sum().alias("_whole"),
        (pl.col("total").is_null() | (pl.col("total") < 0)).any().alias("_unclear"),
        pl.len().cast(pl.Int64).alias("_lines"),
        pl.col("quantity").first().alias("_first_quantity"),
        (pl.col("list_freight").first().fill_null(0) + pl.col("list_insurance").first().fill_null(0))
        .cast(WIDE)
        .alias("_extra"),
    )
    facts = sums.with_columns_seq(
        by_mode(regimes, lambda r: r.single_limit, mode, day).alias("_limit"),
        by_mode(regimes, lambda r: r.over_single_article, mode, day).alias("_article"),
        by_mode(regimes, lambda r: r.duty_share, mode, day).alias("_duty_share"),
        by_mode(regimes, lambda r: r.consumption_tax_share, mode, day).alias("_ct_share"),
        by_mode(regimes, lambda r: r.vat_share, mode, day).alias("_vat_share"),
    )
    one_article = (pl.col("_lines") == 1) & (pl.col("_first_quantity") == SCALE).fill_null(False)
    channel = (
        pl.when(pl.col("_whole") + pl.col("_extra") <= pl.col("_limit").cast(WIDE))
        .then(pl.lit(SHARE_70))
        .when(one_article & (pl.col("_article") == "full_tax"))
        .then(pl.lit(SHARE_FULL))
        .when(pl.col("_limit").is_not_null())
        .then(pl.lit(OVER_SINGLE))
    )
    full = pl.col("channel") == SHARE_FULL
    shares = ("_duty_share", "_ct_share", "_vat_share")
    return facts.with_columns_seq(channel.alias("channel")).select_seq(
        "row",
        "_whole",
        "_lines",
        "_extra",
        "channel",
        (pl.col("_unclear") | (pl.col("_extra") < 0)).alias("_unclear"),
        *(
            (pl.when(full).then(pl.lit(100)).otherwise(pl.col(name) // _PERCENT)).cast(WIDE).alias(name)
            for name in shares
        ),
    )


def _share_out(placed: pl.DataFrame) -> pl.DataFrame:
    """Add `_part`: each line's share of freight and insurance, as `tariff.import_tax.share_out` deals it."""
    alone = pl.when((pl.col("_lines") == 1) & ~pl.col("_unclear")).then(pl.col("_extra"))
    shared = (pl.col("_extra") > 0) & ~pl.col("_unclear") & (pl.col("_lines") > 1)
    if not placed.select_seq(shared.any()).item():
        return placed.with_columns_seq(alone.fill_null(0).alias("_part"))
    dealt = placed.lazy().filter(shared)
    weight = pl.when(pl.col("_whole") > 0).then(pl.col("total")).otherwise(pl.lit(1)).cast(WIDE)
    whole = pl.when(pl.col("_whole") > 0).then(pl.col("_whole")).otherwise(pl.col("_lines").cast(WIDE))
    cents = pl.col("_extra") // FEN
    weighed = dealt.select_seq(
        "_at", "row", "line_no", "_extra", weight.alias("_weight"), whole.alias("_of"), cents.alias("_cents")
    ).with_columns_seq(
        (pl.col("_cents") * pl.col("_weight") // pl.col("_of")).alias("_base"),
        (pl.col("_cents") * pl.col("_weight") % pl.col("_of")).alias("_rest"),
    )
    ranked = (
        weighed.sort("row", "_rest", "line_no", descending=[False, True, False])
        .with_columns_seq(
            pl.int_range(pl.len(), dtype=pl.Int64).over("row").alias("_rank"),
            (pl.col("_cents") - pl.col("_base").sum().over("row")).alias("_left"),
        )
        .sort("row", "_weight", "line_no", descending=[False, True, False])
        .with_columns_seq(pl.col("row").is_first_distinct().alias("_greatest"))
    )
    part = (pl.col("_base") + (pl.col("_rank") < pl.col("_left")).cast(WIDE)) * FEN + pl.when(
        "_greatest"
    ).then(pl.col("_extra") % FEN).otherwise(pl.lit(0, dtype=WIDE))
    parts = ranked.select_seq("_at", part.alias("_part")).collect()
    joined = placed.join(parts, on="_at", how="left", maintain_order="left")
    return joined.with_columns_seq(pl.coalesce(alone, "_part", pl.lit(0, dtype=WIDE)).alias("_part"))


def _special(valued: pl.DataFrame, regimes: Regimes) -> pl.DataFrame:
    """For the few lines with a specific or conditional consumption tax: `_specific` (1e-18 yuan) and `_ct_off`.

    Null in either means that the line does not state the quantity the tax is asked of.
    """
    rows = valued.filter(pl.col("ct_specific").is_not_null() | pl.col("ct_condition").is_not_null())
    if rows.is_empty():
        return rows.select_seq("_at")
    # Making these expressions costs more than running them on some lines: only those that are asked for are made.
    taxed = pl.col("ct_specific").is_not_null()
    specific = pl.when(~taxed).then(pl.lit(0, dtype=WIDE)).otherwise(pl.coalesce(_of_same_units()))
    stated = rows.select_seq(specific.alias("_specific")).to_series()
    if stated.null_count():
        stated = rows.select_seq(
            pl.when(taxed)
            .then(pl.coalesce(stated, *_of_converted_units()))
            .otherwise(stated)
            .alias("_specific")
        ).to_series()
    conditions = set(rows["ct_condition"].unique())
    off = [pl.when(pl.col("ct_condition").is_null()).then(pl.lit(False))]
    if HIGH_END_COSMETICS in conditions:
        off += [pl.when(pl.col("ct_condition") == HIGH_END_COSMETICS).then(~_reaches_high_end(regimes))]
    if LUXURY_WATCH in conditions:
        off += [pl.when(pl.col("ct_condition") == LUXURY_WATCH).then(~_reaches_luxury(regimes))]
    return rows.select_seq("_at", stated, pl.coalesce(off).alias("_ct_off"))


_LEGAL_FIRST = (_MEASURES[1], _MEASURES[2], _MEASURES[0])


def _of_same_units() -> list[pl.Expr]:
    """Quantity times rate, from each measure of the line; null where it is in another unit than the rate."""
    wanted = pl.col("ct_specific_unit")
    return [
        pl.when(pl.col(unit) == wanted).then(_specific_of(quantity, pl.lit(_HUNDRED_MILLION, dtype=WIDE)))
        for unit, quantity in _LEGAL_FIRST
    ]


def _of_converted_units() -> list[pl.Expr]:
    """Quantity times rate, from each measure of the line by each family of units; null where it has not both."""
    wanted = pl.col("ct_specific_unit")
    return [
        _specific_of(
            quantity,
            pl.col(unit).replace_strict(family, default=None, return_dtype=pl.Int64).cast(WIDE)
            * (
                pl.lit(_HUNDRED_MILLION, dtype=WIDE)
                // wanted.replace_strict(family, default=None, return_dtype=pl.Int64)
            ),
        )
        for unit, quantity in _LEGAL_FIRST
        for family in FAMILIES
    ]


def _specific_of(quantity: str, times: pl.Expr) -> pl.Expr:
    """The product of quantity, rate and unit factor; null where it would not fit."""
    product = pl.col(quantity).cast(WIDE) * pl.col("ct_specific").cast(WIDE)
    return pl.when(product <= pl.lit(_LARGEST, dtype=WIDE) // times).then(product * times)


def _reaches_high_end(regimes: Regimes) -> pl.Expr:
    """Is the dutiable price at the threshold: per sheet if the line counts sheets, else per its gram or millilitre."""
    law, day = regimes.cosmetics, pl.col("declared_on")
    small = MASS | VOLUME
    per_sheet = [
        pl.when(pl.col(unit).is_in(SHEETS) & (pl.col(quantity) > 0)).then(
            _at_least(expression(law.per_sheet, day), quantity, 1)
        )
        for unit, quantity in _MEASURES
    ]
    per_small = [
        pl.when(pl.col(quantity) > 0).then(
            _at_least(
                expression(law.per_ml_or_g, day),
                quantity,
                pl.col(unit).replace_strict(small, default=None, return_dtype=pl.Int64).cast(WIDE),
            )
        )
        for unit, quantity in _MEASURES
    ]
    return pl.coalesce(*per_sheet, *per_small)


def _reaches_luxury(regimes: Regimes) -> pl.Expr:
    """Is the dutiable price of one watch at the threshold; null if the line counts no pieces."""
    threshold = expression(regimes.watches.per_piece, pl.col("declared_on"))
    return pl.coalesce(
        pl.when(pl.col(unit).is_in(PIECES) & (pl.col(quantity) > 0)).then(_at_least(threshold, quantity, 1))
        for unit, quantity in _MEASURES
    )


def _at_least(threshold: pl.Expr, quantity: str, times: pl.Expr | int) -> pl.Expr:
    return pl.col("_value") * SCALE >= threshold.cast(WIDE) * pl.col(quantity).cast(WIDE) * times


def _with_special(valued: pl.DataFrame, special: pl.DataFrame) -> pl.DataFrame:
    """Every line with `_specific`, `_ct` (the rate that applies) and whether both are known."""
    rate = pl.col("ct_ppm").cast(WIDE)
    if special.is_empty():
        return valued.with_columns_seq(pl.lit(0, dtype=WIDE).alias("_specific"), rate.alias("_ct"))
    asked = pl.col("ct_specific").is_not_null() | pl.col("ct_condition").is_not_null()
    return valued.join(special, on="_at", how="left", maintain_order="left").with_columns_seq(
        pl.when(asked).then(pl.col("_specific")).otherwise(pl.lit(0, dtype=WIDE)).alias("_specific"),
        pl.when(~asked)
        .then(rate)
        .when(pl.col("_ct_off"))
        .then(pl.lit(0, dtype=WIDE))
        .when(~pl.col("_ct_off"))
        .then(rate)
        .alias("_ct"),
    )


def _heads(lines: pl.DataFrame) -> pl.DataFrame:
    """Duty, consumption tax and VAT, each rounded half-up to the fen; see tariff.import_tax for the formula.

    `_composed` counts 1e-18 yuan before it is divided by (1 - rate); duty rates come as 1e-8.
    """
    duty_rate = pl.col("duty_ppm").cast(WIDE) * pl.col("_duty_share")
    lines = lines.with_columns_seq(
        duty_rate.alias("_duty_rate"),
        (pl.col("_value") * 100_000 * (duty_rate + _HUNDRED_MILLION) + pl.col("_specific")).alias(
            "_composed"
        ),
        (pl.lit(PPM, dtype=WIDE) - pl.col("_ct")).alias("_kept"),
    )
    taxed = (
        ~pl.col("_unclear")
        & pl.col("channel").is_not_null()
        & (pl.col("_composed") <= pl.lit(_LARGEST, dtype=WIDE))
        & (pl.col("_kept") > 0)
        & (pl.col("_kept") <= PPM)
        & pl.col("vat_ppm").is_between(0, PPM)
        & pl.col("duty_ppm").is_between(0, 10 * PPM)
    ).fill_null(False)
    lines = lines.with_columns_seq(taxed.alias("taxed"))
    levied = pl.col("taxed") & (pl.col("channel") != OVER_SINGLE)
    below = pl.col("_kept") * pl.lit(10**18, dtype=WIDE)
    ct = pl.col("_composed") * pl.col("_ct") + pl.col("_specific") * pl.col("_kept")
    return lines.with_columns_seq(
        pl.when(~pl.col("_unclear")).then(pl.col("_value")).alias("dutiable_value"),
        pl.when(levied)
        .then(_fen(pl.col("_value") * pl.col("_duty_rate"), pl.lit(10**11, dtype=WIDE)))
        .alias("duty"),
        pl.when(levied).then(_fen(ct * pl.col("_ct_share"), below)).alias("consumption_tax"),
        pl.when(levied)
        .then(_fen(pl.col("_composed") * (pl.col("vat_ppm").cast(WIDE) * pl.col("_vat_share")), below))
        .alias("vat"),
        ((pl.col("quantity").fill_null(0) + SCALE - 1) // SCALE).alias("pieces"),
    )


def _fen(above: pl.Expr, below: pl.Expr) -> pl.Expr:
    """A fraction of fen rounded half-up, in column units; neither side is negative."""
    return (above * 2 + below) // (below * 2) * FEN
