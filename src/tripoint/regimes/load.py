"""Reads the law from its files and refuses what cannot be law: no day, no source, gaps, overlaps, unknown words."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Any

from tripoint.kernel.findings import Severity
from tripoint.kernel.money import Money, parse_e5, to_e5
from tripoint.kernel.text import Text
from tripoint.regimes.model import (
    Allowance,
    CosmeticsLaw,
    Dated,
    DatedValue,
    FieldRules,
    LegalText,
    ParcelLaw,
    Regime,
    Regimes,
    WatchLaw,
)

_SHARE = re.compile(r"(\d{1,4}(?:\.\d{1,4})?) %")
_AMOUNT = re.compile(r".* [A-Z]{3}")
_DAY = timedelta(days=1)


class LawFault(ValueError):
    """A data file that cannot be law; the sentence says where and why."""


def take(table: Mapping[str, Any], where: str, required: Sequence[str], optional: Sequence[str] = ()) -> None:
    """Refuse a table that lacks a required key or holds one nobody knows."""
    missing = [key for key in required if key not in table]
    unknown = [key for key in table if key not in required and key not in optional]
    if missing:
        raise LawFault(f"{where}: missing {', '.join(missing)}")
    if unknown:
        raise LawFault(f"{where}: unknown {', '.join(unknown)}")


def text_of(table: Any, where: str) -> Text:
    """A sentence in both languages, neither empty."""
    if not isinstance(table, dict):
        raise LawFault(f"{where}: wants zh and en")
    take(table, where, ("zh", "en"))
    for language in ("zh", "en"):
        if not isinstance(table[language], str) or not table[language].strip():
            raise LawFault(f"{where}.{language}: empty")
    return Text(table["zh"], table["en"])


def day_of(table: Mapping[str, Any], key: str, where: str) -> date:
    """A plain day; a moment or a string is refused."""
    value = table[key]
    if type(value) is not date:
        raise LawFault(f"{where}.{key}: not a day")
    return value


def word_of(table: Mapping[str, Any], key: str, where: str) -> str:
    """A text that is not empty."""
    value = table[key]
    if not isinstance(value, str) or not value.strip():
        raise LawFault(f"{where}.{key}: empty")
    return value


def _value(raw: Any, where: str) -> tuple[str, int | str]:
    """Kind and value: `"5000.00 CNY"` amount in e5, `"70 %"` share in ppm, an integer count, a word a choice."""
    if isinstance(raw, bool | float):
        raise LawFault(f"{where}: {raw!r} is neither an amount, a share, a whole number nor a word")
    if isinstance(raw, int):
        return "count", raw
    if not isinstance(raw, str) or not raw.strip():
        raise LawFault(f"{where}: empty value")
    if share := _SHARE.fullmatch(raw):
        return "share", parse_e5(share[1]) // 10  # a percent in e5 is 10 times its parts per million
    if _AMOUNT.fullmatch(raw):
        try:
            money = Money.parse(raw)
            if money.currency != "CNY":
                raise ValueError(f"not in yuan: {raw}")
            return "amount", to_e5(money.amount)
        except ValueError as fault:
            raise LawFault(f"{where}: {fault}") from fault
    if not re.fullmatch(r"[a-z][a-z_0-9]*", raw):
        raise LawFault(f"{where}: {raw!r} is neither an amount, a share, a whole number nor a word")
    return "choice", raw


def dated(table: Mapping[str, Any], where: str) -> Dated:
    """A number through time; values must be newest first, without overlap, and without gap unless `gaps = true`."""
    take(table, where, ("name", "values"), ("gaps",))
    rows = table["values"]
    if not isinstance(rows, list) or not rows:
        raise LawFault(f"{where}.values: empty")
    values: list[DatedValue] = []
    kinds: set[str] = set()
    for index, row in enumerate(rows):
        spot = f"{where}.values[{index}]"
        take(row, spot, ("since", "value", "source"), ("until",))
        kind, value = _value(row["value"], f"{spot}.value")
        kinds.add(kind)
        until = day_of(row, "until", spot) if "until" in row else None
        values.append(
            DatedValue(
                since=day_of(row, "since", spot),
                until=until,
                value=value,
                source=word_of(row, "source", spot),
            )
        )
    if len(kinds) != 1:
        raise LawFault(f"{where}: values of different kinds: {', '.join(sorted(kinds))}")
    _in_order(values, bool(table.get("gaps", False)), where)
    return Dated(name=text_of(table["name"], f"{where}.name"), kind=kinds.pop(), values=tuple(values))


def _in_order(values: Sequence[DatedValue], gaps: bool, where: str) -> None:
    """Newest first; each older value ends before the next begins, and the day before it unless gaps are allowed."""
    for value in values:
        if value.until is not None and value.until < value.since:
            raise LawFault(f"{where}: {value.since} ends before it begins")
    if values[0].until is not None and not gaps:
        raise LawFault(f"{where}: nothing holds after {values[0].until}")
    for newer, older in pairwise(values):
        if older.since >= newer.since:
            raise LawFault(f"{where}: values are not newest first at {older.since}")
        if older.until is None:
            continue
        if older.until >= newer.since:
            raise LawFault(f"{where}: {older.since} overlaps {newer.since}")
        if older.until + _DAY < newer.since and not gaps:
            raise LawFault(f"{where}: nothing holds between {older.until} and {newer.since}")


def _allowance(row: Mapping[str, Any], where: str) -> Allowance:
    take(row, where, ("name", "hs_prefix", "quantity", "unit", "since", "source"), ("until",))
    return Allowance(
        name=text_of(row["name"], f"{where}.name"),
        hs_prefix=word_of(row, "hs_prefix", where),
        quantity=parse_e5(word_of(row, "quantity", where)),
        unit=word_of(row, "unit", where),
        since=day_of(row, "since", where),
        until=day_of(row, "until", where) if "until" in row else None,
        source=word_of(row, "source", where),
    )


def _fields(table: Mapping[str, Any], where: str) -> FieldRules:
    take(table, where, ("required", "line_required", "forbidden", "equal", "differs", "since", "source"))
    return FieldRules(
        required=tuple(table["required"]),
        line_required=tuple(table["line_required"]),
        forbidden=tuple(table["forbidden"]),
        equal=dict(table["equal"]),
        differs=dict(table["differs"]),
        since=day_of(table, "since", where),
        source=word_of(table, "source", where),
    )


def _texts(rows: Sequence[Mapping[str, Any]], where: str) -> tuple[LegalText, ...]:
    for index, row in enumerate(rows):
        take(row, f"{where}[{index}]", ("title", "since", "source"))
    return tuple(
        LegalText(
            title=word_of(row, "title", where),
            since=day_of(row, "since", where),
            source=word_of(row, "source", where),
        )
        for row in rows
    )


_REGIME_KEYS = (
    "supervision_mode",
    "name",
    "since",
    "source",
    "texts",
    "limits",
    "over_single",
    "shares",
    "days",
    "fields",
    "allowances",
    "severity",
    "decision_order",
)


def regime_of(table: Mapping[str, Any], where: str) -> tuple[Regime, tuple[Regime, ...]]:
    """The regime in one file, and the modes that follow it by notice (`[[also]]`)."""
    take(table, where, _REGIME_KEYS, ("also",))
    limits, shares, days = table["limits"], table["shares"], table["days"]
    take(limits, f"{where}.limits", ("single_order", "annual"))
    take(shares, f"{where}.shares", ("duty", "consumption_tax", "vat"))
    take(days, f"{where}.days", ("return_apply", "return_arrive", "pay_from", "pay_to"))
    take(table["over_single"], f"{where}.over_single", ("one_article",))
    regime = Regime(
        supervision_mode=word_of(table, "supervision_mode", where),
        name=text_of(table["name"], f"{where}.name"),
        since=day_of(table, "since", where),
        source=word_of(table, "source", where),
        texts=_texts(table["texts"], f"{where}.texts"),
        single_limit=dated(limits["single_order"], f"{where}.limits.single_order"),
        annual_limit=dated(limits["annual"], f"{where}.limits.annual"),
        over_single_article=dated(table["over_single"]["one_article"], f"{where}.over_single.one_article"),
        duty_share=dated(shares["duty"], f"{where}.shares.duty"),
        consumption_tax_share=dated(shares["consumption_tax"], f"{where}.shares.consumption_tax"),
        vat_share=dated(shares["vat"], f"{where}.shares.vat"),
        return_apply_days=dated(days["return_apply"], f"{where}.days.return_apply"),
        return_arrive_days=dated(days["return_arrive"], f"{where}.days.return_arrive"),
        pay_from_days=dated(days["pay_from"], f"{where}.days.pay_from"),
        pay_to_days=dated(days["pay_to"], f"{where}.days.pay_to"),
        allowances=tuple(
            _allowance(r, f"{where}.allowances[{i}]") for i, r in enumerate(table["allowances"])
        ),
        fields=_fields(table["fields"], f"{where}.fields"),
        severity={code: Severity(word) for code, word in table["severity"].items()},
        decision_order=tuple(table["decision_order"]),
    )
    return regime, tuple(_also(regime, row, where) for row in table.get("also", ()))


def _also(regime: Regime, row: Mapping[str, Any], where: str) -> Regime:
    take(row, f"{where}.also", ("supervision_mode", "name", "since", "source"))
    return replace(
        regime,
        supervision_mode=word_of(row, "supervision_mode", where),
        name=text_of(row["name"], f"{where}.also.name"),
        since=day_of(row, "since", where),
        source=word_of(row, "source", where),
    )


def _parcel(table: Mapping[str, Any], where: str) -> ParcelLaw:
    names = ("exempt_tax", "parcel_limit", "near_parcel_limit", "band_low_share", "band_high_share")
    take(table, where, (*names, "near_origins", "rates"))
    return ParcelLaw(
        exempt_tax=dated(table["exempt_tax"], f"{where}.exempt_tax"),
        parcel_limit=dated(table["parcel_limit"], f"{where}.parcel_limit"),
        near_parcel_limit=dated(table["near_parcel_limit"], f"{where}.near_parcel_limit"),
        near_origins=tuple(table["near_origins"]),
        rates=tuple(dated(row, f"{where}.rates[{i}]") for i, row in enumerate(table["rates"])),
        band_low_share=dated(table["band_low_share"], f"{where}.band_low_share"),
        band_high_share=dated(table["band_high_share"], f"{where}.band_high_share"),
    )


def _cosmetics(table: Mapping[str, Any], where: str) -> CosmeticsLaw:
    take(table, where, ("per_ml_or_g", "per_sheet", "consumption_tax_rate"))
    return CosmeticsLaw(
        per_ml_or_g=dated(table["per_ml_or_g"], f"{where}.per_ml_or_g"),
        per_sheet=dated(table["per_sheet"], f"{where}.per_sheet"),
        consumption_tax_rate=dated(table["consumption_tax_rate"], f"{where}.consumption_tax_rate"),
    )


def _watches(table: Mapping[str, Any], where: str) -> WatchLaw:
    take(table, where, ("per_piece", "consumption_tax_rate"))
    return WatchLaw(
        per_piece=dated(table["per_piece"], f"{where}.per_piece"),
        consumption_tax_rate=dated(table["consumption_tax_rate"], f"{where}.consumption_tax_rate"),
    )


def _toml(file: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as fault:
        raise LawFault(f"{file.name}: {fault}") from fault


def data_root() -> Traversable:
    """The folder the law's files stand in."""
    return files("tripoint.regimes").joinpath("data")


def _edition(folder: Traversable) -> str:
    """A digest of every law file of the folder, by name: two runs with the same edition judge by the same law."""
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.is_file() and file.name.endswith(".toml"):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def read_regimes(folder: Traversable) -> Regimes:
    """All regimes of one country's folder; raises LawFault naming file and key."""
    found: dict[str, Regime] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not (file.name.startswith("import_") and file.name.endswith(".toml")):
            continue
        regime, followers = regime_of(_toml(file), file.name)
        for one in (regime, *followers):
            if one.supervision_mode in found:
                raise LawFault(f"{file.name}: supervision mode {one.supervision_mode} stands twice")
            found[one.supervision_mode] = one
    return Regimes(
        by_mode=found,
        parcel=_parcel(_toml(folder.joinpath("personal_parcel.toml")), "personal_parcel.toml"),
        cosmetics=_cosmetics(_toml(folder.joinpath("high_end_cosmetics.toml")), "high_end_cosmetics.toml"),
        watches=_watches(_toml(folder.joinpath("luxury_watches.toml")), "luxury_watches.toml"),
        edition=_edition(folder),
    )


@cache
def load_regimes() -> Regimes:
    """The law of China's cross-border retail import, read once."""
    return read_regimes(data_root().joinpath("cn"))
