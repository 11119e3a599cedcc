"""How stored rows become what people read: texts beside codes, decimals for counts, one journal in order of time (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tripoint.kernel.money import format_e5
from tripoint.messages.ceb.labels import wire_names
from tripoint.pipeline.check import PAPERS
from tripoint.platforms.clearance.enquiries.records import (
    ExplainedFinding,
    Explanation,
    JournalEntry,
    ListRow,
    TaxLine,
)
from tripoint.regimes.findings import load_findings

Row = Mapping[str, Any]


def explanation(about: Mapping[str, Any]) -> Explanation:
    """Everything kept about a list, as one value."""
    its: dict[str, Any] = dict(about["list"])
    its |= {name: yuan(its[name]) for name in ("dutiable_value", "duty", "consumption_tax", "vat", "tax")}
    its |= {
        "waits_for": papers(its["waits_for"]),
        "findings": tuple(finding(row) for row in about["findings"]),
        "tax_lines": tuple(tax_line(row) for row in about["lines"]),
        "journal": journal(about),
    }
    return Explanation(**{name: its[name] for name in Explanation.__dataclass_fields__})


def seen_by(owner_code: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """What an enterprise that is a party of a list is shown of it.

    Papers of another marketplace's order of the same number are none of it. What was wrong with a paper by itself, and the
    file it came in, is shown to who sent it; a receipt to whom it was given.
    """
    its = about["list"]
    sent = {row["message_id"] for row in about["came_in"] if row["sender_code"] == owner_code}
    return {
        **about,
        "arrivals": [row for row in about["arrivals"] if _is_of(row, its)],
        "came_in": [row if row["message_id"] in sent else {**row, "name": ""} for row in about["came_in"]],
        "faults": [row for row in about["faults"] if row["message_id"] in sent],
        "answers": [row for row in about["answers"] if row["recipient_code"] == owner_code],
    }


def _is_of(paper: Row, its: Row) -> bool:
    """Whether a paper that stands under a list's order number is of that list: a waybill says no marketplace, but is named."""
    if paper["kind"] == "waybill":
        return (paper["issuer_code"], paper["number"]) == (its["carrier_code"], its["waybill_no"])
    return bool(paper["marketplace_code"] == its["marketplace_code"])


def yuan(units: int | None) -> str | None:
    """An amount in yuan, exact; None where there is none."""
    return None if units is None else format_e5(units)


def percent(ppm: int | None) -> str | None:
    """Parts per million as percent: 130000 is 13."""
    if ppm is None:
        return None
    return f"{ppm // 10_000}.{ppm % 10_000:04d}".rstrip("0").rstrip(".")


def papers(text: str) -> tuple[str, ...]:
    """The papers a list waits for."""
    return tuple(text.split(",")) if text else ()


def finding(row: Row) -> ExplainedFinding:
    """A stored finding with its texts, source and repair."""
    told = load_findings()[row["code"]]
    prefix, _, column = row["field"].partition(".")
    return ExplainedFinding(
        code=row["code"],
        severity=row["severity"],
        text=told.text,
        repair=told.repair,
        source=told.source,
        since=told.since,
        field=row["field"],
        wire_field=wire_names().get((PAPERS.get(prefix, ""), column)),
        line_no=row["line_no"],
        value=row["value"],
        compares=row["compares"],
        other=row["other"],
    )


def tax_line(row: Row) -> TaxLine:
    """A stored line of an assessment."""
    return TaxLine(
        line_no=row["line_no"],
        hs_code=row["hs_code"],
        dutiable_value=format_e5(row["dutiable_value"]),
        duty=format_e5(row["duty"]),
        consumption_tax=format_e5(row["consumption_tax"]),
        vat=format_e5(row["vat"]),
        duty_rate=percent(row["duty_ppm"]),
        consumption_tax_rate=percent(row["ct_ppm"]),
        vat_rate=percent(row["vat_ppm"]),
    )


def journal(about: Mapping[str, Any]) -> tuple[JournalEntry, ...]:
    """Arrivals, papers not taken, rulings and receipts, in order of time; within one moment in that order."""
    came: dict[int, Row] = {row["message_id"]: row for row in about["came_in"]}
    entries = [
        *(_arrival(row, came[row["message_id"]]) for row in about["arrivals"]),
        *(_fault(row) for row in about["faults"]),
        *(_decision(row) for row in about["decisions"]),
        *(_receipt(row) for row in about["answers"]),
    ]
    return tuple(sorted(entries, key=lambda entry: entry.at))


def _texts(pairs: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in pairs.items() if value not in (None, "")}


def _arrival(row: Row, message: Row) -> JournalEntry:
    details = _texts(
        {
            "message_id": row["message_id"],
            "position": row["position"],
            "message_type": message["message_type"],
            "number": row["number"],
            "app_type": row["app_type"],
            "app_time": _at(row["app_time"]),
            "file": message["name"],
            "sender": message["sender_code"],
            "signature_policy": message["signature_policy"],
            "signature": message["signature_state"],
            "signature_reason": message["signature_reason"],
            "signer": message["signer_code"],
        }
    )
    return JournalEntry(at=message["received_at"], kind="arrival", what=row["kind"], details=details)


def _fault(row: Row) -> JournalEntry:
    details = _texts(
        {
            name: row[name]
            for name in ("message_id", "position", "kind", "severity", "path", "line_no", "value")
        }
    )
    return JournalEntry(at=row["found_at"], kind="fault", what=row["code"], details=details)


def _decision(row: Row) -> JournalEntry:
    details = _texts(
        {
            "codes": row["codes"],
            "papers": row["papers"],
            "edition": row["edition"],
            "tax": yuan(row["tax"]),
            "batch": row["batch"],
        }
    )
    return JournalEntry(at=row["decided_at"], kind="decision", what=row["state"], details=details)


def _receipt(row: Row) -> JournalEntry:
    details = _texts(
        {
            "receipt_id": row["receipt_id"],
            "outbox_id": row["outbox_id"],
            "to": row["recipient_code"],
            "message_type": row["message_type"],
            "info": row["return_info"],
        }
    )
    return JournalEntry(at=row["return_time"], kind="receipt", what=row["return_status"], details=details)


def _at(moment: datetime) -> str:
    return moment.isoformat()


def list_rows(rows: Sequence[Row]) -> list[ListRow]:
    """A page of lists."""
    return [
        ListRow(
            **{
                name: row[name]
                for name in ListRow.__dataclass_fields__
                if name not in ("waits_for", "tax", "cursor")
            },
            waits_for=papers(row["waits_for"]),
            tax=yuan(row["tax"]),
            cursor="|".join((row["received_at"].isoformat(), row["order_no"], row["marketplace_code"])),
        )
        for row in rows
    ]
